// Four lanes of the compiler's own vectors: SSE2, NEON or plain code. Included once, by the row's file.

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "half.h"

enum { LANES = 4 };

typedef float vec __attribute__((ext_vector_type(4)));
typedef int32_t veci __attribute__((ext_vector_type(4)));

#define INLINE static inline __attribute__((always_inline, unused))

INLINE vec vec_set1(float x) { return (vec){x, x, x, x}; }
INLINE vec vec_load(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void vec_store(float *p, vec v) { memcpy(p, &v, sizeof v); }

/// The first `count` lanes, zeros behind them; nothing else is read.
INLINE vec vec_load_first(const float *p, size_t count) {
    float lanes[LANES] = {0};
    memcpy(lanes, p, count * sizeof *p);
    return vec_load(lanes);
}
INLINE void vec_store_first(float *p, size_t count, vec v) { memcpy(p, &v, count * sizeof *p); }
/// v with zeros behind its first `count` lanes.
INLINE vec vec_keep_first(vec v, size_t count) {
    const veci lane = {0, 1, 2, 3};
    return (vec)((veci)v & (lane < (int32_t)count));
}

INLINE vec vec_add(vec a, vec b) { return a + b; }
INLINE vec vec_sub(vec a, vec b) { return a - b; }
INLINE vec vec_mul(vec a, vec b) { return a * b; }
INLINE vec vec_div(vec a, vec b) { return a / b; }
/// a · b + c, with one rounding or two as the processor has it.
INLINE vec vec_fma(vec a, vec b, vec c) { return a * b + c; }

/// Lanes of `a` where `mask` is all ones, of `b` where it is zero.
INLINE vec vec_select(veci mask, vec a, vec b) { return (vec)(((veci)a & mask) | ((veci)b & ~mask)); }
/// a < b ? a : b, so that a NaN in `b` stays.
INLINE vec vec_min(vec a, vec b) { return vec_select(a < b, a, b); }
/// a > b ? a : b, so that a NaN in `b` stays.
INLINE vec vec_max(vec a, vec b) { return vec_select(a > b, a, b); }
/// a where x >= limit or x is NaN, else zero.
INLINE vec vec_zero_below(vec x, float limit, vec a) { return (vec)((veci)a & ~(x < vec_set1(limit))); }

/// The nearest bfloat16 numbers, ties to even; NaN stays NaN.
INLINE vec vec_rounded_bf16(vec x) {
    veci bits = (veci)x;
    veci rounded = bits + 0x7fff + ((bits >> 16) & 1);
    veci isNumber = x == x;
    return (vec)(((rounded & isNumber) | ((bits | 0x400000) & ~isNumber)) & (int32_t)0xffff0000);
}

/// To the nearest whole number, ties to even; for |x| below 2²².
INLINE vec vec_round(vec x) {
    const vec magic = vec_set1(12582912.0f);
    return (x + magic) - magic;
}
/// x · 2ⁿ for whole n from -126 to 127.
INLINE vec vec_scale2(vec x, vec n) {
    return x * (vec)((__builtin_convertvector(n, veci) + 127) << 23);
}

INLINE float vec_sum(vec v) { return (v.x + v.z) + (v.y + v.w); }
INLINE float vec_largest(vec v) { return fmaxf(fmaxf(v.x, v.z), fmaxf(v.y, v.w)); }

INLINE void vec_transpose(vec m[LANES]) {
    vec a = __builtin_shufflevector(m[0], m[1], 0, 4, 1, 5), b = __builtin_shufflevector(m[0], m[1], 2, 6, 3, 7);
    vec c = __builtin_shufflevector(m[2], m[3], 0, 4, 1, 5), d = __builtin_shufflevector(m[2], m[3], 2, 6, 3, 7);
    m[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    m[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    m[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    m[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

INLINE vec vec_load_f16(const uint16_t *p) {
    return (vec){unmask_f16_to_f32(p[0]), unmask_f16_to_f32(p[1]), unmask_f16_to_f32(p[2]), unmask_f16_to_f32(p[3])};
}
INLINE vec vec_load_bf16(const uint16_t *p) {
    return (vec)((veci){p[0], p[1], p[2], p[3]} << 16);
}

INLINE void vec_prefetch(const float *p) { __builtin_prefetch(p, 0, 2); }

/// The larger of `largest`, which has no sign, and the magnitude of x, NaN above all numbers: by their bits, whose order
/// is the numbers' own.
INLINE vec vec_max_magnitude(vec largest, vec x) {
    veci magnitude = (veci)x & 0x7fffffff;
    return vec_select((veci)largest > magnitude, largest, (vec)magnitude);
}
/// The largest lane of what vec_max_magnitude made.
INLINE float vec_largest_magnitude(vec v) {
    veci bits = (veci)v;
    int32_t largest = bits[0];
    for (int i = 1; i < LANES; i++) largest = bits[i] > largest ? bits[i] : largest;
    float number;
    memcpy(&number, &largest, sizeof number);
    return number;
}
/// Lanes that are int32 by their bits, times a number, and added.
INLINE vec vec_whole_product(vec whole, int32_t factor) {
    return (vec)((veci)whole * factor);
}
INLINE vec vec_whole_sum(vec a, vec b) {
    return (vec)((veci)a + (veci)b);
}
/// x · y of the next 2 · LANES numbers, the products of each pair added, as int32 by their bits.
INLINE vec vec_pair_products(const int8_t *x, const int16_t *y) {
    veci sums;
    for (int i = 0; i < LANES; i++) sums[i] = x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1];
    return (vec)sums;
}
/// The sum of lanes that are int32 by their bits.
INLINE int32_t vec_whole_total(vec whole) {
    veci lanes = (veci)whole;
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}
/// Lanes that are int32 by their bits, added and made float32.
INLINE vec vec_of_whole(vec sum, vec correction) { return __builtin_convertvector((veci)sum + (veci)correction, vec); }
/// Rounds LANES numbers to the nearest whole ones, ties to even, and stores their low bytes, `offset` added.
INLINE void vec_store_bytes(void *p, vec x, int offset) {
    veci whole = __builtin_convertvector(vec_round(x), veci) + offset;
    uint8_t bytes[LANES];
    for (int i = 0; i < LANES; i++) bytes[i] = (uint8_t)whole[i];
    memcpy(p, bytes, sizeof bytes);
}
/// The same as int16.
INLINE void vec_store_halves(void *p, vec x, int offset) {
    veci whole = __builtin_convertvector(vec_round(x), veci) + offset;
    int16_t halves[LANES];
    for (int i = 0; i < LANES; i++) halves[i] = (int16_t)whole[i];
    memcpy(p, halves, sizeof halves);
}

/// Keeps the compiler from knowing what a vector holds.
#if defined(__x86_64__)
#define vec_hide(v) __asm__ volatile("" : "+x"(v))
#elif defined(__aarch64__)
#define vec_hide(v) __asm__ volatile("" : "+w"(v))
#else
#define vec_hide(v) __asm__ volatile("" : "+m"(v))
#endif
