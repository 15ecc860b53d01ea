"""Fits the polynomials of CUnmaskKernels/bodies/gelu.h and exp.h, and prints their coefficients and errors.

    python bench/kernels/fit_polynomials.py        (needs NumPy)

Both are minimax fits by Lawson's iteration: least squares whose weights grow where the error is largest.
"""

import math

import numpy as np
from numpy.polynomial import chebyshev

ERF_LIMIT, ERF_DEGREE = 5.25, 14  # beyond the limit GELU rounds to x or to 0
COARSE_ERF_LIMIT, COARSE_ERF_DEGREE = 3.95, 6  # for results that are rounded to 8 bits anyway
EXP_DEGREE, COARSE_POWER_DEGREE = 4, 3
POINTS = 4000


def lawson(basis, values, rounds):
    """Coefficients of `basis` whose largest error against `values` is least, and that error."""
    weights = np.ones(len(values))
    for _ in range(rounds):
        root = np.sqrt(weights)
        coefficients = np.linalg.lstsq(basis * root[:, None], values * root, rcond=None)[0]
        error = abs(basis @ coefficients - values)
        weights *= error / error.max() + 1e-3
        weights /= weights.sum()
    return coefficients, error.max()


def gelu_erf():
    """P with erf(x/√2) = x·P(t), t = 2x²/c² - 1, to the least absolute error on [0, c]."""
    x = ERF_LIMIT * np.sin(np.linspace(1e-4, math.pi / 2, POINTS))
    t = 2 * x * x / ERF_LIMIT**2 - 1
    erf = np.vectorize(math.erf)(x / math.sqrt(2))
    fitted, error = lawson(chebyshev.chebvander(t, ERF_DEGREE) * x[:, None], erf, rounds=150)
    coefficients = chebyshev.cheb2poly(fitted)
    coefficients[0] += 4.5e-8  # so that x·P reaches 1 at c
    return coefficients, error


def coarse_gelu_erf():
    """P with Φ(x) = 1/2 + x·P(x²) on [0, c], where it is 1, to the least absolute error of x·Φ(x)."""
    c = COARSE_ERF_LIMIT
    x = c * np.sin(np.linspace(1e-4, math.pi / 2, POINTS))
    erf = np.vectorize(math.erf)(x / math.sqrt(2))
    u = (x / c) ** 2  # P = 1/(2c) + (u - 1)·R(u)
    basis = np.vander(u, COARSE_ERF_DEGREE, increasing=True) * ((u - 1) * x * x)[:, None]
    fitted, error = lawson(basis, x * erf / 2 - x * x / (2 * c), rounds=300)
    in_u = np.polynomial.Polynomial([0.5 / c]) + np.polynomial.Polynomial([-1, 1]) * np.polynomial.Polynomial(fitted)
    return in_u.coef / c ** (2 * np.arange(COARSE_ERF_DEGREE + 1)), error


def coarse_power():
    """Q with 2ʳ = Q(r) on ±1/2, to the least relative error."""
    r = np.cos(np.linspace(0, math.pi, POINTS)) / 2
    powers = np.vander(r, COARSE_POWER_DEGREE + 1, increasing=True)
    return lawson(powers / np.exp2(r)[:, None], np.ones(POINTS), rounds=200)


def exponential():
    """Q with eʳ = 1 + r + r²·Q(r), to the least relative error on ±ln2/2."""
    r = np.cos(np.linspace(0, math.pi, POINTS)) * math.log(2) / 2 * 1.001
    powers = np.vander(r, EXP_DEGREE + 1, increasing=True) * (r * r)[:, None]
    return lawson(powers / np.exp(r)[:, None], (np.exp(r) - 1 - r) / np.exp(r), rounds=200)


def main():
    fits = {
        "gelu_erf": gelu_erf(), "exp": exponential(),
        "gelu_erf_coarse": coarse_gelu_erf(),
        "exp2_coarse": coarse_power(),
    }
    for name, (coefficients, error) in fits.items():
        print(f"{name}: largest error {error:.2g}")
        print("  ", ", ".join(f"{np.float32(c):.9e}f" for c in coefficients))


if __name__ == "__main__":
    main()
