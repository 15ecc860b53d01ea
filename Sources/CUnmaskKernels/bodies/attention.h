// A tile of query rows: scores against all keys in scratch (first-level cache), their exponentials in place, then the
// values; the division by the sum comes last. Scores lie as the microkernel reads packed rows, [chunk][row][lane].

void TILED(unmask_f32_attention)(const unmask_attention_rows *job) {
    const size_t rows = job->rows, keys = job->keys, head_dim = job->head_dim;
    const size_t dim_chunks = unmask_ceil_div(head_dim, LANES), key_chunks = unmask_ceil_div(keys, LANES);
    float *q = job->scratch, *scores = q + rows * dim_chunks * LANES;
    const tile_function multiply = tiles[rows - 1];

    TILED(unmask_f32_pack_rows)(rows, head_dim, job->q, job->q_stride, q);
    for (size_t i = 0; i < rows * dim_chunks * LANES; i += LANES) {
        vec_store(q + i, vec_mul(vec_load(q + i), vec_set1(job->scale)));
    }

    const float *panel = job->k_panels;
    for (size_t key = 0; key < keys; key += TILE_COLUMNS, panel += TILE_COLUMNS * dim_chunks * LANES) {
        tile_result to = {.out = scores + key * rows, .row_stride = LANES, .vector_stride = rows * LANES};
        multiply(dim_chunks, q, panel, &to);
    }

    float inverse[TILE_ROWS];
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * LANES;
        inverse[r] = 1 / exp_row(keys, row, rows * LANES, row, rows * LANES, true);
    }

    _Alignas(64) float tile[TILE_ROWS * TILE_COLUMNS];
    const tile_result to = {.out = tile, .row_stride = TILE_COLUMNS, .vector_stride = LANES};
    panel = job->v_panels;
    for (size_t dim = 0; dim < head_dim; dim += TILE_COLUMNS, panel += TILE_COLUMNS * key_chunks * LANES) {
        multiply(key_chunks, scores, panel, &to);
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < TILE_COLUMNS; i += LANES) {
                vec x = vec_mul(vec_load(tile + r * TILE_COLUMNS + i), vec_set1(inverse[r]));
                store_some(job->out + r * job->out_stride + dim + i, lanes_left(head_dim, dim + i), x);
            }
        }
    }
}
