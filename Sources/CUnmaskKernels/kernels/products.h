#ifndef UNMASK_PRODUCT_KERNELS_H
#define UNMASK_PRODUCT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "tiles.h"
#include "unmask_gemm.h"
#include "unmask_products.h"

// Operands of every arithmetic are packed in units of 4 bytes: one float32, two bfloat16 or four int8 numbers (two of 16
// bits where the processor multiplies those) that follow one another along k. So one layout, one way to cut a product and
// one microkernel serve them all; the arithmetic says what a unit times a unit adds to a sum.

/// What int8 needs to know of packed rows besides their numbers, for each row; of no meaning elsewhere.
typedef struct unmask_row_terms {
    float *scales;
    int32_t *sums;  ///< of its whole numbers
} unmask_row_terms;

/// A line of 32 bfloat16 numbers, the same columns of each row, among tiles (UNMASK_FORM_TILES). `first` is that of row 0, NULL:
/// there are none.
typedef struct unmask_tiled_line {
    float *first;
    size_t tile_numbers;  ///< of 4 bytes, from one tile of rows to the next
} unmask_tiled_line;

/// A panel of packed weights times packed rows.
///
/// Both are packed in chunks of as many units along k as a vector has, with zeros behind the end:
/// rows of a tile as [chunk][row][unit], a panel as [chunk · lanes + unit][column of the tile], or as tile registers load
/// it (bodies/products/layout.h). Behind a panel of int8 lie its columns' scales, their sums of weights, and what was taken
/// off their weights to make them bytes.
typedef struct unmask_gemm_panel {
    size_t rows, tiles;           ///< how rows are cut into tiles: unmask_tile_start
    size_t first_tile, end_tile;  ///< the tiles to do
    size_t chunks;                ///< of k
    const float *a;               ///< the packed rows of all tiles, one tile after another
    unmask_row_terms row_terms;   ///< [rows]
    const unmask_grid *grid;      ///< that the rows were packed by
    const float *panel;
    size_t columns;     ///< of the result, at most the tile's
    const float *bias;  ///< [columns] or NULL
    unmask_activation activation;
    const float *scale;  ///< [columns] or NULL
    const float *residual;  ///< [rows, columns] or NULL
    size_t ldr;
    float *c;  ///< [rows, columns]
    size_t ldc;
    bool c_is_rounded;  ///< to bfloat16
    unmask_tiled_line c_line;  ///< in c's stead where the result is tiles
    const float *next_panel;  ///< to prefetch meanwhile, as large as `panel`; or NULL
} unmask_gemm_panel;

/// Query rows of one head against its packed keys and values.
typedef struct unmask_attention_rows {
    size_t rows;                  ///< at most the tile's
    size_t keys, head_dim;
    const float *q;               ///< [rows, head_dim]
    size_t q_stride;
    unmask_tiled_line q_line;     ///< of the head's first numbers, in q's stead where q is tiles
    size_t q_row;                 ///< the first row's place among them
    const float *k_panels;        ///< keys as columns, head_dim as k
    const float *v_panels;        ///< head_dim as columns, keys as k
    float scale;
    const float *key_bias;        ///< [keys], added to the scores of each row; or NULL
    const float *bias;            ///< the head's, [bias_tokens, bias_tokens], or NULL
    size_t bias_tokens;
    size_t first_query;           ///< the first row's token
    size_t prefix;                ///< tokens before those that ids name
    const int32_t *ids;           ///< where the tokens behind the prefix stand among the bias's; NULL: in order
    size_t grid_rows, grid_columns;  ///< of which queries and keys are the places; 0: of none
    const float *table_panels;    ///< both tables' rows as columns, head_dim as k; the columns' table begins a panel
    float *out;                   ///< [rows, head_dim]
    size_t out_stride;
    unmask_tiled_line out_line;   ///< of the head's first numbers, in out's stead where the result is tiles
    size_t out_row;               ///< the first row's place among them
    bool out_is_rounded;          ///< to bfloat16
    float *scratch;               ///< packed rows of q, then of the scores as float32, then what relations take
} unmask_attention_rows;

/// A row of the table: products in one arithmetic on the features it needs. `rows`, `columns`, `k` may be 0.
struct unmask_product_kernel {
    const char *name;
    unmask_arithmetic arithmetic;
    unmask_features features;
    unmask_tile tile;
    size_t unit;  ///< numbers of a packed unit
    bool whole_tiles;  ///< Every tile has its rows but the last, which takes their place: rows are not spread evenly.
    size_t tiles_at_once;  ///< that `gemm_panel` multiplies together
    size_t tail;  ///< rows of 4-byte numbers behind a panel's units

    void (*gemm_panel)(const unmask_gemm_panel *job);
    /// Packs `columns` outputs of a weight matrix, starting at element `start` of `w`, as one panel. With `scales`, int8
    /// alone: the numbers are whole, and one of these is the scale of each output.
    void (*pack_panel)(
        size_t columns, size_t k, const void *w, size_t start, size_t ldw, unmask_storage storage, bool transposed,
        const float *scales, float *panel);
    /// Whether all numbers of a packed panel are finite.
    bool (*panel_is_finite)(size_t k, const float *panel);
    /// Packs one tile of rows.
    void (*pack_rows)(
        size_t rows, size_t k, const float *x, size_t ldx, const unmask_grid *grid, float *packed,
        unmask_row_terms terms);
    /// Packs one tile of rows, each normalised first.
    void (*norm_pack_rows)(
        size_t rows, size_t k, const float *x, size_t ldx, const float *weight, const float *bias, float eps,
        const unmask_grid *grid, float *packed, unmask_row_terms terms);
    /// Packs one tile of rows from `row` on of tiles; NULL: what tile registers load is these tiles as they are.
    void (*pack_tiled_rows)(
        size_t rows, size_t k, const unmask_tiled_line *line, size_t row, float *packed, unmask_row_terms terms);
    void (*attention_rows)(const unmask_attention_rows *job);  ///< NULL: not in this arithmetic
    /// Packs a head's keys and values, `keys` rows from `row` on of tiles, as panels; NULL: not from tiles.
    void (*pack_tiled_heads)(
        size_t keys, size_t head_dim, const unmask_tiled_line *k, const unmask_tiled_line *v, size_t row,
        float *k_panels, float *v_panels);

    /// `steps` rounds of `spell_step` independent multiply-adds of numbers, in registers.
    float (*spell)(size_t steps);
    size_t spell_step;
};

/// Independent chains of multiply-adds in a `spell` of vectors.
enum { UNMASK_SPELL_CHAINS = 12 };

/// Units of a packed row, whole chunks; PTRDIFF_MAX on overflow.
static inline size_t unmask_packed_units(const unmask_product_kernel *kernel, size_t k) {
    return unmask_saturating_round_up(unmask_ceil_div(k, kernel->unit), kernel->tile.lanes);
}

/// The first row of tile `tile` of `tiles`; behind the last, `rows`.
static inline size_t unmask_tile_start(const unmask_product_kernel *kernel, size_t rows, size_t tiles, size_t tile) {
    return kernel->whole_tiles ? unmask_min(tile * kernel->tile.rows, rows) : unmask_part_start(rows, tiles, tile);
}

/// Rows of a tile, the numbers of a row that it holds, and the line that they take, in numbers of 4 bytes.
enum { UNMASK_TILED_ROWS = 16, UNMASK_TILED_WIDTH = 32, UNMASK_TILED_LINE = UNMASK_TILED_WIDTH / 2 };

/// The line that begins with `column`, a multiple of UNMASK_TILED_WIDTH, among tiles of rows of `width`.
static inline unmask_tiled_line unmask_tiled_line_at(float *tiles, size_t width, size_t column) {
    return (unmask_tiled_line){tiles + unmask_tiles_column(column), unmask_tiles_column(width)};
}

/// A row's numbers of a line.
static inline float *unmask_tiled_row(const unmask_tiled_line *line, size_t row) {
    return line->first + row / UNMASK_TILED_ROWS * line->tile_numbers + row % UNMASK_TILED_ROWS * UNMASK_TILED_LINE;
}

/// A table's entries: what two places along one side of a grid lie apart.
static inline size_t unmask_relations(size_t side) { return side ? 2 * side - 1 : 0; }

/// Rows whose place `rows` packed rows take; PTRDIFF_MAX on overflow.
static inline size_t unmask_packed_rows(const unmask_product_kernel *kernel, size_t rows) {
    return kernel->whole_tiles ? unmask_saturating_round_up(rows, kernel->tile.rows) : rows;
}

/// Numbers of 4 bytes from one panel of weights to the next; PTRDIFF_MAX on overflow.
static inline size_t unmask_panel_numbers(const unmask_product_kernel *kernel, size_t k) {
    size_t rows = unmask_saturating_add(unmask_packed_units(kernel, k), kernel->tail);
    return unmask_saturating_mul(rows, kernel->tile.columns);
}

#endif
