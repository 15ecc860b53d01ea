// eˣ after Cody and Waite: x = n·ln2 + r with |r| <= ln2/2, ln2 in two parts, then a polynomial in r.
//
// The polynomial is 1 + r + r²·Q(r), Q fitted to the least relative error (bench/kernels/fit_polynomials.py).
// Results below the smallest normal number are 0, those of x > 88 are e⁸⁸, NaN stays NaN.

/// Relative error 3·10⁻⁹ before rounding.
INLINE vec vec_exp(vec x) {
    static const float coefficients[] = {
        4.999999404e-01f, 1.666651964e-01f, 4.166839272e-02f, 8.368780836e-03f, 1.381446724e-03f,
    };
    const float smallest = -87.336540f;
    vec limited = vec_max(vec_set1(-88.0f), vec_min(vec_set1(88.0f), x));
    vec n = vec_round(vec_mul(limited, vec_set1(1.44269504f)));
    vec r = vec_fma(n, vec_set1(-0.693359375f), limited);
    r = vec_fma(n, vec_set1(2.12194440e-4f), r);
    vec q = vec_set1(coefficients[4]);
    UNROLL for (int i = 3; i >= 0; i--) q = vec_fma(q, r, vec_set1(coefficients[i]));
    vec p = vec_add(vec_fma(q, vec_mul(r, r), r), vec_set1(1.0f));
    return vec_zero_below(x, smallest, vec_scale2(p, n));
}

/// 2ˣ for x up to 127, 2⁻¹²⁶ where it would be less; relative error 8·10⁻⁵, NaN stays: for what is rounded to bfloat16, where an
/// exponential's own cost counts.
INLINE vec vec_exp2_coarse(vec x) {
    static const float coefficients[] = {9.999280572e-01f, 6.932609677e-01f, 2.426111400e-01f, 5.517166853e-02f};
    x = vec_max(vec_set1(-126), x);
    vec n = vec_round(x), r = vec_sub(x, n);
    vec p = vec_set1(coefficients[3]);
    UNROLL for (int i = 2; i >= 0; i--) p = vec_fma(p, r, vec_set1(coefficients[i]));
    return vec_scale2(p, n);
}

/// eˣ likewise.
INLINE vec vec_exp_coarse(vec x) {
    return vec_exp2_coarse(vec_min(vec_set1(127), vec_mul(x, vec_set1(1.44269504f))));
}
