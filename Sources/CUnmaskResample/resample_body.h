#ifndef UNMASK_RESAMPLE_BODY_H
#define UNMASK_RESAMPLE_BODY_H

// Portable bodies, inlined into functions that are compiled for one instruction set each.

#include "unmask_resample.h"

#define UNMASK_RESAMPLE_HALF (1 << (UNMASK_RESAMPLE_BITS - 1))

static inline __attribute__((always_inline)) uint8_t resample_rounded(int32_t sum) {
    int32_t value = sum >> UNMASK_RESAMPLE_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/// One output row from `length` input rows, `width` bytes of it. `width` is a constant where the loops are to become
/// vector registers.
static inline __attribute__((always_inline)) void resample_down_block(
    const int32_t *weights, int32_t length, size_t width, const uint8_t *in, size_t in_stride, uint8_t *out) {
    int32_t sums[64];
    for (size_t x = 0; x < width; x++) sums[x] = UNMASK_RESAMPLE_HALF;
    for (int32_t t = 0; t < length; t++) {
        const uint8_t *row = in + (size_t)t * in_stride;
        for (size_t x = 0; x < width; x++) sums[x] += row[x] * weights[t];
    }
    for (size_t x = 0; x < width; x++) out[x] = resample_rounded(sums[x]);
}

static inline __attribute__((always_inline)) void resample_down(
    const unmask_resample_table *table, size_t row_bytes, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride) {
    for (size_t i = 0; i < table->count; i++) {
        const uint8_t *rows = in + (size_t)table->first[i] * in_stride;
        const int32_t *weights = table->weights + i * table->taps;
        uint8_t *target = out + i * out_stride;
        size_t x = 0;
        for (; x + 64 <= row_bytes; x += 64) {
            resample_down_block(weights, table->length[i], 64, rows + x, in_stride, target + x);
        }
        resample_down_block(weights, table->length[i], row_bytes - x, rows + x, in_stride, target + x);
    }
}

#endif
