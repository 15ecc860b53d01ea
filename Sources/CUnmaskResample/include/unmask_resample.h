#ifndef UNMASK_RESAMPLE_H
#define UNMASK_RESAMPLE_H

// The two passes of Pillow's 8-bit resize (src/libImaging/Resample.c): fixed-point weights of 22 fractional bits,
// 32-bit sums, each pass rounded and clamped to bytes. All arithmetic is on integers: every body gives the same bits.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNMASK_RESAMPLE_BITS 22

/// The taps of a table are a multiple of this, so that bodies can load weights in whole vectors.
#define UNMASK_RESAMPLE_TAPS 8

/// For each of `count` outputs: the inputs first[i] ..< first[i] + length[i] and their weights.
typedef struct {
    size_t count;
    size_t taps;  ///< weights are [count, taps]; length[i] ≤ taps, and the weights behind it are zero
    const int32_t *first;
    const int32_t *length;
    const int32_t *weights;
} unmask_resample_table;

/// out[y, i, c] = Σ in[y, first[i] + t, c] · weight[i, t]: changes the width of `rows` rows. Channels: 1 or 3.
/// Strides are in bytes. `in_end` is where the input's memory ends; nothing at or behind it is read.
void unmask_u8_resample_across(
    const unmask_resample_table *table, size_t channels, size_t rows, const uint8_t *in, size_t in_stride,
    const uint8_t *in_end, uint8_t *out, size_t out_stride);

/// out[i, x] = Σ in[first[i] + t, x] · weight[i, t]: changes the number of rows, each of `row_bytes` bytes.
void unmask_u8_resample_down(
    const unmask_resample_table *table, size_t row_bytes, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride);

// The bodies that the two above choose from, for tests. The AVX2 ones need `unmask_resample_has_avx2`.

bool unmask_resample_has_avx2(void);

void unmask_u8_resample_across__scalar(
    const unmask_resample_table *table, size_t channels, size_t rows, const uint8_t *in, size_t in_stride,
    const uint8_t *in_end, uint8_t *out, size_t out_stride);

void unmask_u8_resample_down__scalar(
    const unmask_resample_table *table, size_t row_bytes, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride);

#if defined(__x86_64__)
void unmask_u8_resample_across__avx2(
    const unmask_resample_table *table, size_t channels, size_t rows, const uint8_t *in, size_t in_stride,
    const uint8_t *in_end, uint8_t *out, size_t out_stride);

void unmask_u8_resample_down__avx2(
    const unmask_resample_table *table, size_t row_bytes, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride);
#endif

#endif
