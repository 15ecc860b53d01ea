/// CUnmaskKernels: the numerical kernels of Unmask, dispatched at run time by what the processor has.
///
/// Every function below takes an `unmask_engine`: a thread pool and the chosen kernel rows. Lengths and strides are
/// in elements unless the name says bytes. Buffers need no alignment and never overlap unless a comment allows it.
/// A row of a result depends on the operands of that row alone, reduced in a fixed order: its bits do not change
/// with the number of rows, the row's place among them or the number of threads.
#ifndef CUNMASKKERNELS_H
#define CUNMASKKERNELS_H

#include "unmask_elementwise.h"
#include "unmask_attention.h"
#include "unmask_bits.h"
#include "unmask_engine.h"
#include "unmask_features.h"
#include "unmask_gemm.h"
#include "unmask_grids.h"
#include "unmask_heads.h"
#include "unmask_memory.h"
#include "unmask_merging.h"
#include "unmask_patches.h"
#include "unmask_products.h"
#include "unmask_rows.h"
#include "unmask_scan.h"
#include "unmask_tile_registers.h"

#endif
