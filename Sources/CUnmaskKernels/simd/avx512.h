// Sixteen lanes of AVX-512. Included once, by the row's file, inside its target region; what each function does is
// said in portable.h.

#include <string.h>

enum { LANES = 16 };

typedef __m512 vec;

#define INLINE static inline __attribute__((always_inline, unused))

INLINE vec vec_set1(float x) { return _mm512_set1_ps(x); }
INLINE vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vec_store(float *p, vec v) { _mm512_storeu_ps(p, v); }

INLINE __mmask16 vec_first(size_t count) { return (__mmask16)((1u << count) - 1); }
INLINE vec vec_load_first(const float *p, size_t count) { return _mm512_maskz_loadu_ps(vec_first(count), p); }
INLINE void vec_store_first(float *p, size_t count, vec v) { _mm512_mask_storeu_ps(p, vec_first(count), v); }
INLINE vec vec_keep_first(vec v, size_t count) { return _mm512_maskz_mov_ps(vec_first(count), v); }

INLINE vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
INLINE vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
INLINE vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
INLINE vec vec_div(vec a, vec b) { return _mm512_div_ps(a, b); }
INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
INLINE vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
INLINE vec vec_zero_below(vec x, float limit, vec a) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, vec_set1(limit), _CMP_NLT_UQ), a);
}

INLINE vec vec_rounded_bf16(vec x) {
    __m512i bits = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    __mmask16 isNumber = _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q);
    return _mm512_castsi512_ps(_mm512_mask_and_epi32(bits, isNumber, rounded, _mm512_set1_epi32((int)0xffff0000)));
}
INLINE vec vec_round(vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE vec vec_scale2(vec x, vec n) { return _mm512_scalef_ps(x, n); }

INLINE float vec_sum(vec v) { return _mm512_reduce_add_ps(v); }
INLINE float vec_largest(vec v) { return _mm512_reduce_max_ps(v); }

INLINE void vec_transpose(vec m[LANES]) {
    vec pairs[LANES], quads[LANES], halves[LANES];
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm512_unpacklo_ps(m[i], m[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(m[i], m[i + 1]);
    }
    for (int i = 0; i < LANES; i += 4) {
        quads[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
        quads[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
        quads[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
        quads[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        halves[i] = _mm512_shuffle_f32x4(quads[i], quads[i + 4], 0x88);
        halves[i + 4] = _mm512_shuffle_f32x4(quads[i], quads[i + 4], 0xdd);
        halves[i + 8] = _mm512_shuffle_f32x4(quads[i + 8], quads[i + 12], 0x88);
        halves[i + 12] = _mm512_shuffle_f32x4(quads[i + 8], quads[i + 12], 0xdd);
    }
    for (int i = 0; i < 8; i++) {
        m[i] = _mm512_shuffle_f32x4(halves[i], halves[i + 8], 0x88);
        m[i + 8] = _mm512_shuffle_f32x4(halves[i], halves[i + 8], 0xdd);
    }
}

INLINE vec vec_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE vec vec_load_bf16(const uint16_t *p) {
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

INLINE void vec_prefetch(const float *p) { _mm_prefetch((const char *)p, _MM_HINT_T1); }

INLINE vec vec_max_magnitude(vec largest, vec x) {
    __m512i magnitude = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff));
    return _mm512_castsi512_ps(_mm512_max_epi32(_mm512_castps_si512(largest), magnitude));
}
INLINE float vec_largest_magnitude(vec v) {
    int32_t bits = _mm512_reduce_max_epi32(_mm512_castps_si512(v));
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    return largest;
}
INLINE vec vec_whole_product(vec whole, int32_t factor) {
    return _mm512_castsi512_ps(_mm512_mullo_epi32(_mm512_castps_si512(whole), _mm512_set1_epi32(factor)));
}
INLINE vec vec_whole_sum(vec a, vec b) {
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), _mm512_castps_si512(b)));
}
INLINE vec vec_pair_products(const int8_t *x, const int16_t *y) {
    __m512i wide = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)x));
    return _mm512_castsi512_ps(_mm512_madd_epi16(wide, _mm512_loadu_si512(y)));
}
INLINE int32_t vec_whole_total(vec whole) { return _mm512_reduce_add_epi32(_mm512_castps_si512(whole)); }
INLINE vec vec_of_whole(vec sum, vec correction) {
    return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_castps_si512(sum), _mm512_castps_si512(correction)));
}
INLINE void vec_store_bytes(void *p, vec x, int offset) {
    __m512i whole = _mm512_add_epi32(_mm512_cvtps_epi32(x), _mm512_set1_epi32(offset));
    _mm_storeu_si128(p, _mm512_cvtepi32_epi8(whole));
}

#define vec_hide(v) __asm__ volatile("" : "+v"(v))
