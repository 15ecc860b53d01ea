#if defined(__x86_64__)
#include <immintrin.h>
#include "../kernels/kernels.h"
#include "../kernels/products.h"

#define ISA avx512
#define TILE_ROWS 14
#define TILE_COLUMNS 32

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)

#include "../simd/avx512.h"
#include "../simd/bits_avx512.h"
#include "../bodies/all.h"
#include "../bodies/products/f32.h"
#include "../bodies/products/all.h"

#pragma clang attribute pop

#endif
