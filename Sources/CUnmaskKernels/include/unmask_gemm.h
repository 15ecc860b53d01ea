#ifndef UNMASK_GEMM_H
#define UNMASK_GEMM_H

#include "unmask_products.h"

typedef enum unmask_activation {
    UNMASK_ACTIVATION_NONE = 0,
    UNMASK_ACTIVATION_GELU_ERF = 1,   ///< x/2 (1 + erf(x/sqrt 2)), to 2.5e-7 · max(1, |x|)
    UNMASK_ACTIVATION_GELU_TANH = 2,  ///< the tanh approximation of it
    UNMASK_ACTIVATION_GELU_QUICK = 3,  ///< x · sigmoid(1.702 x), the approximation that CLIP was trained with
    UNMASK_ACTIVATION_SILU = 4,        ///< x · sigmoid(x)
} unmask_activation;

/// How the weights lie in the file that they come from.
typedef enum unmask_storage {
    UNMASK_STORAGE_F32 = 0,
    UNMASK_STORAGE_F16 = 1,
    UNMASK_STORAGE_BF16 = 2,
    UNMASK_STORAGE_I8 = 3,
    UNMASK_STORAGE_I16 = 4,
} unmask_storage;

/// What the numbers that a product reads become in int8: (whole - zero) · scale, with whole of least…most.
typedef struct unmask_grid {
    float scale;          ///< 0: each row has a scale of its own, its largest magnitude over 127, and no zero point
    int32_t zero;         ///< of least…most
    int32_t least, most;  ///< -128…127 or 0…255
} unmask_grid;

/// The size of a packed weight matrix [n, k]; 0 on overflow.
size_t unmask_gemm_packed_bytes(const unmask_product_kernel *kernel, size_t n, size_t k);

/// Packs `w`, row-major [n, k] with row stride `ldw` (as PyTorch keeps a Linear's weight), or [k, n] when `transposed`,
/// into panels. Runs on all threads. `packed` is aligned to 64 bytes.
///
/// Returns whether all numbers of `w` are finite; results that others reach are not.
bool unmask_gemm_pack(
    unmask_engine *engine, const unmask_product_kernel *kernel, size_t n, size_t k, const void *w, size_t ldw,
    unmask_storage storage, bool transposed, void *packed);

/// The same of a weight that is whole numbers, I8 or I16, each output's times a scale of its own, for an int8 kernel: the
/// numbers themselves are packed. Those of an output span 255 at most; the results of one that does not are NaN, as are
/// those of a scale that is not finite, and the function says so.
bool unmask_gemm_pack_whole(
    unmask_engine *engine, const unmask_product_kernel *kernel, size_t n, size_t k, const void *w, size_t ldw,
    unmask_storage storage, bool transposed, const float *scales, void *packed);

/// c = activation(norm(a) · wᵀ + bias) · scale + residual, each part optional.
typedef struct unmask_gemm {
    const unmask_product_kernel *kernel;
    size_t m, n, k;
    unmask_form a_form;  ///< TILES: without a norm, by a kernel that reads them
    const float *a;      ///< [m, k], row stride lda; or tiles
    size_t lda;
    const void *packed;            ///< from unmask_gemm_pack with the same kernel, n and k
    const float *bias;             ///< [n] or NULL
    const float *norm_weight;      ///< [k] or NULL: no LayerNorm. Each row of a is normalised over k first.
    const float *norm_bias;        ///< [k], with norm_weight
    float norm_eps;
    unmask_grid grid;  ///< of the rows as they are multiplied, for int8 kernels alone
    unmask_activation activation;
    const float *scale;     ///< [n] or NULL: of each column, as LayerScale has it
    const float *residual;  ///< [m, n] or NULL, row stride ldr; may be c itself
    size_t ldr;
    unmask_form c_form;  ///< TILES: without a residual, by a kernel that writes them
    float *c;            ///< [m, n], row stride ldc; or tiles, aligned to 64 bytes
    size_t ldc;
    float *scratch;  ///< unmask_gemm_scratch_floats of it, aligned to 64 bytes; NULL where that is 0
} unmask_gemm;

/// The scratch memory that an operation of this shape needs, in floats; PTRDIFF_MAX on overflow. It is bounded (about
/// 2.6 MB) for large m.
size_t unmask_gemm_scratch_floats(const unmask_product_kernel *kernel, size_t m, size_t k);

void unmask_gemm_run(unmask_engine *engine, const unmask_gemm *gemm);

#endif
