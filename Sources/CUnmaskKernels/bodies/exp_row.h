// exp(x - max) along a row whose vectors lie `stride` apart.

INLINE float row_max(size_t width, const float *x, size_t stride) {
    vec largest = vec_set1(-__builtin_inff());
    size_t whole = width / LANES, rest = width % LANES;
    for (size_t i = 0; i < whole; i++) largest = vec_max(vec_load(x + i * stride), largest);
    float max = vec_largest(largest);
    for (size_t i = 0; i < rest; i++) max = x[whole * stride + i] > max ? x[whole * stride + i] : max;
    return max;
}

/// y = exp(scale · (x - max)), `coarse` or not, returning the sum; with `padded`, y's last vector is written whole, zeros behind the
/// end.
INLINE float exp_row(
    size_t width, const float *x, size_t stride, float scale, float *y, size_t y_stride, const bool padded,
    const bool coarse) {
    const float power = scale * 1.44269504f, largest = row_max(width, x, stride);  // eˢ = 2 to the s · log2 e
    vec max = vec_set1(largest), shift = vec_set1(-largest * power), sum = vec_set1(0);
    for (size_t i = 0; i < width; i += LANES, x += stride, y += y_stride) {
        size_t left = lanes_left(width, i);
        vec score = load_some(x, left);
        vec e = coarse ? vec_exp2_coarse(vec_fma(score, vec_set1(power), shift))
                       : vec_exp(vec_mul(vec_sub(score, max), vec_set1(scale)));
        if (left < LANES) e = vec_keep_first(e, left);
        sum = vec_add(sum, e);
        store_some(y, padded ? LANES : left, e);
    }
    return vec_sum(sum);
}
