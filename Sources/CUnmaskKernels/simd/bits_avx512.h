// Bits of eight words counted as bits_avx2.h does. Included once, by the row's file.

#include "bits_512.h"

INLINE bits bits_weighed_differences(bits x, const bits y[BIT_PLANES]) {
    const __m512i counts = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i half = _mm512_set1_epi8(0x0f);
    __m512i sums = _mm512_setzero_si512(), table = counts;
    for (int p = 0; p < BIT_PLANES; p++, table = _mm512_add_epi8(table, table)) {
        __m512i different = _mm512_xor_si512(x, y[p]);
        __m512i low = _mm512_and_si512(different, half), high = _mm512_and_si512(_mm512_srli_epi16(different, 4), half);
        sums = _mm512_add_epi8(sums, _mm512_shuffle_epi8(table, low));
        sums = _mm512_add_epi8(sums, _mm512_shuffle_epi8(table, high));
    }
    return _mm512_sad_epu8(sums, _mm512_setzero_si512());
}
