#include <stddef.h>
#include <stdlib.h>

#include "unmask_blas.h"

// What FAISS's archive takes of BLAS and LAPACK, by their Fortran names: each leads to the same function of the OpenBLAS that
// `unmask_blas_open` has loaded. FAISS is called only where that succeeded. They are hidden, so that OpenBLAS, which calls
// functions of these names itself, does not find these in place of its own.

/// Arguments are addresses, and behind all of them the lengths of those that are text.
#define FORWARD(name, parameters, arguments)                           \
    __attribute__((visibility("hidden"))) int name parameters {        \
        int(*function) parameters = unmask_blas_symbol(#name);         \
        if (function == NULL) abort();                                 \
        return function arguments;                                     \
    }

typedef const void *in;
typedef void *out;

FORWARD(sgemm_, (in ta, in tb, in m, in n, in k, in alpha, in a, in lda, in b, in ldb, in beta, out c, in ldc),
        (ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))
FORWARD(dgemm_, (in ta, in tb, in m, in n, in k, in alpha, in a, in lda, in b, in ldb, in beta, out c, in ldc),
        (ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))
FORWARD(ssyrk_, (in half, in t, in n, in k, in alpha, in a, in lda, in beta, out c, in ldc),
        (half, t, n, k, alpha, a, lda, beta, c, ldc))
FORWARD(sgeqrf_, (in m, in n, out a, in lda, out tau, out work, in room, out info), (m, n, a, lda, tau, work, room, info))
FORWARD(sorgqr_, (in m, in n, in k, out a, in lda, in tau, out work, in room, out info),
        (m, n, k, a, lda, tau, work, room, info))
FORWARD(dsyev_, (in job, in half, in n, out a, in lda, out w, out work, in room, out info),
        (job, half, n, a, lda, w, work, room, info))
FORWARD(sgetrf_, (in m, in n, out a, in lda, out pivots, out info), (m, n, a, lda, pivots, info))
FORWARD(dgetrf_, (in m, in n, out a, in lda, out pivots, out info), (m, n, a, lda, pivots, info))
FORWARD(sgetri_, (in n, out a, in lda, in pivots, out work, in room, out info), (n, a, lda, pivots, work, room, info))
FORWARD(dgetri_, (in n, out a, in lda, in pivots, out work, in room, out info), (n, a, lda, pivots, work, room, info))
FORWARD(sgesvd_,
        (in ju, in jv, in m, in n, out a, in lda, out s, out u, in ldu, out v, in ldv, out work, in room, out info),
        (ju, jv, m, n, a, lda, s, u, ldu, v, ldv, work, room, info))
FORWARD(dgesvd_,
        (in ju, in jv, in m, in n, out a, in lda, out s, out u, in ldu, out v, in ldv, out work, in room, out info),
        (ju, jv, m, n, a, lda, s, u, ldu, v, ldv, work, room, info))
FORWARD(sgelsd_,
        (in m, in n, in rights, out a, in lda, out b, in ldb, out s, in least, out rank, out work, in room, out whole,
         out info),
        (m, n, rights, a, lda, b, ldb, s, least, rank, work, room, whole, info))
