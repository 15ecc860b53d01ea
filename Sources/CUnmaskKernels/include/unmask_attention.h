#ifndef UNMASK_ATTENTION_H
#define UNMASK_ATTENTION_H

#include "unmask_products.h"

/// Where the numbers of token i and head h of image b begin: base + b · batch_stride + i · token_stride +
/// h · head_stride. Joint `qkv` rows [B, N, 3, H, Dh], separate matrices [B, N, H · Dh] and heads that come before
/// tokens [B, H, N, Dh] serve alike.
typedef struct unmask_heads {
    const float *base;
    size_t batch_stride, token_stride, head_stride;
} unmask_heads;

/// out[b, i, h] = softmax over j of (scale · q[b, i, h] · k[b, j, h] + bias[h, i, j] + key_bias[b, j]) times v[b, j, h], in
/// rows [B, queries, H · Dh] that lie out_stride apart. The [queries, keys] matrix is never written out: only the scores of
/// a few query rows exist at a time.
typedef struct unmask_attention {
    const unmask_product_kernel *kernel;  ///< one that attends
    size_t batch, heads, head_dim;
    size_t queries, keys;
    /// TILES: q, k and v lie among tiles, whose strides and starts are multiples of 32 and mean the same numbers as in rows; by
    /// a kernel that reads them, without biases and tables, heads of a multiple of 32 numbers.
    unmask_form qkv_form;
    unmask_heads q, k, v;
    float scale;
    const float *key_bias;  ///< [batch, keys] or NULL
    /// [heads, bias_tokens, bias_tokens] or NULL: none. Queries and keys are the same tokens where there is one.
    const float *bias;
    size_t bias_tokens;
    /// [batch, kept]: the last `kept` tokens are these of the bias's last ones, those before them its first; NULL: the
    /// tokens are the bias's, in order. The numbers are not checked here.
    const int32_t *ids;
    size_t kept;
    /// How two places of a grid lie to one another (Li et al. 2022), NULL: of no account. Queries and keys are the same
    /// grid's places then, row by row, and q[b, i, h] · (row_table[r] + column_table[c]) is added to q[b, i, h] · k[b, j, h]:
    /// r is j's row less i's, from 1 - grid_rows on, and c the same of columns. [2 · grid_rows - 1, head_dim] and
    /// [2 · grid_columns - 1, head_dim].
    const float *row_table, *column_table;
    size_t grid_rows, grid_columns;  ///< 0 without tables
    unmask_form out_form;  ///< TILES: by a kernel that writes them, heads of a multiple of 32 numbers
    float *out;            ///< rows, or tiles, aligned to 64 bytes
    size_t out_stride;
    float *scratch;  ///< unmask_attention_scratch_floats of it, aligned to 64 bytes
} unmask_attention;

/// Scratch for any batch and heads, in floats: depends on the threads. A grid without rows and columns is for none.
/// PTRDIFF_MAX on overflow.
size_t unmask_attention_scratch_floats(
    const unmask_engine *engine, const unmask_product_kernel *kernel, size_t head_dim, size_t queries, size_t keys,
    size_t grid_rows, size_t grid_columns);

void unmask_attention_run(unmask_engine *engine, const unmask_attention *attention);

#endif
