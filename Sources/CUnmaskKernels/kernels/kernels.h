#ifndef UNMASK_KERNELS_H
#define UNMASK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "tiles.h"
#include "unmask_engine.h"
#include "unmask_gemm.h"
#include "unmask_grids.h"

/// A row of kernels: all that one vector width does but products. `rows`, `width`, `count` may be 0.
typedef struct unmask_kernels {
    void (*layernorm)(
        size_t rows, size_t width, const float *x, size_t ldx, const float *weight, const float *bias, float eps,
        float *y, size_t ldy);
    void (*rmsnorm)(
        size_t rows, size_t width, const float *x, size_t ldx, const float *weight, const float *bias, float eps,
        float *y, size_t ldy);
    void (*deviationnorm)(
        size_t rows, size_t width, const float *x, size_t ldx, const float *weight, const float *bias, float eps,
        float *y, size_t ldy);
    void (*softmax)(size_t rows, size_t width, const float *x, size_t ldx, float *y, size_t ldy);
    void (*activate)(size_t count, const float *x, unmask_activation activation, float *y);
    void (*round_to_grid)(size_t count, const float *x, const unmask_grid *grid, float *y);
    /// y = activation(gate) · x.
    void (*gate)(size_t count, const float *gate, const float *x, unmask_activation activation, float *y);
    /// Turns pairs of x by their angles; `halves`: a pair's second number stands `pairs` behind its first one. y may be x.
    void (*rotate)(size_t pairs, bool halves, const float *cosines, const float *sines, const float *x, float *y);
    /// One row of a depthwise convolution's result, of channels `first` to `end`.
    void (*depthwise)(const unmask_depthwise *call, const float *x, size_t row, size_t first, size_t end, float *y);
    /// sums[i] += the squares of column i, rows in order.
    void (*add_squares)(size_t rows, size_t width, const float *x, size_t ldx, float *sums);
    void (*widen)(size_t count, const void *x, size_t start, unmask_storage storage, float *y);
    /// sums[r] = Σ 2ᵖ · (how many bits differ between row r of x and plane p of y), over the four planes of `words` words.
    void (*bit_distances)(size_t rows, size_t words, const uint64_t *x, const uint64_t *y, uint32_t *sums);
    void (*dot_rows)(size_t rows, size_t width, const int8_t *x, size_t ldx, const int16_t *y, int32_t *sums);
} unmask_kernels;

/// The row of a width, which the processor must have.
const unmask_kernels *unmask_kernels_of(unmask_isa isa);

#endif
