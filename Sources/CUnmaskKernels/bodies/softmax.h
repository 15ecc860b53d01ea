// exp(x - max) along a row whose vectors lie `stride` apart.

INLINE float row_max(size_t width, const float *x, size_t stride) {
    vec largest = vec_set1(-__builtin_inff());
    size_t whole = width / LANES, rest = width % LANES;
    for (size_t i = 0; i < whole; i++) largest = vec_max(vec_load(x + i * stride), largest);
    float max = vec_largest(largest);
    for (size_t i = 0; i < rest; i++) max = x[whole * stride + i] > max ? x[whole * stride + i] : max;
    return max;
}

/// y = exp(x - max), returning the sum; with `padded`, y's last vector is written whole, zeros behind the end.
INLINE float exp_row(size_t width, const float *x, size_t stride, float *y, size_t y_stride, const bool padded) {
    vec max = vec_set1(row_max(width, x, stride)), sum = vec_set1(0);
    for (size_t i = 0; i < width; i += LANES, x += stride, y += y_stride) {
        size_t left = lanes_left(width, i);
        vec e = vec_exp(vec_sub(load_some(x, left), max));
        if (left < LANES) e = vec_keep_first(e, left);
        sum = vec_add(sum, e);
        store_some(y, padded ? LANES : left, e);
    }
    return vec_sum(sum);
}

void ROW(unmask_f32_softmax)(size_t rows, size_t width, const float *x, size_t ldx, float *y, size_t ldy) {
    for (size_t r = 0; r < rows; r++, x += ldx, y += ldy) {
        vec inverse = vec_set1(1 / exp_row(width, x, LANES, y, LANES, false));
        for (size_t i = 0; i < width; i += LANES) {
            size_t left = lanes_left(width, i);
            store_some(y + i, left, vec_mul(load_some(y + i, left), inverse));
        }
    }
}
