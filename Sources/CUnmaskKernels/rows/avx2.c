#if defined(__x86_64__)
#include <immintrin.h>
#include "../kernels/kernels.h"
#include "../kernels/products.h"

#define ISA avx2
#define TILE_ROWS 6
#define TILE_COLUMNS 16

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "../simd/avx2.h"
#include "../simd/bits_avx2.h"
#include "../bodies/all.h"
#include "../bodies/products/f32.h"
#include "../bodies/products/all.h"

#pragma clang attribute pop

#endif
