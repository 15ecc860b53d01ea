// Packed rows without terms, by the arithmetic's own pack_rows_scaled.

void PRODUCT(pack_rows)(size_t rows, size_t k, const float *x, size_t ldx, const unmask_grid *grid, float *packed,
    unmask_row_terms terms) {
    (void)grid, (void)terms;
    pack_rows_scaled(rows, k, x, ldx, 1, packed);
}
