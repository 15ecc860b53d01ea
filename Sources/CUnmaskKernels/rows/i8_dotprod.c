#if defined(__aarch64__)
#include <arm_neon.h>
#include "../kernels/products.h"

#define ISA dotprod
#define TILE_ROWS 6
#define TILE_COLUMNS 16

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#include "../simd/portable.h"
#include "../simd/i8_dotprod.h"
#include "../bodies/products/before.h"
#include "../bodies/products/i8.h"
#include "../bodies/products/all.h"

#pragma clang attribute pop

#endif
