// One arithmetic's products by tile registers: the sums of two tiles of rows and two halves of a panel are in tmm0…tmm3.
// Before this a row's file includes what it does before bodies/products/all.h, the tile registers (simd/tmm_*.h) behind the
// vectors.

#define PASTE_TMM_PRODUCT(arithmetic) TMM_PRODUCT_##arithmetic
#define EXPAND_TMM_PRODUCT(arithmetic) PASTE_TMM_PRODUCT(arithmetic)
#define TMM_PRODUCT EXPAND_TMM_PRODUCT(ARITHMETIC)

/// Numbers of 4 bytes in a tile register, and the bytes from row to row where one lies whole.
enum { TMM_NUMBERS = 256, TMM_ROW = 64 };

#include "../products/pack_panel.h"
#include "../products/tile_result.h"
#include "../products/finish.h"
#include "block.h"
#include "gemm.h"
#ifndef UNMASK_NO_ATTENTION
#include "panels.h"
#include "lines.h"
#include "../products/attention.h"
#endif
#include "spell.h"
