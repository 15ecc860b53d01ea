// eˣ after Cody and Waite: x = n·ln2 + r with |r| <= ln2/2, ln2 in two parts, then a polynomial in r.
//
// The polynomial is 1 + r + r²·Q(r), Q fitted to the least relative error (bench/kernels/fit_polynomials.py).
// Results below the smallest normal number are 0, those of x > 88 are e⁸⁸, NaN stays NaN.

INLINE vec exp_fitted(vec x, const float *coefficients, const int degree) {
    const float smallest = -87.336540f;
    vec limited = vec_max(vec_set1(-88.0f), vec_min(vec_set1(88.0f), x));
    vec n = vec_round(vec_mul(limited, vec_set1(1.44269504f)));
    vec r = vec_fma(n, vec_set1(-0.693359375f), limited);
    r = vec_fma(n, vec_set1(2.12194440e-4f), r);
    vec q = vec_set1(coefficients[degree]);
    UNROLL for (int i = degree - 1; i >= 0; i--) q = vec_fma(q, r, vec_set1(coefficients[i]));
    vec p = vec_add(vec_fma(q, vec_mul(r, r), r), vec_set1(1.0f));
    return vec_zero_below(x, smallest, vec_scale2(p, n));
}

/// Relative error 3·10⁻⁹ before rounding.
INLINE vec vec_exp(vec x) {
    static const float coefficients[] = {
        4.999999404e-01f, 1.666651964e-01f, 4.166839272e-02f, 8.368780836e-03f, 1.381446724e-03f,
    };
    return exp_fitted(x, coefficients, 4);
}

/// Relative error 1.2·10⁻⁴: for what is rounded to bfloat16.
INLINE vec vec_exp_coarse(vec x) {
    static const float coefficients[] = {5.039486885e-01f, 1.666278392e-01f};
    return exp_fitted(x, coefficients, 1);
}
