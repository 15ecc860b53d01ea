// GELU, exact and by its approximations.

/// x/2 · (1 + erf(x/√2)).
///
/// erf(x/√2) is x·P(t) with t = 2x²/c² - 1 in [-1, 1] and c = 5.25, beyond which the result rounds to ±1; in t a
/// polynomial of degree 14 is well conditioned and needs no division. P is the minimax fit (absolute error 3·10⁻⁸)
/// with its constant raised so that the value at c is 1.
INLINE vec vec_gelu_erf(vec x) {
    static const float coefficients[] = {
        2.693187296e-01f, -1.342536360e-01f, 9.929157048e-02f, -7.952682674e-02f, 6.406287849e-02f,
        -5.008386448e-02f, 3.707729280e-02f, -2.555050142e-02f, 1.683574729e-02f, -1.089703850e-02f,
        5.784715526e-03f, -2.079069847e-03f, 1.329470077e-03f, -1.313167391e-03f, 4.798985028e-04f,
    };
    enum { DEGREE = sizeof coefficients / sizeof *coefficients - 1 };
    const float c = 5.25f;
    vec limited = vec_max(vec_set1(-c), vec_min(vec_set1(c), x));
    vec t = vec_fma(vec_mul(limited, limited), vec_set1(2 / (c * c)), vec_set1(-1));
    vec p = vec_set1(coefficients[DEGREE]);
    UNROLL for (int i = DEGREE - 1; i >= 0; i--) p = vec_fma(p, t, vec_set1(coefficients[i]));
    vec erf = vec_max(vec_set1(-1), vec_min(vec_set1(1), vec_mul(limited, p)));
    vec half = vec_mul(vec_set1(0.5f), x);
    return vec_fma(half, erf, half);
}

/// x/2 · (1 + tanh(u)) = x / (1 + e⁻²ᵘ) with u = √(2/π) · (x + 0.044715 x³).
INLINE vec vec_gelu_tanh(vec x) {
    const float twice_root = 1.5957691216f;
    vec cubic = vec_fma(vec_mul(vec_mul(x, x), vec_set1(0.044715f)), x, x);
    vec power = vec_exp(vec_mul(vec_set1(-twice_root), cubic));
    return vec_div(x, vec_add(vec_set1(1), power));
}

/// x · sigmoid(1.702 x).
INLINE vec vec_gelu_quick(vec x) {
    vec power = vec_exp(vec_mul(vec_set1(-1.702f), x));
    return vec_div(x, vec_add(vec_set1(1), power));
}

INLINE vec vec_activate(vec x, unmask_activation activation) {
    switch (activation) {
        case UNMASK_ACTIVATION_NONE: return x;
        case UNMASK_ACTIVATION_GELU_ERF: return vec_gelu_erf(x);
        case UNMASK_ACTIVATION_GELU_TANH: return vec_gelu_tanh(x);
        case UNMASK_ACTIVATION_GELU_QUICK: return vec_gelu_quick(x);
    }
    return x;
}
