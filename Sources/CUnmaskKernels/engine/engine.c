#include "engine.h"

#include <unistd.h>

#include "tile_registers.h"
#include "unmask_memory.h"

static size_t l2_cache_bytes(void) {
#if defined(_SC_LEVEL2_CACHE_SIZE)
    long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (bytes >= 256 * 1024) return (size_t)bytes;
#endif
    return 1024 * 1024;
}

unmask_engine *unmask_engine_create(unmask_features features, uint32_t threads) {
    if (threads == 0 || !unmask_features_are_usable(features)) return NULL;
    unmask_engine *engine = unmask_memory_allocate(sizeof *engine);
    if (!engine) return NULL;
    *engine = (unmask_engine){
        .features = features,
        .pool = unmask_pool_create(
            threads, threads <= unmask_available_threads(),
            features & UNMASK_FEATURE_AMX_TILE ? &unmask_tile_bracket : NULL),
        .kernels = unmask_kernels_of(unmask_isa_of(features)),
        .l2_bytes = l2_cache_bytes(),
    };
    if (!engine->pool) {
        unmask_memory_free(engine);
        return NULL;
    }
    return engine;
}

void unmask_engine_destroy(unmask_engine *engine) {
    if (!engine) return;
    unmask_pool_destroy(engine->pool);
    unmask_memory_free(engine);
}

unmask_features unmask_engine_features(const unmask_engine *engine) { return engine->features; }

uint32_t unmask_engine_threads(const unmask_engine *engine) { return unmask_pool_threads(engine->pool); }

void unmask_engine_begin_pass(unmask_engine *engine) { unmask_pool_begin_pass(engine->pool); }

void unmask_engine_end_pass(unmask_engine *engine) { unmask_pool_end_pass(engine->pool); }

void unmask_engine_run(
    unmask_engine *engine, size_t count, void (*task)(void *context, size_t index, uint32_t worker), void *context) {
    unmask_pool_run(engine->pool, count, task, context);
}
