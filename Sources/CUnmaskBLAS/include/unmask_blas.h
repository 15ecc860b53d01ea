#ifndef UNMASK_BLAS_H
#define UNMASK_BLAS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

// OpenBLAS, loaded when it is first needed: programs that fit nothing neither wait for it nor keep its memory. Matrices are
// row-major; counts and strides are in elements.

/// Loads OpenBLAS where that has not been done yet, with one thread of its own for each that calls it and the kernels of the
/// processor's vectors, which its version 0.3.21 does not choose on processors newer than itself. `OPENBLAS_CORETYPE` says
/// otherwise.
///
/// Returns NULL, or why it cannot be used: text that stays.
const char *unmask_blas_open(void);

/// A function of OpenBLAS by its name, for callers of BLAS and LAPACK that are no part of Unmask; NULL where it has none. Only after
/// `unmask_blas_open`, as all below.
void *unmask_blas_symbol(const char *name);

/// C = alpha · op(A) op(B) + beta · C, where op(A) is [m, k], op(B) is [k, n].
void unmask_blas_sgemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                       const float *b, int ldb, float beta, float *c, int ldc);
void unmask_blas_dgemm(bool transpose_a, bool transpose_b, int m, int n, int k, double alpha, const double *a, int lda,
                       const double *b, int ldb, double beta, double *c, int ldc);

/// Solves A X = B for a symmetric positive definite A [n, n] by Cholesky (LAPACK's dposv). A is overwritten by its factor,
/// and the columns of B, [rights, n] as this header counts, by those of X.
///
/// Returns 0; positive where A is not positive definite.
int unmask_blas_solve_positive(int n, int rights, double *a, double *b);

/// Eigenvalues of a symmetric A [n, n], ascending, and its eigenvectors of length 1, which overwrite it, one a row (LAPACK's
/// dsyev).
///
/// Returns 0; negative where there is no memory for it, positive where it does not converge.
int unmask_blas_eigenvectors(int n, double *a, double *values);

#ifdef __cplusplus
}
#endif

#endif
