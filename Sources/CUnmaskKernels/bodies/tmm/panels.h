// A tile of rows times panels, for attention: four sums at a time, for a product is done after 52 cycles and the next may
// start after 16.

enum { PANELS_AT_ONCE = 2 };

INLINE void multiply_panel_pair(
    size_t chunks, const float *a, const float *panel, const float *second, const tile_result *to, const bool two) {
    const size_t row = to->row_stride * sizeof(float);
    TMM_ZERO(0), TMM_ZERO(1), TMM_ZERO(2), TMM_ZERO(3);
    for (size_t i = 0; i < chunks; i++) {
        const float *b = panel + i * TILE_COLUMNS * LANES, *more = second + i * TILE_COLUMNS * LANES;
        TMM_LOAD(4, a + i * TMM_NUMBERS, TMM_ROW);
        TMM_LOAD(6, b, TMM_ROW);
        TMM_PRODUCT(0, 4, 6);
        TMM_LOAD(7, b + TMM_NUMBERS, TMM_ROW);
        TMM_PRODUCT(1, 4, 7);
        if (!two) continue;
        TMM_LOAD(5, more, TMM_ROW);
        TMM_PRODUCT(2, 4, 5);
        TMM_LOAD(6, more + TMM_NUMBERS, TMM_ROW);
        TMM_PRODUCT(3, 4, 6);
    }
    TMM_STORE(0, to->out, row), TMM_STORE(1, to->out + to->vector_stride, row);
    if (two) {
        TMM_STORE(2, to->out + 2 * to->vector_stride, row);
        TMM_STORE(3, to->out + 3 * to->vector_stride, row);
    }
}

/// A tile of packed rows, whole whatever `rows`, times panels that follow one another; so do the results' vectors.
INLINE void multiply_panels(
    size_t rows, size_t chunks, const float *a, const float *panel, size_t panels, const tile_result *to) {
    (void)rows;
    const size_t next = TILE_COLUMNS * chunks * LANES;
    tile_result part = *to;
    for (; panels >= 2; panels -= 2) {
        multiply_panel_pair(chunks, a, panel, panel + next, &part, true);
        panel += 2 * next;
        part.out += 2 * TILE_VECTORS * to->vector_stride;
    }
    if (panels) multiply_panel_pair(chunks, a, panel, panel, &part, false);
}
