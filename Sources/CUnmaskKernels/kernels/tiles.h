#ifndef UNMASK_TILES_H
#define UNMASK_TILES_H

#include <stddef.h>
#include <stdint.h>

/// The register tile of an ISA's GEMM: its accumulators are rows × columns, its vectors hold `lanes` numbers.
typedef struct unmask_tile {
    size_t rows, columns, lanes;
} unmask_tile;

static inline size_t unmask_ceil_div(size_t a, size_t b) { return a / b + (a % b != 0); }

static inline size_t unmask_min(size_t a, size_t b) { return a < b ? a : b; }

/// Where part `index` of `parts` begins, `count` things being shared out as evenly as can be, larger parts first.
static inline size_t unmask_part_start(size_t count, size_t parts, size_t index) {
    return index * (count / parts) + unmask_min(index, count % parts);
}

/// a · b, or PTRDIFF_MAX, more than any allocation, where that is larger.
static inline size_t unmask_saturating_mul(size_t a, size_t b) {
    size_t product;
    return __builtin_mul_overflow(a, b, &product) || product > PTRDIFF_MAX ? PTRDIFF_MAX : product;
}

/// `a` rounded up to a multiple of `b`, or PTRDIFF_MAX, more than any allocation, where that is larger.
static inline size_t unmask_saturating_round_up(size_t a, size_t b) {
    return unmask_saturating_mul(unmask_ceil_div(a, b), b);
}

/// a + b, saturating alike.
static inline size_t unmask_saturating_add(size_t a, size_t b) {
    size_t sum;
    return __builtin_add_overflow(a, b, &sum) || sum > PTRDIFF_MAX ? PTRDIFF_MAX : sum;
}

#endif
