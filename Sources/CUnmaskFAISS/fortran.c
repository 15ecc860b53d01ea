#include <stdlib.h>

#include "unmask_blas.h"

// What FAISS's archive takes of BLAS: a function that the file of its random numbers names, and nothing that is used here calls.
// It is hidden, so that OpenBLAS, which has one of that name, does not find this one in place of its own.

__attribute__((visibility("hidden"))) int sgemm_(
    const char *transpose_a, const char *transpose_b, const int *m, const int *n, const int *k, const float *alpha,
    const float *a, const int *lda, const float *b, const int *ldb, const float *beta, float *c, const int *ldc) {
    if (unmask_blas_open() != NULL) abort();
    // Columns of Fortran's are rows of this one: C' = op(B)' op(A)'.
    unmask_blas_sgemm(*transpose_b != 'N' && *transpose_b != 'n', *transpose_a != 'N' && *transpose_a != 'n', *n, *m, *k, *alpha,
                      b, *ldb, a, *lda, *beta, c, *ldc);
    return 0;
}
