// eˣ after Cody and Waite: x = n·ln2 + r with |r| <= ln2/2, ln2 in two parts, then a polynomial in r.
//
// The polynomial is 1 + r + r²·Q(r), Q of degree 4 fitted to the least relative error (3·10⁻⁹ before rounding).
// Results below the smallest normal number are 0, those of x > 88 are e⁸⁸, NaN stays NaN.

INLINE vec vec_exp(vec x) {
    const float smallest = -87.336540f;
    vec limited = vec_max(vec_set1(-88.0f), vec_min(vec_set1(88.0f), x));
    vec n = vec_round(vec_mul(limited, vec_set1(1.44269504f)));
    vec r = vec_fma(n, vec_set1(-0.693359375f), limited);
    r = vec_fma(n, vec_set1(2.12194440e-4f), r);
    vec q = vec_set1(1.381446724e-03f);
    q = vec_fma(q, r, vec_set1(8.368780836e-03f));
    q = vec_fma(q, r, vec_set1(4.166839272e-02f));
    q = vec_fma(q, r, vec_set1(1.666651964e-01f));
    q = vec_fma(q, r, vec_set1(4.999999404e-01f));
    vec p = vec_add(vec_fma(q, vec_mul(r, r), r), vec_set1(1.0f));
    return vec_zero_below(x, smallest, vec_scale2(p, n));
}
