#ifndef UNMASK_GEMM_H
#define UNMASK_GEMM_H

#include "unmask_engine.h"

typedef enum unmask_activation {
    UNMASK_ACTIVATION_NONE = 0,
    UNMASK_ACTIVATION_GELU_ERF = 1,   ///< x/2 (1 + erf(x/sqrt 2)), to 2.5e-7 · max(1, |x|)
    UNMASK_ACTIVATION_GELU_TANH = 2,  ///< the tanh approximation of it
    UNMASK_ACTIVATION_GELU_QUICK = 3,  ///< x · sigmoid(1.702 x), the approximation that CLIP was trained with
} unmask_activation;

/// How the weights lie in the file that they come from.
typedef enum unmask_storage {
    UNMASK_STORAGE_F32 = 0,
    UNMASK_STORAGE_F16 = 1,
    UNMASK_STORAGE_BF16 = 2,
} unmask_storage;

/// The size of a packed weight matrix [n, k]; 0 on overflow. Packed weights belong to the ISA they were packed for.
size_t unmask_f32_gemm_packed_bytes(const unmask_engine *engine, size_t n, size_t k);

/// Packs `w`, row-major [n, k] with row stride `ldw` (as PyTorch keeps a Linear's weight), or [k, n] when `transposed`,
/// into panels. Runs on all threads. `packed` is aligned to 64 bytes.
void unmask_f32_gemm_pack(
    unmask_engine *engine, size_t n, size_t k, const void *w, size_t ldw, unmask_storage storage, bool transposed,
    void *packed);

/// c = activation(norm(a) · wᵀ + bias) + residual, each part optional.
typedef struct unmask_f32_gemm {
    size_t m, n, k;
    const float *a;  ///< [m, k], row stride lda
    size_t lda;
    const void *packed;            ///< from unmask_f32_gemm_pack with the same n and k
    const float *bias;             ///< [n] or NULL
    const float *norm_weight;      ///< [k] or NULL: no LayerNorm. Each row of a is normalised over k first.
    const float *norm_bias;        ///< [k], with norm_weight
    float norm_eps;
    unmask_activation activation;
    const float *residual;  ///< [m, n] or NULL, row stride ldr; may be c itself
    size_t ldr;
    float *c;  ///< [m, n], row stride ldc
    size_t ldc;
    float *scratch;  ///< unmask_f32_gemm_scratch_floats of it, aligned to 64 bytes; NULL where that is 0
} unmask_f32_gemm;

/// The scratch memory that an operation of this shape needs on this engine, in floats; PTRDIFF_MAX on overflow. It is
/// bounded (about 2.6 MB) for large m.
size_t unmask_f32_gemm_scratch_floats(const unmask_engine *engine, size_t m, size_t n, size_t k, bool norm);

void unmask_f32_gemm_run(unmask_engine *engine, const unmask_f32_gemm *gemm);

#endif
