// Units of two bfloat16 numbers with NEON's bfloat16 dot product.

#include "bf16_rounding.h"

INLINE vec unit_fma(vec row, vec column, vec sum) {
    return (vec)vbfdotq_f32((float32x4_t)sum, (bfloat16x8_t)row, (bfloat16x8_t)column);
}
