// bfloat16: a unit is two numbers that follow one another along k, the first in its lower half.

#define ARITHMETIC bf16
#define UNIT 2
#define COARSE true  // exponentials of scores

#include "layout.h"
#include "float_sums.h"

INLINE vec product_activate(vec x, unmask_activation activation) { return vec_activate_coarse(x, activation); }

/// The units of numbers i… of up to LANES columns from `column` of the panel on, whose numbers lie `ldw` apart within a
/// column when `transposed`, and whose columns do so otherwise.
INLINE void pack_unit_block(
    size_t columns, size_t k, const void *w, size_t start, size_t ldw, unmask_storage storage, const bool transposed,
    size_t i, size_t column, float *panel) {
    const vec zero = vec_set1(0);
    vec block[LANES];
    UNROLL for (size_t lane = 0; lane < LANES; lane++) {
        if (transposed) {
            size_t number = i + lane * UNIT;
            vec low = number < k ? load_stored(w, start + number * ldw, columns, storage) : zero;
            vec high = number + 1 < k ? load_stored(w, start + (number + 1) * ldw, columns, storage) : zero;
            block[lane] = vec_interleaved_bf16(low, high);
        } else {
            size_t from = start + lane * ldw + i, left = lane < columns && i < k ? k - i : 0;
            size_t low_left = left < LANES ? left : LANES, high_left = lanes_left(left, LANES);
            vec low = low_left ? load_stored(w, from, low_left, storage) : zero;
            vec high = high_left ? load_stored(w, from + LANES, high_left, storage) : zero;
            block[lane] = vec_joined_bf16(low, high);
        }
    }
    if (!transposed) vec_transpose(block);
    UNROLL for (size_t unit = 0; unit < LANES; unit++) {
        vec_store(panel + panel_place(i / UNIT + unit, column), block[unit]);
    }
}

INLINE void pack_panel_stored(
    size_t columns, size_t k, const void *w, size_t start, size_t ldw, const unmask_storage storage, bool transposed,
    const float *scales, float *panel) {
    (void)scales;
    for (size_t column = 0; column < TILE_COLUMNS; column += LANES) {
        size_t left = lanes_left(columns, column), from = start + column * (transposed ? 1 : ldw);
        for (size_t i = 0; i < k; i += LANES * UNIT) {
            if (transposed) {
                pack_unit_block(left, left ? k : 0, w, from, ldw, storage, true, i, column, panel);
            } else {
                pack_unit_block(left, k, w, from, ldw, storage, false, i, column, panel);
            }
        }
    }
}

bool PRODUCT(panel_is_finite)(size_t k, const float *panel) {
    const uint16_t *numbers = (const uint16_t *)panel;
    uint32_t found = 0;
    for (size_t i = 0; i < unmask_ceil_div(k, LANES * UNIT) * LANES * UNIT * TILE_COLUMNS; i++) {
        found |= (numbers[i] & 0x7f80) == 0x7f80;
    }
    return !found;
}

INLINE void pack_rows_scaled(size_t rows, size_t k, const float *x, size_t ldx, float scale, float *packed) {
    const vec factor = vec_set1(scale);
    for (size_t r = 0; r < rows; r++, x += ldx) {
        float *out = packed + r * LANES;
        for (size_t i = 0; i < k; i += LANES * UNIT, out += chunk_rows(rows) * LANES) {
            vec low = vec_mul(load_or_zero(x, i, k), factor), high = vec_mul(load_or_zero(x, i + LANES, k), factor);
            vec_store(out, vec_joined_bf16(low, high));
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
        for (size_t i = 0; i < k; i += LANES * UNIT, out += chunk_rows(rows) * LANES) {
            vec low = normalised_or_zero(&norm, x, weight, bias, i, k);
            vec high = normalised_or_zero(&norm, x, weight, bias, i + LANES, k);
            vec_store(out, vec_joined_bf16(low, high));
        }
    }
}

/// Scores of one row, vectors of LANES keys `stride` apart, become units in place, as far apart.
INLINE void pack_scores(size_t keys, float *row, size_t stride) {
    size_t vectors = unmask_ceil_div(keys, LANES);
    for (size_t i = 0; i < vectors; i += UNIT) {
        vec high = i + 1 < vectors ? vec_load(row + (i + 1) * stride) : vec_set1(0);
        vec_store(row + i / UNIT * stride, vec_joined_bf16(vec_load(row + i * stride), high));
    }
}

#include "plain_rows.h"
