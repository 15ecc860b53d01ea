// Every kernel, written once against the vectors of simd/*.h and compiled by each row's file for its ISA.

#include "names.h"
#include "partial.h"
#include "exp.h"
#include "gelu.h"
#include "tile.h"
#include "pack.h"
#include "gemm.h"
#include "layernorm.h"
#include "softmax.h"
#include "attention.h"
#include "elementwise.h"
#include "fma_spell.h"
