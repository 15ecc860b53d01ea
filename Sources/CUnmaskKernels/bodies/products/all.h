// One arithmetic's products. Before this a row's file includes the vectors (simd/), what the arithmetic does with units
// (simd/bf16_*.h, simd/i8_*.h) and, behind bodies/all.h or bodies/products/before.h, the arithmetic's own packing
// (bodies/products/f32.h, bf16.h or i8.h).

#include "pack_panel.h"
#include "tile.h"
#include "gemm.h"
#ifndef UNMASK_NO_ATTENTION
#include "attention.h"
#endif
#include "spell.h"
