#ifndef UNMASK_ROWS_H
#define UNMASK_ROWS_H

#include "unmask_engine.h"

/// y = (x - mean) / sqrt(variance + eps) · weight + bias along each row; the variance is the biased one.
/// `weight` and `bias` may be NULL. y may be x.
void unmask_f32_layernorm(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, const float *weight,
    const float *bias, float eps, float *y, size_t ldy);

/// y = x / sqrt(mean of x² + eps) · weight along each row (RMSNorm). `weight` may be NULL. y may be x.
void unmask_f32_rmsnorm(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, const float *weight, float eps,
    float *y, size_t ldy);

/// y = x / sqrt(variance + eps) · weight along each row; the variance is the unbiased one. `weight` may be NULL. y may be x.
void unmask_f32_deviationnorm(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, const float *weight, float eps,
    float *y, size_t ldy);

/// y = exp(x - max) / sum along each row. y may be x.
void unmask_f32_softmax(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, float *y, size_t ldy);

/// y = x / max(|x|₂, 1e-12) along each row, the norm summed in double. y may be x.
void unmask_f32_l2_normalize(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, float *y, size_t ldy);

/// y[b] = the mean of x[b, skip…tokens), x being [batch, tokens, width] and y [batch, width].
void unmask_f32_mean_tokens(
    unmask_engine *engine, size_t batch, size_t tokens, size_t skip, size_t width, const float *x, float *y);

#endif
