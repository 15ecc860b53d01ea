#include "resample_body.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline)) AVX2

// AVX2 multiplies 16-bit numbers far faster than 32-bit ones, two products summed in one instruction. A weight is
// split into high · 2¹⁵ + low with 0 ≤ low < 2¹⁵; both parts fit, and the two sums put together are the 32-bit sum.
// They may wrap on the way, the result does not.
enum { LOW_BITS = 15 };

/// Eight 16-bit numbers from four weights: their low parts, then their high parts.
INLINE __m128i split(__m128i weights) {
    __m128i low = _mm_and_si128(weights, _mm_set1_epi32((1 << LOW_BITS) - 1));
    return _mm_packs_epi32(low, _mm_srai_epi32(weights, LOW_BITS));
}

/// The sums of four lanes as four bytes.
INLINE uint32_t rounded(__m128i low, __m128i high) {
    __m128i sum = _mm_add_epi32(low, _mm_slli_epi32(high, LOW_BITS));
    __m128i value = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(UNMASK_RESAMPLE_HALF)), UNMASK_RESAMPLE_BITS);
    return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(_mm_packus_epi32(value, value), value));
}

INLINE __m128i sum_of_halves(__m256i value) {
    return _mm_add_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
}

INLINE __m128i sum_of_all(__m128i value) {
    value = _mm_add_epi32(value, _mm_shuffle_epi32(value, 0x4E));
    return _mm_add_epi32(value, _mm_shuffle_epi32(value, 0xB1));
}

/// Output i of `count` rows of RGB. Four pixels at a time: 0 and 1 in the low half as r r g g b b, 2 and 3 in the high.
INLINE void across_rgb(
    const unmask_resample_table *table, size_t i, const int count, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride) {
    const __m256i pairs = _mm256_setr_epi8(
        0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,
        6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
    const __m256i of_low = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    const __m256i of_high = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    const int32_t *weights = table->weights + i * table->taps;
    const uint8_t *pixel = in + (size_t)table->first[i] * 3;
    __m256i low[4], high[4];
    for (int y = 0; y < count; y++) low[y] = high[y] = _mm256_setzero_si256();
    for (int32_t t = 0; t < table->length[i]; t += 4, pixel += 12) {
        __m256i parts = _mm256_castsi128_si256(split(_mm_loadu_si128((const __m128i *)(weights + t))));
        __m256i low_parts = _mm256_permutevar8x32_epi32(parts, of_low);
        __m256i high_parts = _mm256_permutevar8x32_epi32(parts, of_high);
        for (int y = 0; y < count; y++) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(pixel + (size_t)y * in_stride));
            __m256i samples = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), pairs);
            low[y] = _mm256_add_epi32(low[y], _mm256_madd_epi16(samples, low_parts));
            high[y] = _mm256_add_epi32(high[y], _mm256_madd_epi16(samples, high_parts));
        }
    }
    for (int y = 0; y < count; y++) {
        uint32_t rgb = rounded(sum_of_halves(low[y]), sum_of_halves(high[y]));
        memcpy(out + (size_t)y * out_stride + 3 * i, &rgb, 3);
    }
}

/// Output i of `count` rows of gray, eight pixels at a time.
INLINE void across_gray(
    const unmask_resample_table *table, size_t i, const int count, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride) {
    const int32_t *weights = table->weights + i * table->taps;
    const uint8_t *pixel = in + (size_t)table->first[i];
    __m128i low[4], high[4];
    for (int y = 0; y < count; y++) low[y] = high[y] = _mm_setzero_si128();
    for (int32_t t = 0; t < table->length[i]; t += 8, pixel += 8) {
        __m128i front = split(_mm_loadu_si128((const __m128i *)(weights + t)));
        __m128i back = split(_mm_loadu_si128((const __m128i *)(weights + t + 4)));
        __m128i low_parts = _mm_unpacklo_epi64(front, back);
        __m128i high_parts = _mm_unpackhi_epi64(front, back);
        for (int y = 0; y < count; y++) {
            __m128i samples = _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(pixel + (size_t)y * in_stride)));
            low[y] = _mm_add_epi32(low[y], _mm_madd_epi16(samples, low_parts));
            high[y] = _mm_add_epi32(high[y], _mm_madd_epi16(samples, high_parts));
        }
    }
    for (int y = 0; y < count; y++) {
        out[(size_t)y * out_stride + i] = (uint8_t)rounded(sum_of_all(low[y]), sum_of_all(high[y]));
    }
}

INLINE void across_rows(
    const unmask_resample_table *table, size_t channels, const int count, const uint8_t *in, size_t in_stride,
    uint8_t *out, size_t out_stride) {
    for (size_t i = 0; i < table->count; i++) {
        if (channels == 1) across_gray(table, i, count, in, in_stride, out, out_stride);
        else across_rgb(table, i, count, in, in_stride, out, out_stride);
    }
}

/// How many bytes of a row are touched: whole groups of pixels, and for RGB the four bytes behind the last group.
static size_t reach(const unmask_resample_table *table, size_t channels) {
    size_t group = channels == 1 ? 8 : 4, farthest = 0;
    for (size_t i = 0; i < table->count; i++) {
        size_t groups = ((size_t)table->length[i] + group - 1) / group;
        size_t end = ((size_t)table->first[i] + groups * group) * channels + (channels == 1 ? 0 : 4);
        if (end > farthest) farthest = end;
    }
    return farthest;
}

AVX2 void unmask_u8_resample_across__avx2(
    const unmask_resample_table *table, size_t channels, size_t rows, const uint8_t *in, size_t in_stride,
    const uint8_t *in_end, uint8_t *out, size_t out_stride) {
    // Loads may go past a row into the next one, where their weights are zero, but not past the last.
    size_t reached = reach(table, channels), available = (size_t)(in_end - in), y = 0;
    for (; y + 4 <= rows && (y + 3) * in_stride + reached <= available; y += 4) {
        across_rows(table, channels, 4, in + y * in_stride, in_stride, out + y * out_stride, out_stride);
    }
    for (; y < rows && y * in_stride + reached <= available; y++) {
        across_rows(table, channels, 1, in + y * in_stride, in_stride, out + y * out_stride, out_stride);
    }
    unmask_u8_resample_across__scalar(
        table, channels, rows - y, in + y * in_stride, in_stride, in_end, out + y * out_stride, out_stride);
}

AVX2 void unmask_u8_resample_down__avx2(
    const unmask_resample_table *table, size_t row_bytes, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride) {
    resample_down(table, row_bytes, in, in_stride, out, out_stride);
}

#endif
