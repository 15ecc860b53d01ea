// A panel of weights against the tiles of rows: products, then bias, activation and residual on each tile while it
// is still in the first-level cache.

INLINE void finish_tile(
    const unmask_gemm_panel *job, size_t first_row, size_t rows, const float *tile,
    const unmask_activation activation) {
    for (size_t column = 0; column < job->columns; column += LANES) {
        size_t count = lanes_left(job->columns, column);
        vec bias = job->bias ? load_some(job->bias + column, count) : vec_set1(0);
        for (size_t r = 0; r < rows; r++) {
            vec x = vec_activate(vec_add(vec_load(tile + r * TILE_COLUMNS + column), bias), activation);
            size_t row = first_row + r;
            if (job->residual) x = vec_add(x, load_some(job->residual + row * job->ldr + column, count));
            store_some(job->c + row * job->ldc + column, count, x);
        }
    }
}

void TILED(unmask_f32_gemm_bias_act_residual)(const unmask_gemm_panel *job) {
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
        }
    }
}
