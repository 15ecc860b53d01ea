// LayerNorm by the corrected two-pass algorithm (Chan, Golub and LeVeque, 1983): the second pass sums the differences
// from the first pass's mean as well as their squares, which removes the mean's own rounding. A constant row gives
// the bias, whatever the constant.

typedef struct row_norm {
    vec mean, correction, scale;  // y = ((x - mean) - correction) · scale · weight + bias
} row_norm;

INLINE float row_sum(size_t width, const float *x) {
    vec even = vec_set1(0), odd = vec_set1(0);
    size_t i = 0;
    for (; i + 2 * LANES <= width; i += 2 * LANES) {
        even = vec_add(even, vec_load(x + i));
        odd = vec_add(odd, vec_load(x + i + LANES));
    }
    for (; i < width; i += LANES) even = vec_add(even, load_some(x + i, lanes_left(width, i)));
    return vec_sum(vec_add(even, odd));
}

/// A row's mean, what rounding took from it, and the sum of its squared differences from both.
typedef struct row_spread {
    vec mean;
    float correction, squares;
} row_spread;

INLINE row_spread spread_of_row(size_t width, const float *x) {
    const float count = (float)width;
    vec mean = vec_set1(row_sum(width, x) / count);
    vec differences = vec_set1(0), squares = vec_set1(0);
    for (size_t i = 0; i < width; i += LANES) {
        size_t left = lanes_left(width, i);
        vec difference = vec_sub(load_some(x + i, left), mean);
        if (left < LANES) difference = vec_keep_first(difference, left);
        differences = vec_add(differences, difference);
        squares = vec_fma(difference, difference, squares);
    }
    float correction = vec_sum(differences) / count;
    return (row_spread){mean, correction, vec_sum(squares)};
}

INLINE row_norm norm_of_row(size_t width, const float *x, float eps) {
    row_spread spread = spread_of_row(width, x);
    float correction = spread.correction;
    float variance = spread.squares / (float)width - correction * correction;
    if (variance < 0) variance = 0;  // a NaN stays
    return (row_norm){spread.mean, vec_set1(correction), vec_set1(1 / __builtin_sqrtf(variance + eps))};
}

/// A row over its deviation, the unbiased one, its mean left in it. That of one number is 0.
INLINE row_norm deviation_of_row(size_t width, const float *x, float eps) {
    row_spread spread = spread_of_row(width, x);
    float variance = spread.squares - (float)width * (spread.correction * spread.correction);
    variance = variance < 0 || width < 2 ? 0 : variance / ((float)width - 1);  // a NaN stays
    return (row_norm){vec_set1(0), vec_set1(0), vec_set1(1 / __builtin_sqrtf(variance + eps))};
}

/// Of RMSNorm (Zhang and Sennrich, 2019): a row is divided by the root of the mean of its squares.
INLINE row_norm rms_of_row(size_t width, const float *x, float eps) {
    vec squares = vec_set1(0);
    for (size_t i = 0; i < width; i += LANES) {
        vec v = load_some(x + i, lanes_left(width, i));
        squares = vec_fma(v, v, squares);
    }
    float scale = 1 / __builtin_sqrtf(vec_sum(squares) / (float)width + eps);
    return (row_norm){vec_set1(0), vec_set1(0), vec_set1(scale)};
}

/// Lanes i… of a normalised row.
INLINE vec normalised(
    const row_norm *norm, const float *x, const float *weight, const float *bias, size_t i, size_t left) {
    vec y = vec_mul(vec_sub(vec_sub(load_some(x + i, left), norm->mean), norm->correction), norm->scale);
    if (weight) y = vec_mul(y, load_some(weight + i, left));
    if (bias) y = vec_add(y, load_some(bias + i, left));
    return y;
}

/// The same, zeros behind the end of a row of `width`; i may lie behind it.
INLINE vec normalised_or_zero(
    const row_norm *norm, const float *x, const float *weight, const float *bias, size_t i, size_t width) {
    size_t left = lanes_left(width, i);
    if (left == 0) return vec_set1(0);
    vec y = normalised(norm, x, weight, bias, i, left);
    return left < LANES ? vec_keep_first(y, left) : y;
}
