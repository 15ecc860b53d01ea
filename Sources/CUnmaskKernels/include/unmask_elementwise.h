#ifndef UNMASK_ELEMENTWISE_H
#define UNMASK_ELEMENTWISE_H

#include "unmask_gemm.h"

/// y = activation(x). y may be x.
void unmask_f32_activate(unmask_engine *engine, size_t count, const float *x, unmask_activation activation, float *y);

/// A gated MLP's middle: y[r, i] = activation(x[r, i]) · x[r, width + i]. x is [rows, 2 · width], y [rows, width], another
/// place.
void unmask_f32_gate(
    unmask_engine *engine, size_t rows, size_t width, const float *x, unmask_activation activation, float *y);

/// y = a + b. y may be a or b.
void unmask_f32_add(unmask_engine *engine, size_t count, const float *a, const float *b, float *y);

/// y[r, i] = x[r, i] · scale[i] + shift[i], rows contiguous. y may be x.
void unmask_f32_scale_shift(
    unmask_engine *engine, size_t rows, size_t width, const float *x, const float *scale, const float *shift, float *y);

/// y = (whole - zero) · scale, whole being x / scale + zero rounded to nearest, ties to even, and kept within least…most.
/// NaN stays. The grid's scale is positive, least and most are within 2²¹ of its zero. y may be x.
void unmask_f32_round_to_grid(unmask_engine *engine, size_t count, const float *x, unmask_grid grid, float *y);

/// Widens stored numbers to float32.
void unmask_f32_widen(unmask_engine *engine, size_t count, const void *x, unmask_storage storage, float *y);

/// How many of the numbers are NaN or infinite.
size_t unmask_f32_count_nonfinite(unmask_engine *engine, size_t count, const float *x);

#endif
