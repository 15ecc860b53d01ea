#ifndef UNMASK_GRIDS_H
#define UNMASK_GRIDS_H

#include <stdbool.h>
#include <stddef.h>

#include "unmask_engine.h"

/// What networks do that see their tokens as places of a grid: convolutions, windows, stages.

/// A depthwise convolution with stride 1 whose padding keeps the grid: `kernel` is odd.
typedef struct unmask_depthwise {
    size_t batch, height, width, channels, kernel;
    const float *x;       ///< [batch, height, width, channels]
    const float *weight;  ///< [kernel, kernel, channels]
    const float *bias;    ///< [channels] or NULL
    float *y;             ///< as x, another place
} unmask_depthwise;

void unmask_f32_depthwise(unmask_engine *engine, const unmask_depthwise *call);

/// Global response normalisation (Woo et al. 2023) of x [batch, tokens, width]: y = x + weight · x · n + bias, n being the
/// length of x's column in the image over the mean of these lengths, eps added to it. y may be x.
typedef struct unmask_response_norm {
    size_t batch, tokens, width;
    const float *x, *weight, *bias;
    float eps;
    float *y;
    float *scratch;  ///< [batch, width]
} unmask_response_norm;

void unmask_f32_response_norm(unmask_engine *engine, const unmask_response_norm *call);

/// out[i, r] = x[i, order[r]], or zeros where order[r] is negative: x [images, sources, width], order [count] for all images,
/// or [images, count] where each has its own; its numbers below `sources`, which is not checked; out [images, count, width].
void unmask_f32_gather_rows(
    unmask_engine *engine, size_t images, size_t sources, size_t count, size_t width, const float *x,
    const int32_t *order, bool own_orders, float *out);

/// A grid of tokens that is cut into square units, some of which are kept: `side` is a power of two and divides both sides of
/// the grid. A unit's tokens are nested: quarters one behind another, in each of them its quarters, down to the tokens.
typedef struct unmask_units {
    size_t batch, rows, columns, side, kept;
    const int32_t *ids_keep;  ///< [batch, kept], numbers of units
    int32_t *scratch;         ///< [batch, units of the grid]
} unmask_units;

/// The numbers of the tokens that lie in reach of those of kept units, `first` to `last` rows and columns away, -1 for those
/// beyond the edge or in other units: out [batch, kept, side², (last - first + 1)²].
void unmask_unit_tokens(unmask_engine *engine, const unmask_units *units, ptrdiff_t first, ptrdiff_t last, int32_t *out);

/// Where each token of kept units, in the image's order, stands among them: out [batch, kept · side²].
void unmask_unit_places(unmask_engine *engine, const unmask_units *units, int32_t *out);

/// The largest of each `group` rows that follow one another: x [rows · group, ldx], of which `width` columns are read; out
/// [rows, width], or [rows, 2 · width] with the mean of the rows behind it where `means`. A NaN stays.
void unmask_f32_pool_rows(
    unmask_engine *engine, size_t rows, size_t group, size_t width, bool means, const float *x, size_t ldx, float *out);

#endif
