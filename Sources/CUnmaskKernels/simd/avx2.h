// Eight lanes of AVX2 with FMA and F16C. Included once, by the row's file, inside its target region; what each
// function does is said in portable.h.

#include <string.h>

enum { LANES = 8 };

typedef __m256 vec;

#define INLINE static inline __attribute__((always_inline, unused))

INLINE vec vec_set1(float x) { return _mm256_set1_ps(x); }
INLINE vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vec_store(float *p, vec v) { _mm256_storeu_ps(p, v); }

INLINE __m256i vec_first(size_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vec vec_load_first(const float *p, size_t count) { return _mm256_maskload_ps(p, vec_first(count)); }
INLINE void vec_store_first(float *p, size_t count, vec v) { _mm256_maskstore_ps(p, vec_first(count), v); }
INLINE vec vec_keep_first(vec v, size_t count) { return _mm256_and_ps(v, _mm256_castsi256_ps(vec_first(count))); }

INLINE vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
INLINE vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
INLINE vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
INLINE vec vec_div(vec a, vec b) { return _mm256_div_ps(a, b); }
INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
INLINE vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
INLINE vec vec_zero_below(vec x, float limit, vec a) {
    return _mm256_andnot_ps(_mm256_cmp_ps(x, vec_set1(limit), _CMP_LT_OQ), a);
}

INLINE vec vec_rounded_bf16(vec x) {
    __m256i bits = _mm256_castps_si256(x), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    __m256 upper = _mm256_castsi256_ps(_mm256_and_si256(rounded, _mm256_set1_epi32((int)0xffff0000)));
    return _mm256_blendv_ps(x, upper, _mm256_cmp_ps(x, x, _CMP_ORD_Q));
}
INLINE vec vec_round(vec x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vec vec_scale2(vec x, vec n) {
    __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}

INLINE float vec_sum(vec v) {
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
INLINE float vec_largest(vec v) {
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

INLINE void vec_transpose(vec m[LANES]) {
    vec pairs[LANES], quads[LANES];
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(m[i], m[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(m[i], m[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4) {
        quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
        quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
        quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
        quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        m[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
        m[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
    }
}

INLINE vec vec_load_f16(const uint16_t *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }
INLINE vec vec_load_bf16(const uint16_t *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16));
}

INLINE void vec_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }

INLINE vec vec_max_magnitude(vec largest, vec x) {
    __m256i magnitude = _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffffff));
    return _mm256_castsi256_ps(_mm256_max_epi32(_mm256_castps_si256(largest), magnitude));
}
INLINE float vec_largest_magnitude(vec v) {
    __m256i bits = _mm256_castps_si256(v);
    __m128i four = _mm_max_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    __m128i two = _mm_max_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtss_f32(_mm_castsi128_ps(_mm_max_epi32(two, _mm_shuffle_epi32(two, 0xb1))));
}
INLINE vec vec_whole_product(vec whole, int32_t factor) {
    return _mm256_castsi256_ps(_mm256_mullo_epi32(_mm256_castps_si256(whole), _mm256_set1_epi32(factor)));
}
INLINE vec vec_whole_sum(vec a, vec b) {
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_castps_si256(b)));
}
INLINE vec vec_pair_products(const int8_t *x, const int16_t *y) {
    __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)x));
    return _mm256_castsi256_ps(_mm256_madd_epi16(wide, _mm256_loadu_si256((const __m256i *)y)));
}
INLINE int32_t vec_whole_total(vec whole) {
    __m256i lanes = _mm256_castps_si256(whole);
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}
INLINE vec vec_of_whole(vec sum, vec correction) {
    return _mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_castps_si256(sum), _mm256_castps_si256(correction)));
}
INLINE __m128i vec_halves(vec x, int offset) {
    __m256i whole = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(offset));
    return _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
}
INLINE void vec_store_halves(void *p, vec x, int offset) { _mm_storeu_si128(p, vec_halves(x, offset)); }
INLINE void vec_store_bytes(void *p, vec x, int offset) {
    // Without saturation: with the offset the numbers need all eight bits.
    __m128i bytes = _mm_and_si128(vec_halves(x, offset), _mm_set1_epi16(0xff));
    _mm_storel_epi64(p, _mm_packus_epi16(bytes, bytes));
}

#define vec_hide(v) __asm__ volatile("" : "+x"(v))
