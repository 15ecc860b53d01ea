// Bits of eight words counted by the instruction for it. Included once, by the row's file.

#include "bits_512.h"

INLINE bits bits_weighed_differences(bits x, const bits y[BIT_PLANES]) {
    __m512i sum = _mm512_popcnt_epi64(_mm512_xor_si512(x, y[BIT_PLANES - 1]));
    for (int p = BIT_PLANES - 2; p >= 0; p--) {
        sum = _mm512_add_epi64(_mm512_add_epi64(sum, sum), _mm512_popcnt_epi64(_mm512_xor_si512(x, y[p])));
    }
    return sum;
}
