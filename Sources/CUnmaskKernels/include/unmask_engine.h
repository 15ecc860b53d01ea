#ifndef UNMASK_ENGINE_H
#define UNMASK_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unmask_features.h"

/// The processors that this process may use: the affinity mask's count, lowered to the cgroup's CPU quota
/// (version 1 and 2) rounded up; at least 1.
uint32_t unmask_available_threads(void);

/// A thread pool and the kernels that a set of features carries. Runs one operation at a time: callers serialise.
typedef struct unmask_engine unmask_engine;

/// NULL where memory or threads cannot be had, or the features not be used here (unmask_features_are_usable). `threads` includes the calling
/// thread.
unmask_engine *unmask_engine_create(unmask_features features, uint32_t threads);
void unmask_engine_destroy(unmask_engine *engine);

unmask_features unmask_engine_features(const unmask_engine *engine);
uint32_t unmask_engine_threads(const unmask_engine *engine);

/// Brackets a forward pass: between the two, idle threads spin for the next operation instead of sleeping.
void unmask_engine_begin_pass(unmask_engine *engine);
void unmask_engine_end_pass(unmask_engine *engine);

/// Calls `task(context, index, worker)` once for each index below `count`, on all threads; returns when all are done.
/// `worker` is below the thread count and names the thread, for scratch memory.
void unmask_engine_run(
    unmask_engine *engine, size_t count, void (*task)(void *context, size_t index, uint32_t worker), void *context);

#endif
