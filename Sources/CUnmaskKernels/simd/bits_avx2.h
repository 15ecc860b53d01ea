// Four words of AVX2: bits are counted by looking up half-bytes (Mula, Kurz and Lemire 2018), each plane's in a table of its
// weight. Included once, by the row's file; what each function does is said in bits_portable.h.

#include "bits.h"

enum { BIT_WORDS = 4 };

typedef __m256i bits;

INLINE bits bits_zero(void) { return _mm256_setzero_si256(); }
INLINE bits bits_load(const uint64_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE bits bits_load_first(const uint64_t *p, size_t count) {
    __m256i first = _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)count), _mm256_setr_epi64x(0, 1, 2, 3));
    return _mm256_maskload_epi64((const long long *)p, first);
}
INLINE bits bits_add(bits a, bits b) { return _mm256_add_epi64(a, b); }
INLINE bits bits_weighed_differences(bits x, const bits y[BIT_PLANES]) {
    const __m256i counts = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i half = _mm256_set1_epi8(0x0f);
    // At most 15 · 8 in each byte.
    __m256i sums = _mm256_setzero_si256(), table = counts;
    for (int p = 0; p < BIT_PLANES; p++, table = _mm256_add_epi8(table, table)) {
        __m256i different = _mm256_xor_si256(x, y[p]);
        __m256i low = _mm256_and_si256(different, half), high = _mm256_and_si256(_mm256_srli_epi16(different, 4), half);
        sums = _mm256_add_epi8(sums, _mm256_shuffle_epi8(table, low));
        sums = _mm256_add_epi8(sums, _mm256_shuffle_epi8(table, high));
    }
    return _mm256_sad_epu8(sums, _mm256_setzero_si256());
}
INLINE uint32_t bits_total(bits lanes) {
    __m128i two = _mm_add_epi64(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    return (uint32_t)_mm_cvtsi128_si64(_mm_add_epi64(two, _mm_unpackhi_epi64(two, two)));
}
