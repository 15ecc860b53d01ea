// A panel of weights against the tiles of rows: products, then bias, activation, scale and residual on each tile while it
// is still in the first-level cache.

#include "finish.h"

INLINE void finish_tile(
    const unmask_gemm_panel *job, size_t first_row, size_t rows, const float *tile,
    const unmask_activation activation) {
    for (size_t column = 0; column < job->columns; column += LANES) {
        size_t count = lanes_left(job->columns, column);
        const column_terms terms = terms_of_columns(job, column, count);
        for (size_t r = 0; r < rows; r++) {
            vec sum = vec_load(tile + r * TILE_COLUMNS + column);
            finish_sum(job, &terms, first_row + r, column, count, sum, activation);
        }
    }
}

void PRODUCT(gemm_bias_act_residual)(const unmask_gemm_panel *job) {
    _Alignas(64) float tile[TILE_ROWS * TILE_COLUMNS];
    size_t tiles_to_do = job->end_tile - job->first_tile;
    size_t lines_per_chunk = LANES * TILE_COLUMNS / PREFETCH_LINE;
    tile_result to = {
        .out = tile,
        .row_stride = TILE_COLUMNS,
        .vector_stride = LANES,
        .next = job->next_panel,
        .next_lines_per_chunk = job->next_panel ? unmask_ceil_div(lines_per_chunk, tiles_to_do) : 0,
    };
    for (size_t t = job->first_tile; t < job->end_tile; t++) {
        size_t first_row = unmask_part_start(job->rows, job->tiles, t);
        size_t rows = unmask_part_start(job->rows, job->tiles, t + 1) - first_row;
        tiles[rows - 1](job->chunks, job->a + first_row * job->chunks * LANES, job->panel, &to);
        if (to.next) to.next += to.next_lines_per_chunk * PREFETCH_LINE * job->chunks;
        switch (job->activation) {  // the activation a constant in each copy
            case UNMASK_ACTIVATION_NONE:
                finish_tile(job, first_row, rows, tile, UNMASK_ACTIVATION_NONE);
                break;
            case UNMASK_ACTIVATION_GELU_ERF:
                finish_tile(job, first_row, rows, tile, UNMASK_ACTIVATION_GELU_ERF);
                break;
            case UNMASK_ACTIVATION_GELU_TANH:
                finish_tile(job, first_row, rows, tile, UNMASK_ACTIVATION_GELU_TANH);
                break;
            case UNMASK_ACTIVATION_GELU_QUICK:
                finish_tile(job, first_row, rows, tile, UNMASK_ACTIVATION_GELU_QUICK);
                break;
            case UNMASK_ACTIVATION_SILU:
                finish_tile(job, first_row, rows, tile, UNMASK_ACTIVATION_SILU);
                break;
        }
    }
}
