// float32: a unit is a number.

#define ARITHMETIC f32
#define UNIT 1
#define COARSE false  // exponentials of scores

INLINE vec unit_fma(vec row, vec column, vec sum) { return vec_fma(row, column, sum); }

INLINE vec product_activate(vec x, unmask_activation activation) { return vec_activate(x, activation); }

#include "layout.h"
#include "float_sums.h"

/// A block of LANES outputs by LANES of k, outputs as rows in memory, comes out with the outputs side by side.
INLINE void pack_block(
    size_t outputs, size_t depth, const void *w, size_t start, size_t ldw, unmask_storage storage, float *panel) {
    vec block[LANES];
    UNROLL for (size_t i = 0; i < LANES; i++) {
        block[i] = i < outputs ? load_stored(w, start + i * ldw, depth, storage) : vec_set1(0);
    }
    vec_transpose(block);
    UNROLL for (size_t i = 0; i < LANES; i++) vec_store(panel + i * TILE_COLUMNS, block[i]);
}

INLINE void pack_panel_stored(
    size_t columns, size_t k, const void *w, size_t start, size_t ldw, const unmask_storage storage, bool transposed,
    const float *scales, float *panel) {
    (void)scales;
    size_t padded = unmask_ceil_div(k, LANES) * LANES;
    for (size_t column = 0; column < TILE_COLUMNS; column += LANES) {
        size_t outputs = lanes_left(columns, column);
        if (transposed) {
            for (size_t i = 0; i < padded; i++) {
                vec row = i < k ? load_stored(w, start + i * ldw + column, outputs, storage) : vec_set1(0);
                vec_store(panel + i * TILE_COLUMNS + column, row);
            }
        } else {
            for (size_t i = 0; i < k; i += LANES) {
                size_t from = start + column * ldw + i;
                pack_block(outputs, lanes_left(k, i), w, from, ldw, storage, panel + i * TILE_COLUMNS + column);
            }
        }
    }
}

bool PRODUCT(panel_is_finite)(size_t k, const float *panel) { return all_finite(k * TILE_COLUMNS, panel); }

INLINE void pack_rows_scaled(size_t rows, size_t k, const float *x, size_t ldx, float scale, float *packed) {
    for (size_t r = 0; r < rows; r++) {
        float *out = packed + r * LANES;
        for (size_t i = 0; i < k; i += LANES, out += rows * LANES) {
            vec_store(out, vec_mul(load_some(x + r * ldx + i, lanes_left(k, i)), vec_set1(scale)));
        }
    }
}

void PRODUCT(pack_rows_layernorm)(
    size_t rows, size_t k, const float *x, size_t ldx, const float *weight, const float *bias, float eps,
    const unmask_grid *grid, float *packed, unmask_row_terms terms) {
    (void)grid, (void)terms;
    for (size_t r = 0; r < rows; r++, x += ldx) {
        row_norm norm = norm_of_row(k, x, eps);
        float *out = packed + r * LANES;
        for (size_t i = 0; i < k; i += LANES, out += rows * LANES) {
            vec_store(out, normalised_or_zero(&norm, x, weight, bias, i, k));
        }
    }
}

/// The scores are packed rows already.
INLINE void pack_scores(size_t keys, float *row, size_t stride) { (void)keys, (void)row, (void)stride; }

#include "plain_rows.h"
