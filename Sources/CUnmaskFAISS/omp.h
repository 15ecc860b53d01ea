// What FAISS's headers and this target take of OpenMP, which clang here comes without: libgomp's locks (its ABI on all of
// Debian's processors), and how many threads a caller's loops take.
#ifndef UNMASK_OMP_H
#define UNMASK_OMP_H

extern "C" {
typedef struct omp_lock_t {
    unsigned char opaque[4];
} __attribute__((aligned(4))) omp_lock_t;
void omp_init_lock(omp_lock_t *);
void omp_destroy_lock(omp_lock_t *);
void omp_set_num_threads(int);
}

#endif
