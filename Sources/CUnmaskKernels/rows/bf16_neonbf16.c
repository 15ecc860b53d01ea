#if defined(__aarch64__)
#include <arm_neon.h>
#include "../kernels/products.h"

#define ISA neonbf16
#define TILE_ROWS 6
#define TILE_COLUMNS 16

#pragma clang attribute push(__attribute__((target("bf16"))), apply_to = function)

#include "../simd/portable.h"
#include "../simd/bf16_neon.h"
#include "../bodies/products/before.h"
#include "../bodies/products/bf16.h"
#include "../bodies/products/all.h"

#pragma clang attribute pop

#endif
