#ifndef UNMASK_ENGINE_H
#define UNMASK_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The instruction sets that kernels are written for, slowest first.
typedef enum unmask_isa {
    UNMASK_ISA_SCALAR = 0,
    UNMASK_ISA_AVX2 = 1,    ///< AVX2 and FMA
    UNMASK_ISA_AVX512 = 2,  ///< AVX-512 F, BW, VL and DQ
} unmask_isa;

/// How many values `unmask_isa` has; rows of kernel tables are indexed by it.
enum { UNMASK_ISA_COUNT = 3 };

/// `scalar`, `avx2` or `avx512`.
const char *unmask_isa_name(unmask_isa isa);

/// Whether the processor has the instructions (CPUID) and the operating system saves their registers (XCR0).
bool unmask_isa_available(unmask_isa isa);

/// The last available one.
unmask_isa unmask_isa_best(void);

/// The processors that this process may use: the affinity mask's count, lowered to the cgroup's CPU quota
/// (version 1 and 2) rounded up; at least 1.
uint32_t unmask_available_threads(void);

/// A thread pool and one row of kernels. Runs one operation at a time: callers serialise.
typedef struct unmask_engine unmask_engine;

/// NULL where memory or threads cannot be had, or `isa` is not available. `threads` includes the calling thread.
unmask_engine *unmask_engine_create(unmask_isa isa, uint32_t threads);
void unmask_engine_destroy(unmask_engine *engine);

unmask_isa unmask_engine_isa(const unmask_engine *engine);
uint32_t unmask_engine_threads(const unmask_engine *engine);

/// Brackets a forward pass: between the two, idle threads spin for the next operation instead of sleeping.
void unmask_engine_begin_pass(unmask_engine *engine);
void unmask_engine_end_pass(unmask_engine *engine);

/// Calls `task(context, index, worker)` once for each index below `count`, on all threads; returns when all are done.
/// `worker` is below the thread count and names the thread, for scratch memory.
void unmask_engine_run(
    unmask_engine *engine, size_t count, void (*task)(void *context, size_t index, uint32_t worker), void *context);

/// The processor's float32 multiply-add peak with this engine's ISA on all its threads, in FLOP/s: the best of
/// several spells of independent register-only multiply-adds, about `milliseconds` in all.
double unmask_f32_fma_peak(unmask_engine *engine, uint32_t milliseconds);

#endif
