// One word at a time: what the compiler makes of counting bits, NEON's count of bytes among it. Included once, by the row's
// file.

#include "bits.h"

enum { BIT_WORDS = 1 };

typedef uint64_t bits;

INLINE bits bits_zero(void) { return 0; }
INLINE bits bits_load(const uint64_t *p) { return *p; }
/// The first `count` words, zeros behind them; nothing else is read.
INLINE bits bits_load_first(const uint64_t *p, size_t count) { return count > 0 ? *p : 0; }
INLINE bits bits_add(bits a, bits b) { return a + b; }
/// Σ 2ᵖ · (how many bits differ between x and y[p]), in each lane.
INLINE bits bits_weighed_differences(bits x, const bits y[BIT_PLANES]) {
    bits sum = 0;
    for (int p = 0; p < BIT_PLANES; p++) sum += (bits)__builtin_popcountll(x ^ y[p]) << p;
    return sum;
}
INLINE uint32_t bits_total(bits lanes) { return (uint32_t)lanes; }
