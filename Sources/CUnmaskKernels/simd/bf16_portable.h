// Products of units of two bfloat16 numbers in the compiler's own vectors.

#include "bf16_rounding.h"

/// sum + row · column for the units' first numbers, then for their second ones. The products are exact.
INLINE vec unit_fma(vec row, vec column, vec sum) {
    vec first = (vec)((veci)row << 16) * (vec)((veci)column << 16);
    vec second = (vec)((veci)row & (int32_t)0xffff0000) * (vec)((veci)column & (int32_t)0xffff0000);
    return (sum + first) + second;
}
