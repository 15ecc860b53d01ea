#if defined(__aarch64__)
#include "../kernels/products.h"

#define ISA neon
#define TILE_ROWS 6
#define TILE_COLUMNS 16

#include "../simd/portable.h"
#include "../bodies/products/before.h"
#include "../bodies/products/f32.h"
#include "../bodies/products/all.h"

#endif
