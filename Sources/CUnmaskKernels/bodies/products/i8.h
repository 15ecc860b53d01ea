// int8: whole numbers with a scale for each row of a and for each column of the result, so that
// a · w = (Σ of whole products) · column scale · row scale. The sums are exact and the float32 steps after them come in
// one order, so every processor gives the same bits.
//
// What a row's numbers are is (byte - zero) · scale, of a grid of its own (-127…127, no zero point) or one that is given; its
// whole numbers are byte - zero. Where a unit has four of them they are stored as bytes, with an offset that depends on the
// grid and on whether the instruction wants them without signs (ROW_OFFSET 128) or with (0). The sum is then too large by
// that offset times the column's sum of weights, which lies behind the panel. Weights that are given as whole numbers may be
// too large for a byte by a zero point, which is taken off and lies behind the panel too; the sum lacks it times the row's
// sum of whole numbers.

#define ARITHMETIC i8
#define UNMASK_NO_ATTENTION
#include "layout.h"

/// Rounds LANES numbers and stores them as parts of units, `offset` added.
INLINE void vec_store_whole(void *p, vec x, int offset) {
#if UNIT == 4
    vec_store_bytes(p, x, offset);
#else
    vec_store_halves(p, x, offset);
#endif
}

/// What a row of numbers is divided by to become whole, and its inverse.
typedef struct grid {
    float scale, inverse;
} grid;

/// The grid of numbers up to `largest` in magnitude. One that is not finite makes every result that it reaches NaN.
INLINE grid grid_up_to(float largest) {
    const float least = 1e-30f;  // below it the inverse would overflow, and nothing of the numbers be seen
    if (!(largest < __builtin_inff())) return (grid){__builtin_nanf(""), 0};
    if (largest < least) return (grid){0, 0};
    return (grid){largest / 127, 127 / largest};
}

/// What is added to a row's whole numbers where they are stored.
INLINE int32_t row_offset(const unmask_grid *grid) {
#if UNIT == 4
    return grid->scale > 0 ? grid->zero - grid->least + ROW_OFFSET - 128 : ROW_OFFSET;
#else
    (void)grid;
    return 0;
#endif
}

typedef struct column_terms {
    vec bias, scale, correction, zero;
    bool has_zero;
} column_terms;

INLINE column_terms terms_of_columns(const unmask_gemm_panel *job, size_t column, size_t count) {
    const float *tail = job->panel + job->chunks * LANES * TILE_COLUMNS + column;
    int32_t zeros[LANES], found = 0;
    memcpy(zeros, tail + 2 * TILE_COLUMNS, sizeof zeros);
    for (size_t lane = 0; lane < LANES; lane++) found |= zeros[lane];
    return (column_terms){
        job->bias ? load_some(job->bias + column, count) : vec_set1(0), vec_load(tail),
        vec_whole_product(vec_load(tail + TILE_COLUMNS), -row_offset(job->grid)), vec_load(tail + 2 * TILE_COLUMNS),
        found != 0};
}

INLINE vec value_of_sum(const column_terms *terms, const unmask_gemm_panel *job, size_t row, vec sum) {
    vec correction = terms->correction;
    if (terms->has_zero) {
        correction = vec_whole_sum(correction, vec_whole_product(terms->zero, job->row_terms.sums[row]));
    }
    vec scaled = vec_mul(vec_of_whole(sum, correction), terms->scale);
    return vec_fma(scaled, vec_set1(job->row_terms.scales[row]), terms->bias);
}

INLINE vec product_activate(vec x, unmask_activation activation) { return vec_activate_coarse(x, activation); }

/// Numbers i… along k of LANES columns, a vector each; zeros outside of the matrix.
INLINE void load_columns(
    size_t columns, size_t k, const void *w, size_t start, size_t ldw, unmask_storage storage, const bool transposed,
    size_t i, vec block[LANES]) {
    size_t left = lanes_left(k, i);
    UNROLL for (size_t lane = 0; lane < LANES; lane++) {
        if (transposed) {
            bool inside = lane < left && columns > 0;
            block[lane] = inside ? load_stored(w, start + (i + lane) * ldw, columns, storage) : vec_set1(0);
        } else {
            bool inside = lane < columns && left > 0;
            block[lane] = inside ? load_stored(w, start + lane * ldw + i, left, storage) : vec_set1(0);
        }
    }
    if (transposed) vec_transpose(block);
}

/// How a column's numbers become bytes: (number · inverse) - zero, whole.
typedef struct column_grid {
    float scale, inverse;
    int32_t zero;
} column_grid;

/// The grid of a column of whole numbers between `least` and `greatest`, as they are, times `scale`.
INLINE column_grid grid_of_whole(float least, float greatest, float scale) {
    if (!(greatest - least <= 255) || !(__builtin_fabsf(scale) < __builtin_inff())) {
        return (column_grid){__builtin_nanf(""), 0, 0};
    }
    float zero = greatest > 127 ? greatest - 127 : least < -128 ? least + 128 : 0;
    return (column_grid){scale, 1, (int32_t)zero};
}

/// Packs LANES columns, from `column` of the panel on; those of whole numbers have `scales`.
INLINE void pack_columns(
    size_t columns, size_t k, const void *w, size_t start, size_t ldw, const unmask_storage storage,
    const bool transposed, const float *scales, size_t column, float *panel) {
    const size_t units = unmask_ceil_div(k, LANES * UNIT) * LANES;
    vec block[LANES], largest[LANES], least[LANES];
    UNROLL for (size_t lane = 0; lane < LANES; lane++) largest[lane] = least[lane] = vec_set1(0);
    for (size_t i = 0; i < k; i += LANES) {
        load_columns(columns, k, w, start, ldw, storage, transposed, i, block);
        UNROLL for (size_t lane = 0; lane < LANES; lane++) {
            if (scales) {
                largest[lane] = vec_max(largest[lane], block[lane]);
                least[lane] = vec_min(least[lane], block[lane]);
            } else {
                largest[lane] = vec_max_magnitude(largest[lane], block[lane]);
            }
        }
    }
    column_grid grids[LANES];
    for (size_t lane = 0; lane < LANES; lane++) {
        if (scales) {
            float below = -vec_largest(vec_sub(vec_set1(0), least[lane]));
            grids[lane] = grid_of_whole(below, vec_largest(largest[lane]), lane < columns ? scales[lane] : 0);
        } else {
            grid found = grid_up_to(vec_largest_magnitude(largest[lane]));
            grids[lane] = (column_grid){found.scale, found.inverse, 0};
        }
    }
    int32_t totals[LANES] = {0};
    for (size_t unit = 0; unit < units; unit += LANES) {
        _Alignas(64) float chunk[LANES][LANES];  // of column, of unit
        for (size_t part = 0; part < UNIT; part++) {
            load_columns(columns, k, w, start, ldw, storage, transposed, unit * UNIT + part * LANES, block);
            for (size_t lane = 0; lane < LANES; lane++) {
                vec whole = vec_round(vec_mul(block[lane], vec_set1(grids[lane].inverse)));
                whole = vec_sub(whole, vec_set1((float)grids[lane].zero));
                vec_store_whole((uint8_t *)chunk[lane] + part * LANES * sizeof(float) / UNIT, whole, 0);
                if (UNIT == 4 && grids[lane].inverse > 0) totals[lane] += (int32_t)vec_sum(whole);
            }
        }
        UNROLL for (size_t lane = 0; lane < LANES; lane++) block[lane] = vec_load(chunk[lane]);
        vec_transpose(block);
        UNROLL for (size_t lane = 0; lane < LANES; lane++) {
            vec_store(panel + panel_place(unit + lane, column), block[lane]);
        }
    }
    float *tail = panel + units * TILE_COLUMNS + column;
    for (size_t lane = 0; lane < LANES; lane++) {
        tail[lane] = grids[lane].scale;
        memcpy(tail + TILE_COLUMNS + lane, &totals[lane], sizeof(float));
        memcpy(tail + 2 * TILE_COLUMNS + lane, &grids[lane].zero, sizeof(float));
    }
}

INLINE void pack_panel_stored(
    size_t columns, size_t k, const void *w, size_t start, size_t ldw, const unmask_storage storage, bool transposed,
    const float *scales, float *panel) {
    for (size_t column = 0; column < TILE_COLUMNS; column += LANES) {
        size_t left = lanes_left(columns, column), from = start + column * (transposed ? 1 : ldw);
        const float *some = scales ? scales + column : NULL;
        if (transposed) {
            pack_columns(left, k, w, from, ldw, storage, true, some, column, panel);
        } else {
            pack_columns(left, k, w, from, ldw, storage, false, some, column, panel);
        }
    }
}

/// A column of numbers that are not finite has no scale.
bool PRODUCT(panel_is_finite)(size_t k, const float *panel) {
    return all_finite(TILE_COLUMNS, panel + unmask_ceil_div(k, LANES * UNIT) * LANES * TILE_COLUMNS);
}

/// Where a row's numbers come from: float32 numbers, normalised where there is a norm, or lines of tiles of bfloat16.
typedef struct row_source {
    const row_norm *norm;
    const float *x, *weight, *bias;
    const unmask_tiled_line *line;  // of tiles, in x's stead
    size_t row;                     // among them
} row_source;

/// Lanes i… of a row, zeros behind its end.
INLINE vec row_numbers(const row_source *from, size_t i, size_t k, const bool is_tiled) {
    if (is_tiled) {
        if (i >= k) return vec_set1(0);
        size_t chunk = i / UNMASK_TILED_WIDTH;
        const float *numbers = unmask_tiled_row(from->line, from->row) + chunk * UNMASK_TILED_ROWS * UNMASK_TILED_LINE;
        return vec_load_bf16((const uint16_t *)numbers + i % UNMASK_TILED_WIDTH);
    }
    return from->norm ? normalised_or_zero(from->norm, from->x, from->weight, from->bias, i, k)
                      : load_or_zero(from->x, i, k);
}

/// Rounds one row by a grid of its own, or the one that is given, into its place in each chunk of a
/// tile.
INLINE void pack_row(
    size_t rows, size_t k, const row_source *from, const unmask_grid *given, float *packed, float *scale, int32_t *sum,
    const bool is_tiled) {
    const bool is_given = given->scale > 0;
    vec largest = vec_set1(0), total = vec_set1(0), inverse = vec_set1(0);
    if (!is_given) {
        for (size_t i = 0; i < k; i += LANES) {
            largest = vec_max_magnitude(largest, row_numbers(from, i, k, is_tiled));
        }
        const grid own = grid_up_to(vec_largest_magnitude(largest));
        *scale = own.scale;
        inverse = vec_set1(own.inverse);
    }
    const int32_t offset = row_offset(given);
    uint8_t *out = (uint8_t *)packed;
    for (size_t i = 0; i < k; i += LANES * UNIT, out += chunk_rows(rows) * LANES * sizeof(float)) {
        UNROLL for (size_t part = 0; part < UNIT; part++) {
            vec numbers = row_numbers(from, i + part * LANES, k, is_tiled), whole;
            if (is_given) {
                largest = vec_max_magnitude(largest, numbers);
                whole = whole_on_grid(given, numbers);
            } else {
                whole = vec_round(vec_mul(numbers, inverse));
            }
            total = vec_add(total, whole);
            vec_store_whole(out + part * LANES * sizeof(float) / UNIT, whole, offset);
        }
    }
    // A row with a number that is not finite has no scale.
    if (is_given) *scale = vec_largest_magnitude(largest) < __builtin_inff() ? given->scale : __builtin_nanf("");
    const float whole_sum = vec_sum(total);
    *sum = __builtin_fabsf(whole_sum) < 0x1p30f ? (int32_t)whole_sum : 0;
}

void PRODUCT(pack_rows)(
    size_t rows, size_t k, const float *x, size_t ldx, const unmask_grid *grid, float *packed,
    unmask_row_terms terms) {
    row_source from = {.x = x};
    for (size_t r = 0; r < rows; r++, from.x += ldx) {
        pack_row(rows, k, &from, grid, packed + r * LANES, &terms.scales[r], &terms.sums[r], false);
    }
}

void PRODUCT(pack_rows_layernorm)(
    size_t rows, size_t k, const float *x, size_t ldx, const float *weight, const float *bias, float eps,
    const unmask_grid *grid, float *packed, unmask_row_terms terms) {
    for (size_t r = 0; r < rows; r++, x += ldx) {
        const row_norm norm = norm_of_row(k, x, eps);
        const row_source from = {.norm = &norm, .x = x, .weight = weight, .bias = bias};
        pack_row(rows, k, &from, grid, packed + r * LANES, &terms.scales[r], &terms.sums[r], false);
    }
}

#ifdef TMM_ZERO
void PRODUCT(pack_tiled_rows)(
    size_t rows, size_t k, const unmask_tiled_line *line, size_t row, float *packed, unmask_row_terms terms) {
    const unmask_grid own = {0};
    for (size_t r = 0; r < rows; r++) {
        const row_source from = {.line = line, .row = row + r};
        pack_row(rows, k, &from, &own, packed + r * LANES, &terms.scales[r], &terms.sums[r], true);
    }
}
#endif
