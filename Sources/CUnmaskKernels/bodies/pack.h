// Packing of weights into panels and of rows into tiles; the layouts are told at unmask_gemm_panel.

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
    float *panel) {
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

void TILED(unmask_f32_pack_panel)(
    size_t columns, size_t k, const void *w, size_t start, size_t ldw, unmask_storage storage, bool transposed,
    float *panel) {
    switch (storage) {  // the storage a constant in each copy
        case UNMASK_STORAGE_F32:
            return pack_panel_stored(columns, k, w, start, ldw, UNMASK_STORAGE_F32, transposed, panel);
        case UNMASK_STORAGE_F16:
            return pack_panel_stored(columns, k, w, start, ldw, UNMASK_STORAGE_F16, transposed, panel);
        case UNMASK_STORAGE_BF16:
            return pack_panel_stored(columns, k, w, start, ldw, UNMASK_STORAGE_BF16, transposed, panel);
    }
}

void TILED(unmask_f32_pack_rows)(size_t rows, size_t k, const float *x, size_t ldx, float *packed) {
    for (size_t r = 0; r < rows; r++) {
        float *out = packed + r * LANES;
        for (size_t i = 0; i < k; i += LANES, out += rows * LANES) {
            vec_store(out, load_some(x + r * ldx + i, lanes_left(k, i)));
        }
    }
}
