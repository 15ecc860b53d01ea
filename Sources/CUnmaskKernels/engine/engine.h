#ifndef UNMASK_ENGINE_INTERNAL_H
#define UNMASK_ENGINE_INTERNAL_H

#include "../kernels/kernels.h"
#include "pool.h"
#include "unmask_engine.h"

struct unmask_engine {
    unmask_features features;
    unmask_pool *pool;
    const unmask_kernels *kernels;  ///< of the widest vectors that the features carry
    size_t l2_bytes;  ///< of one core; decides blocking, never a result's bits
};

#endif
