// GELU, exact and by its approximations, and SiLU; `coarse` ones are for results whose operands are rounded to 8 bits or fewer, where
// an activation's own cost counts.

/// x/2 · (1 + erf(x/√2)) with erf(x/√2) = x·P(t), t = 2x²/c² - 1 in [-1, 1], beyond which it is ±1. In t a polynomial is
/// well conditioned and needs no division; P is a minimax fit with its constant raised so that x·P reaches 1 at c
/// (bench/kernels/fit_polynomials.py).
INLINE vec gelu_erf_fitted(vec x, const float c, const float *coefficients, const int degree) {
    vec limited = vec_max(vec_set1(-c), vec_min(vec_set1(c), x));
    vec t = vec_fma(vec_mul(limited, limited), vec_set1(2 / (c * c)), vec_set1(-1));
    vec p = vec_set1(coefficients[degree]);
    UNROLL for (int i = degree - 1; i >= 0; i--) p = vec_fma(p, t, vec_set1(coefficients[i]));
    vec erf = vec_max(vec_set1(-1), vec_min(vec_set1(1), vec_mul(limited, p)));
    vec half = vec_mul(vec_set1(0.5f), x);
    return vec_fma(half, erf, half);
}

/// c = 5.25, beyond which the result rounds to x or 0; absolute error of erf 3·10⁻⁸.
INLINE vec vec_gelu_erf(vec x) {
    static const float coefficients[] = {
        2.693187296e-01f, -1.342536360e-01f, 9.929157048e-02f, -7.952682674e-02f, 6.406287849e-02f,
        -5.008386448e-02f, 3.707729280e-02f, -2.555050142e-02f, 1.683574729e-02f, -1.089703850e-02f,
        5.784715526e-03f, -2.079069847e-03f, 1.329470077e-03f, -1.313167391e-03f, 4.798985028e-04f,
    };
    return gelu_erf_fitted(x, 5.25f, coefficients, 14);
}

/// x · (1/2 + x·P(x²)) with |x| kept below 3.95, where x·P is 1/2: absolute error 1.7·10⁻⁴.
INLINE vec vec_gelu_erf_coarse(vec x) {
    static const float coefficients[] = {
        3.979866803e-01f, -6.472274661e-02f, 8.842916228e-03f, -8.290390251e-04f,
        4.955190525e-05f, -1.681150707e-06f, 2.443574587e-08f,
    };
    const float c = 3.95f;
    vec limited = vec_max(vec_set1(-c), vec_min(vec_set1(c), x)), t = vec_mul(limited, limited);
    vec p = vec_set1(coefficients[6]);
    UNROLL for (int i = 5; i >= 0; i--) p = vec_fma(p, t, vec_set1(coefficients[i]));
    return vec_mul(x, vec_fma(limited, p, vec_set1(0.5f)));
}

/// What the approximations take the exponential of: x/2 · (1 + tanh(u)) = x / (1 + e⁻²ᵘ) with u = √(2/π) · (x + 0.044715 x³).
INLINE vec gelu_tanh_exponent(vec x) {
    const float twice_root = 1.5957691216f;
    vec cubic = vec_fma(vec_mul(vec_mul(x, x), vec_set1(0.044715f)), x, x);
    return vec_mul(vec_set1(-twice_root), cubic);
}

/// x · sigmoid(1.702 x) likewise.
INLINE vec gelu_quick_exponent(vec x) { return vec_mul(vec_set1(-1.702f), x); }

/// x · sigmoid(x) likewise.
INLINE vec silu_exponent(vec x) { return vec_sub(vec_set1(0), x); }

INLINE vec over_one_plus(vec x, vec power) { return vec_div(x, vec_add(vec_set1(1), power)); }

INLINE vec vec_activate(vec x, unmask_activation activation) {
    switch (activation) {
        case UNMASK_ACTIVATION_NONE: return x;
        case UNMASK_ACTIVATION_GELU_ERF: return vec_gelu_erf(x);
        case UNMASK_ACTIVATION_GELU_TANH: return over_one_plus(x, vec_exp(gelu_tanh_exponent(x)));
        case UNMASK_ACTIVATION_GELU_QUICK: return over_one_plus(x, vec_exp(gelu_quick_exponent(x)));
        case UNMASK_ACTIVATION_SILU: return over_one_plus(x, vec_exp(silu_exponent(x)));
    }
    return x;
}

INLINE vec vec_activate_coarse(vec x, unmask_activation activation) {
    switch (activation) {
        case UNMASK_ACTIVATION_NONE: return x;
        case UNMASK_ACTIVATION_GELU_ERF: return vec_gelu_erf_coarse(x);
        case UNMASK_ACTIVATION_GELU_TANH: return over_one_plus(x, vec_exp_coarse(gelu_tanh_exponent(x)));
        case UNMASK_ACTIVATION_GELU_QUICK: return over_one_plus(x, vec_exp_coarse(gelu_quick_exponent(x)));
        case UNMASK_ACTIVATION_SILU: return over_one_plus(x, vec_exp_coarse(silu_exponent(x)));
    }
    return x;
}
