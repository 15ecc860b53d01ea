// What one vector width does but products: each kernel is written once against the vectors of simd/*.h and compiled by the
// rows' files.

#include "names.h"
#include "partial.h"
#include "exp.h"
#include "gelu.h"
#include "grid.h"
#include "row_norm.h"
#include "exp_row.h"
#include "layernorm.h"
#include "softmax.h"
#include "elementwise.h"
#include "rotary.h"
#include "depthwise.h"
#include "dot_rows.h"
#include "bit_distances.h"
