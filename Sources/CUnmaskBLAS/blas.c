#include "unmask_blas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "unmask_features.h"

enum { row_major = 101, no_transpose = 111, transpose = 112 };

typedef void sgemm_function(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void dgemm_function(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *,
                            int);
// Fortran's, with the hidden length of the character argument behind all.
typedef void dposv_function(const char *, const int *, const int *, double *, const int *, double *, const int *, int *, size_t);
typedef void dsyev_function(const char *, const char *, const int *, double *, const int *, double *, double *, const int *, int *,
                            size_t, size_t);

static struct {
    void *library;
    sgemm_function *sgemm;
    dgemm_function *dgemm;
    dposv_function *dposv;
    dsyev_function *dsyev;
    char problem[256];
    bool failed;
} blas;

static void *found(void *library, const char *name) {
    void *symbol = dlsym(library, name);
    if (symbol == NULL && !blas.failed) {
        blas.failed = true;
        snprintf(blas.problem, sizeof blas.problem, "libopenblas.so.0 has no %s: install Debian's libopenblas0-pthread", name);
    }
    return symbol;
}

static void load(void) {
    unmask_features features = unmask_features_detected();
    unmask_features avx512 = unmask_isa_features(UNMASK_ISA_AVX512), avx2 = unmask_isa_features(UNMASK_ISA_AVX2);
    if (avx512 != 0 && (features & avx512) == avx512) {
        setenv("OPENBLAS_CORETYPE", "SKYLAKEX", 0);
    } else if (avx2 != 0 && (features & avx2) == avx2) {
        setenv("OPENBLAS_CORETYPE", "HASWELL", 0);
    }
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        blas.failed = true;
        const char *reason = dlerror();
        snprintf(blas.problem, sizeof blas.problem, "OpenBLAS, which heads and inverted files are fitted with, is not there (%s): install Debian's "
                 "libopenblas0-pthread", reason == NULL ? "no reason given" : reason);
        return;
    }
    blas.library = library;
    blas.sgemm = (sgemm_function *)found(library, "cblas_sgemm");
    blas.dgemm = (dgemm_function *)found(library, "cblas_dgemm");
    blas.dposv = (dposv_function *)found(library, "dposv_");
    blas.dsyev = (dsyev_function *)found(library, "dsyev_");
}

const char *unmask_blas_open(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return blas.failed ? blas.problem : NULL;
}

void *unmask_blas_symbol(const char *name) { return dlsym(blas.library, name); }

void unmask_blas_sgemm(bool transpose_a, bool transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                       const float *b, int ldb, float beta, float *c, int ldc) {
    blas.sgemm(row_major, transpose_a ? transpose : no_transpose, transpose_b ? transpose : no_transpose, m, n, k, alpha, a,
               lda, b, ldb, beta, c, ldc);
}

void unmask_blas_dgemm(bool transpose_a, bool transpose_b, int m, int n, int k, double alpha, const double *a, int lda,
                       const double *b, int ldb, double beta, double *c, int ldc) {
    blas.dgemm(row_major, transpose_a ? transpose : no_transpose, transpose_b ? transpose : no_transpose, m, n, k, alpha, a,
               lda, b, ldb, beta, c, ldc);
}

int unmask_blas_solve_positive(int n, int rights, double *a, double *b) {
    int info = 0;
    // A symmetric matrix is its own transpose, and Fortran's columns are this header's rows.
    blas.dposv("L", &n, &rights, a, &n, b, &n, &info, 1);
    return info;
}

int unmask_blas_eigenvectors(int n, double *a, double *values) {
    int info = 0, ask = -1;
    double best = 0;
    blas.dsyev("V", "L", &n, a, &n, values, &best, &ask, &info, 1, 1);
    int room = (int)best;
    double *work = info == 0 ? malloc((size_t)room * sizeof *work) : NULL;
    if (work == NULL) return info == 0 ? -1 : info;
    // Fortran's columns, in which the vectors stand, are this header's rows.
    blas.dsyev("V", "L", &n, a, &n, values, work, &room, &info, 1, 1);
    free(work);
    return info;
}
