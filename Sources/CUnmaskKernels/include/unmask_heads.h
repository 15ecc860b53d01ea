#ifndef UNMASK_HEADS_H
#define UNMASK_HEADS_H

#include "unmask_engine.h"

/// Rows of heads, [rows, stride]: `heads` of head_dim numbers each stand from `x` on, one after another.
typedef struct unmask_head_rows {
    size_t rows, heads, head_dim, stride;
    float *x;  ///< changed in place
} unmask_head_rows;

/// Normalises each head of each row by itself, as queries and keys are: a LayerNorm, or an RMSNorm where `rms`.
/// weight and bias [head_dim] or NULL.
void unmask_f32_normalize_heads(
    unmask_engine *engine, const unmask_head_rows *heads, const float *weight, const float *bias, float eps, bool rms);

/// Angles by which heads are turned: cosines and sines [groups, patches, head_dim / 2]; head h has those of group
/// h % groups.
typedef struct unmask_rotation {
    size_t tokens;  ///< of an image; rows are whole images
    size_t prefix;  ///< tokens in front that stay as they are
    /// [images, tokens - prefix]: which patches the other tokens are; NULL: all, in order. The numbers are not checked.
    const int32_t *ids;
    size_t groups, patches;
    const float *cosines, *sines;
    /// Whether a pair's numbers stand half a head apart; else they follow one another.
    bool halves;
} unmask_rotation;

/// Turns each pair (a, b) of each head by its angle: (a cos - b sin, b cos + a sin).
void unmask_f32_rotate_heads(unmask_engine *engine, const unmask_head_rows *heads, const unmask_rotation *rotation);

#endif
