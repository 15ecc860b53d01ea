#if defined(__x86_64__)
#include <immintrin.h>
#include "../kernels/products.h"

#define ISA amx
#define TILE_ROWS 16
#define TILE_COLUMNS 32

#pragma clang attribute push( \
    __attribute__((target( \
        "amx-tile,amx-int8,avx512bf16,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), \
    apply_to = function)

#include "../simd/avx512.h"
#include "../simd/i8_tmm.h"
#include "../simd/bf16_avx512.h"
#include "../simd/tmm_amx.h"
#include "../bodies/products/before.h"
#include "../bodies/products/i8.h"
#include "../bodies/tmm/all.h"

#pragma clang attribute pop

#endif
