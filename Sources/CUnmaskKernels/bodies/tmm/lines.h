// Attention whose operands and results are tiles of bfloat16 (UNMASK_FORM_TILES): a line is 32 numbers of a head.

/// A tile of query rows, whose places among the tiles need not be one tile's.
INLINE void copy_lines(const unmask_attention_rows *job, size_t chunks, float *q) {
    unmask_tiled_line line = job->q_line;
    for (size_t chunk = 0; chunk < chunks; chunk++, line.first += TMM_NUMBERS, q += TMM_NUMBERS) {
        for (size_t r = 0; r < job->rows; r++) vec_store(q + r * LANES, vec_load(unmask_tiled_row(&line, job->q_row + r)));
    }
}

INLINE vec line_or_zero(const unmask_tiled_line *line, size_t row, size_t i, size_t rows) {
    return i < rows ? vec_load(unmask_tiled_row(line, row + i)) : vec_set1(0);
}

/// Keys become columns: a unit is two numbers of a key as it lies in its line.
INLINE void pack_tiled_keys(size_t keys, size_t chunks, const unmask_tiled_line *k, size_t row, float *panels) {
    for (size_t key = 0; key < keys; key += TILE_COLUMNS, panels += chunks * TILE_VECTORS * TMM_NUMBERS) {
        unmask_tiled_line line = *k;
        for (size_t chunk = 0; chunk < chunks; chunk++, line.first += TMM_NUMBERS) {
            for (size_t v = 0; v < TILE_VECTORS; v++) {
                vec block[LANES];
                for (size_t i = 0; i < LANES; i++) block[i] = line_or_zero(&line, row, key + v * LANES + i, keys);
                vec_transpose(block);
                float *out = panels + (chunk * TILE_VECTORS + v) * TMM_NUMBERS;
                for (size_t unit = 0; unit < LANES; unit++) vec_store(out + unit * LANES, block[unit]);
            }
        }
    }
}

/// A head's numbers become columns: a unit is the same number of two keys.
INLINE void pack_tiled_values(size_t keys, size_t chunks, const unmask_tiled_line *v, size_t row, float *panels) {
    const size_t units = unmask_ceil_div(keys, 2 * LANES) * LANES;
    unmask_tiled_line line = *v;
    for (size_t chunk = 0; chunk < chunks; chunk++, line.first += TMM_NUMBERS, panels += units * TILE_COLUMNS) {
        for (size_t unit = 0; unit < units; unit++) {
            vec even = line_or_zero(&line, row, 2 * unit, keys), odd = line_or_zero(&line, row, 2 * unit + 1, keys);
            float *out = panels + (unit / LANES * TILE_VECTORS * LANES + unit % LANES) * LANES;
            vec_store(out, vec_zipped_low_bf16(even, odd));
            vec_store(out + TMM_NUMBERS, vec_zipped_high_bf16(even, odd));
        }
    }
}

void PRODUCT(pack_tiled_heads)(
    size_t keys, size_t head_dim, const unmask_tiled_line *k, const unmask_tiled_line *v, size_t row, float *k_panels,
    float *v_panels) {
    pack_tiled_keys(keys, head_dim / TILE_COLUMNS, k, row, k_panels);
    pack_tiled_values(keys, head_dim / TILE_COLUMNS, v, row, v_panels);
}

/// Panels' worth of a tile's values, each row times a factor of its own, as lines among the result's tiles.
INLINE void store_lines(
    const unmask_attention_rows *job, size_t rows, size_t dim, size_t panels, const float *tile, size_t stride,
    const float *factors) {
    for (size_t panel = 0; panel < panels; panel++) {
        unmask_tiled_line line = job->out_line;
        line.first += (dim / TILE_COLUMNS + panel) * TMM_NUMBERS;
        for (size_t r = 0; r < rows; r++) {
            const float *values = tile + r * stride + panel * TILE_COLUMNS;
            const vec factor = vec_set1(factors[r]);
            vec low = vec_mul(vec_load(values), factor), high = vec_mul(vec_load(values + LANES), factor);
            vec_store(unmask_tiled_row(&line, job->out_row + r), vec_joined_bf16(low, high));
        }
    }
}
