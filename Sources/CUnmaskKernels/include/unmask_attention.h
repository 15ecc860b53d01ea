#ifndef UNMASK_ATTENTION_H
#define UNMASK_ATTENTION_H

#include "unmask_engine.h"

/// Where the numbers of token i and head h of image b begin: base + b · batch_stride + i · token_stride +
/// h · head_stride. Joint `qkv` rows [B, N, 3, H, Dh], separate matrices [B, N, H · Dh] and heads that come before
/// tokens [B, H, N, Dh] serve alike.
typedef struct unmask_f32_heads {
    const float *base;
    size_t batch_stride, token_stride, head_stride;
} unmask_f32_heads;

/// out[b, i, h] = softmax over j of (scale · q[b, i, h] · k[b, j, h]) times v[b, j, h], in rows [B, queries, H · Dh]
/// that lie out_stride apart. The [queries, keys] matrix is never written out: only the scores of a few query rows
/// exist at a time.
typedef struct unmask_f32_attention {
    size_t batch, heads, head_dim;
    size_t queries, keys;
    unmask_f32_heads q, k, v;
    float scale;
    float *out;
    size_t out_stride;
    float *scratch;  ///< unmask_f32_attention_scratch_floats of it, aligned to 64 bytes
} unmask_f32_attention;

/// Scratch for any batch, in floats: depends on the threads, not on the batch. PTRDIFF_MAX on overflow.
size_t unmask_f32_attention_scratch_floats(
    const unmask_engine *engine, size_t heads, size_t head_dim, size_t queries, size_t keys);

void unmask_f32_attention_run(unmask_engine *engine, const unmask_f32_attention *attention);

#endif
