// exp(x - max) along a row whose vectors lie `stride` apart.

INLINE float row_max(size_t width, const float *x, size_t stride) {
    vec largest = vec_set1(-__builtin_inff());
    size_t whole = width / LANES, rest = width % LANES;
    for (size_t i = 0; i < whole; i++) largest = vec_max(vec_load(x + i * stride), largest);
    float max = vec_largest(largest);
    for (size_t i = 0; i < rest; i++) max = x[whole * stride + i] > max ? x[whole * stride + i] : max;
    return max;
}

/// y = exp(x - max), `coarse` or not, returning the sum; with `padded`, y's last vector is written whole, zeros behind the
/// end.
INLINE float exp_row(
    size_t width, const float *x, size_t stride, float *y, size_t y_stride, const bool padded,
    const bool coarse) {
    vec max = vec_set1(row_max(width, x, stride)), sum = vec_set1(0);
    for (size_t i = 0; i < width; i += LANES, x += stride, y += y_stride) {
        size_t left = lanes_left(width, i);
        vec exponent = vec_sub(load_some(x, left), max);
        vec e = coarse ? vec_exp_coarse(exponent) : vec_exp(exponent);
        if (left < LANES) e = vec_keep_first(e, left);
        sum = vec_add(sum, e);
        store_some(y, padded ? LANES : left, e);
    }
    return vec_sum(sum);
}
