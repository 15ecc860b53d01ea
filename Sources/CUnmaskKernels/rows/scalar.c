// The portable row: complete, and the reference for the others.
#include "../kernels/kernels.h"
#include "../kernels/products.h"

#define ISA scalar
#define TILE_ROWS 4
#define TILE_COLUMNS 8

#include "../simd/portable.h"
#include "../simd/bits_portable.h"
#include "../bodies/all.h"
#include "../bodies/products/f32.h"
#include "../bodies/products/all.h"
