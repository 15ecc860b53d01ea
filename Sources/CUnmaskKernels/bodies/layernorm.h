// LayerNorm, RMSNorm and the norm by the deviation of rows by row_norm.h.

void ROW(unmask_f32_layernorm)(
    size_t rows, size_t width, const float *x, size_t ldx, const float *weight, const float *bias, float eps, float *y,
    size_t ldy) {
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        row_norm norm = norm_of_row(width, x, eps);
        for (size_t i = 0; i < width; i += LANES) {
            size_t left = lanes_left(width, i);
            store_some(y + i, left, normalised(&norm, x, weight, bias, i, left));
        }
    }
}

void ROW(unmask_f32_rmsnorm)(
    size_t rows, size_t width, const float *x, size_t ldx, const float *weight, const float *bias, float eps, float *y,
    size_t ldy) {
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        row_norm norm = rms_of_row(width, x, eps);
        for (size_t i = 0; i < width; i += LANES) {
            size_t left = lanes_left(width, i);
            store_some(y + i, left, normalised(&norm, x, weight, bias, i, left));
        }
    }
}

void ROW(unmask_f32_deviationnorm)(
    size_t rows, size_t width, const float *x, size_t ldx, const float *weight, const float *bias, float eps, float *y,
    size_t ldy) {
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        row_norm norm = deviation_of_row(width, x, eps);
        for (size_t i = 0; i < width; i += LANES) {
            size_t left = lanes_left(width, i);
            store_some(y + i, left, normalised(&norm, x, weight, bias, i, left));
        }
    }
}
