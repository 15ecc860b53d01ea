// What products use of the plain kernels' helpers, for rows' files that have products alone.

#include "../names.h"
#include "../partial.h"
#include "../exp.h"
#include "../gelu.h"
#include "../grid.h"
#include "../row_norm.h"
#include "../exp_row.h"
