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

/// What a tile of query rows has with both tables of a grid.
typedef struct relations {
    float *products;  // [rows, stride], the columns' table from `columns` on
    size_t stride, columns;
    float *line;  // of one row's keys
} relations;

/// Rows of q times the tables; `floats` is where there is room for it.
INLINE relations relate(
    const unmask_attention_rows *job, size_t chunks, const float *q, float *floats, size_t padded_rows) {
    size_t rows = unmask_ceil_div(unmask_relations(job->grid_rows), TILE_COLUMNS);
    size_t panels = rows + unmask_ceil_div(unmask_relations(job->grid_columns), TILE_COLUMNS);
    relations result = {.products = floats, .stride = panels * TILE_COLUMNS, .columns = rows * TILE_COLUMNS};
    result.line = floats + padded_rows * result.stride;
    const tile_result to = {.out = floats, .row_stride = result.stride, .vector_stride = LANES};
    multiply_panels(job->rows, chunks, q, job->table_panels, panels, &to);
    return result;
}

/// Adds to the scores of query row r what its place in the grid has with each key's, row by row of keys.
INLINE void add_relations(
    const unmask_attention_rows *job, const relations *found, size_t r, float *row, size_t chunk) {
    const size_t token = job->first_query + r, columns = job->grid_columns;
    const float *down = found->products + r * found->stride + (job->grid_rows - 1 - token / columns);
    const float *across = found->products + r * found->stride + found->columns + (columns - 1 - token % columns);
    float *line = found->line;
    for (size_t i = 0; i < job->grid_rows; i++, line += columns) {
        vec own = vec_set1(down[i]);
        // The last vector may reach into the next row's place, which is written after it.
        for (size_t j = 0; j < columns; j += LANES) {
            vec_store(line + j, vec_add(own, load_some(across + j, lanes_left(columns, j))));
        }
    }
    for (size_t key = 0; key < job->keys; key += LANES, row += chunk) {
        vec_store(row, vec_add(vec_load(row), vec_load(found->line + key)));
    }
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

    relations found = {0};
    if (job->table_panels) {
        float *behind = scores + chunk * unmask_ceil_div(keys, TILE_COLUMNS) * TILE_VECTORS;
        found = relate(job, dim_chunks, q, behind, chunk_rows(rows));
    }
    if (job->key_bias) add_key_bias(rows, keys, chunk, job->key_bias, scores);

    float inverse[TILE_ROWS];
    for (size_t r = 0; r < rows; r++) {
        float *row = scores + r * LANES;
        if (job->bias) add_pair_bias(job, r, row, chunk);
        if (job->table_panels) add_relations(job, &found, r, row, chunk);
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
