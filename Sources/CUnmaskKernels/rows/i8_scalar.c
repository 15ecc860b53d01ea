#include "../kernels/products.h"

#define ISA scalar
#define TILE_ROWS 4
#define TILE_COLUMNS 8

#include "../simd/portable.h"
#include "../simd/i8_portable.h"
#include "../bodies/products/before.h"
#include "../bodies/products/i8.h"
#include "../bodies/products/all.h"
