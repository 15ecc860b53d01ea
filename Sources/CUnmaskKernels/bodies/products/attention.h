// A tile of query rows: scores against all keys in scratch (first-level cache), their exponentials in place, then the
// values; the division by the sum comes last. Scores lie as the microkernel reads packed rows, [chunk][row][unit].

/// Adds each key's bias to its scores, LANES keys of all rows in a chunk.
INLINE void add_key_bias(size_t rows, size_t keys, size_t chunk, const float *bias, float *scores) {
    for (size_t key = 0; key < keys; key += LANES, scores += chunk) {
        vec b = load_some(bias + key, lanes_left(keys, key));
        for (size_t r = 0; r < rows; r++) vec_store(scores + r * LANES, vec_add(vec_load(scores + r * LANES), b));
    }
}

/// The row or column of the bias that a token has.
INLINE size_t bias_token(const unmask_attention_rows *job, size_t token) {
    return job->ids && token >= job->prefix ? job->prefix + (size_t)job->ids[token - job->prefix] : token;
}

/// Adds the bias of query row r to its scores, vectors of LANES keys a chunk apart.
INLINE void add_pair_bias(const unmask_attention_rows *job, size_t r, float *row, size_t chunk) {
    const float *bias = job->bias + bias_token(job, job->first_query + r) * job->bias_tokens;
    for (size_t key = 0; key < job->keys; key += LANES, row += chunk) {
        size_t left = lanes_left(job->keys, key);
        float gathered[LANES];
        const float *from = bias + key;
        if (job->ids) {
            for (size_t lane = 0; lane < left; lane++) gathered[lane] = bias[bias_token(job, key + lane)];
            from = gathered;
        }
        vec_store(row, vec_add(vec_load(row), load_some(from, left)));
    }
}

void PRODUCT(attention)(const unmask_attention_rows *job) {
    const size_t rows = job->rows, keys = job->keys, head_dim = job->head_dim;
    const size_t dim_chunks = unmask_ceil_div(head_dim, LANES * UNIT), key_chunks = unmask_ceil_div(keys, LANES * UNIT);
    const size_t chunk = chunk_rows(rows) * LANES;
    float *q = job->scratch, *scores = q + chunk * dim_chunks;

    float scale = 1;  // of the scores: the queries are scaled where they are packed
#ifdef TMM_ZERO
    if (job->q_line.first) {
        copy_lines(job, dim_chunks, q);
        scale = job->scale;
    } else
#endif
    {
        pack_rows_scaled(rows, head_dim, job->q, job->q_stride, job->scale, q);
    }

    const tile_result to_scores = {.out = scores, .row_stride = LANES, .vector_stride = chunk};
    multiply_panels(rows, dim_chunks, q, job->k_panels, unmask_ceil_div(keys, TILE_COLUMNS), &to_scores);

    if (job->key_bias) add_key_bias(rows, keys, chunk, job->key_bias, scores);

    float inverse[TILE_ROWS];
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * LANES;
        if (job->bias) add_pair_bias(job, r, row, chunk);
        inverse[r] = 1 / exp_row(keys, row, chunk, scale, row, chunk, true, COARSE);
        pack_scores(keys, row, chunk);
    }

    enum { COLUMNS = PANELS_AT_ONCE * TILE_COLUMNS };
    _Alignas(64) float tile[TILE_ROWS * COLUMNS];
    const tile_result to_tile = {.out = tile, .row_stride = COLUMNS, .vector_stride = LANES};
    const float *panel = job->v_panels;
    for (size_t dim = 0; dim < head_dim; dim += COLUMNS, panel += COLUMNS * key_chunks * LANES) {
        size_t panels = unmask_min(PANELS_AT_ONCE, unmask_ceil_div(head_dim - dim, TILE_COLUMNS));
        multiply_panels(rows, key_chunks, scores, panel, panels, &to_tile);
#ifdef TMM_ZERO
        if (job->out_line.first) {
            store_lines(job, rows, dim, panels, tile, COLUMNS, inverse);
            continue;
        }
#endif
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < panels * TILE_COLUMNS; i += LANES) {
                vec x = vec_mul(vec_load(tile + r * COLUMNS + i), vec_set1(inverse[r]));
                if (job->out_is_rounded) x = vec_rounded_bf16(x);
                store_some(job->out + r * job->out_stride + dim + i, lanes_left(head_dim, dim + i), x);
            }
        }
    }
}
