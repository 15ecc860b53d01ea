#ifndef UNMASK_POOL_H
#define UNMASK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A task of an operation; see unmask_engine_run.
typedef void (*unmask_task)(void *context, size_t index, uint32_t worker);

/// Whether the thread of this number takes indices from the back; the others take them from the front.
static inline bool unmask_takes_from_back(uint32_t worker) { return worker % 2 == 1; }

/// What a thread does before and after its share of an operation.
typedef struct unmask_bracket {
    void (*begin)(void);
    void (*end)(void);
} unmask_bracket;

/// Threads that share the indices of one operation at a time.
typedef struct unmask_pool unmask_pool;

/// NULL where memory or threads cannot be had. `threads` (at least 1) includes the calling thread.
/// Without `may_spin` idle threads always sleep, which is what more threads than processors need.
/// `bracket` may be NULL, or lives as long as the pool.
unmask_pool *unmask_pool_create(uint32_t threads, bool may_spin, const unmask_bracket *bracket);
void unmask_pool_destroy(unmask_pool *pool);

uint32_t unmask_pool_threads(const unmask_pool *pool);
void unmask_pool_begin_pass(unmask_pool *pool);
void unmask_pool_end_pass(unmask_pool *pool);
void unmask_pool_run(unmask_pool *pool, size_t count, unmask_task task, void *context);

#endif
