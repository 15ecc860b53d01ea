#ifndef UNMASK_KERNELS_H
#define UNMASK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "tiles.h"
#include "unmask_engine.h"
#include "unmask_gemm.h"

/// A panel of packed weights times packed rows.
///
/// Both are packed in chunks of the ISA's lanes along k, with zeros behind the end:
/// rows of a tile as [chunk][row][lane], a panel as [chunk · lanes + lane][column of the tile].
typedef struct unmask_gemm_panel {
    size_t rows, tiles;           ///< rows are cut into tiles as evenly as can be (tile_start)
    size_t first_tile, end_tile;  ///< the tiles to do
    size_t chunks;                ///< of k
    const float *a;               ///< the packed rows of all tiles, one tile after another
    const float *panel;
    size_t columns;     ///< of the result, at most the tile's
    const float *bias;  ///< [columns] or NULL
    unmask_activation activation;
    const float *residual;  ///< [rows, columns] or NULL
    size_t ldr;
    float *c;  ///< [rows, columns]
    size_t ldc;
    const float *next_panel;  ///< to prefetch meanwhile, as large as `panel`; or NULL
} unmask_gemm_panel;

/// Query rows of one head against its packed keys and values.
typedef struct unmask_attention_rows {
    size_t rows;                  ///< at most the tile's
    size_t keys, head_dim;
    const float *q;               ///< [rows, head_dim]
    size_t q_stride;
    const float *k_panels;        ///< keys as columns, head_dim as k
    const float *v_panels;        ///< head_dim as columns, keys as k
    float scale;
    float *out;                   ///< [rows, head_dim]
    size_t out_stride;
    float *scratch;               ///< attention_scratch_floats of it
} unmask_attention_rows;

/// Independent chains of multiply-adds in fma_spell, a vector each.
enum { UNMASK_SPELL_CHAINS = 12 };

/// A row of kernels: all that one ISA does. `rows`, `width`, `count` may be 0.
typedef struct unmask_kernels {
    unmask_tile tile;

    void (*gemm_panel)(const unmask_gemm_panel *job);
    /// Packs `columns` outputs of a weight matrix, starting at element `start` of `w`, as one panel.
    void (*pack_panel)(
        size_t columns, size_t k, const void *w, size_t start, size_t ldw, unmask_storage storage, bool transposed,
        float *panel);
    /// Packs one tile of rows.
    void (*pack_rows)(size_t rows, size_t k, const float *x, size_t ldx, float *packed);
    /// Packs one tile of rows, each normalised first.
    void (*norm_pack_rows)(
        size_t rows, size_t k, const float *x, size_t ldx, const float *weight, const float *bias, float eps,
        float *packed);
    void (*attention_rows)(const unmask_attention_rows *job);

    void (*layernorm)(
        size_t rows, size_t width, const float *x, size_t ldx, const float *weight, const float *bias, float eps,
        float *y, size_t ldy);
    void (*softmax)(size_t rows, size_t width, const float *x, size_t ldx, float *y, size_t ldy);
    void (*activate)(size_t count, const float *x, unmask_activation activation, float *y);
    void (*widen)(size_t count, const void *x, size_t start, unmask_storage storage, float *y);

    /// `steps` rounds of independent multiply-adds in registers, each of `fma_spell_flops` operations.
    float (*fma_spell)(size_t steps);
    double fma_spell_flops;
} unmask_kernels;

/// The row of an ISA, which must be available.
const unmask_kernels *unmask_kernels_of(unmask_isa isa);

#endif
