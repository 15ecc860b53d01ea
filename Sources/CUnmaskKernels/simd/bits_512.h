// Eight words of AVX-512, but for how their bits are counted. What each function does is said in bits_portable.h.

#include "bits.h"

enum { BIT_WORDS = 8 };

typedef __m512i bits;

INLINE bits bits_zero(void) { return _mm512_setzero_si512(); }
INLINE bits bits_load(const uint64_t *p) { return _mm512_loadu_si512(p); }
INLINE bits bits_load_first(const uint64_t *p, size_t count) {
    return _mm512_maskz_loadu_epi64((__mmask8)((1u << count) - 1), p);
}
INLINE bits bits_add(bits a, bits b) { return _mm512_add_epi64(a, b); }
INLINE uint32_t bits_total(bits lanes) { return (uint32_t)_mm512_reduce_add_epi64(lanes); }
