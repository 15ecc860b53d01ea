// Softmax of rows by exp_row.h.

void ROW(unmask_f32_softmax)(size_t rows, size_t width, const float *x, size_t ldx, float *y, size_t ldy) {
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        vec inverse = vec_set1(1 / exp_row(width, x, LANES, 1, y, LANES, false, false));
        for (size_t i = 0; i < width; i += LANES) {
            size_t left = lanes_left(width, i);
            store_some(y + i, left, vec_mul(load_some(y + i, left), inverse));
        }
    }
}
