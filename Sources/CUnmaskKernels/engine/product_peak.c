#include <stddef.h>

#include "../kernels/products.h"
#include "engine.h"
#include "pause.h"

enum { SPELL_NS = 2000000, CALIBRATION_STEPS = 20000 };

typedef struct spell {
    const unmask_product_kernel *kernel;
    size_t steps;
    _Alignas(64) float sums[64];  // keeps the arithmetic alive; a worker's own slot, or shared by few
} spell;

static void run_spell(void *context, size_t index, uint32_t worker) {
    (void)worker;
    spell *job = context;
    job->sums[index % 64] = job->kernel->spell(job->steps);
}

double unmask_product_peak(unmask_engine *engine, const unmask_product_kernel *kernel, uint32_t milliseconds) {
    uint32_t threads = unmask_engine_threads(engine);
    spell job = {.kernel = kernel, .steps = CALIBRATION_STEPS};
    uint64_t began = unmask_now_ns();
    unmask_engine_run(engine, 1, run_spell, &job);
    uint64_t calibration = unmask_now_ns() - began + 1;
    job.steps = (size_t)(CALIBRATION_STEPS * ((double)SPELL_NS / (double)calibration)) + 1;
    double operations = 2.0 * (double)job.steps * (double)kernel->spell_step * threads;

    double best = 0;
    uint64_t end = unmask_now_ns() + (uint64_t)milliseconds * 1000000;
    unmask_engine_begin_pass(engine);
    do {
        began = unmask_now_ns();
        unmask_engine_run(engine, threads, run_spell, &job);
        double rate = operations / ((double)(unmask_now_ns() - began + 1) * 1e-9);
        if (rate > best) best = rate;
    } while (unmask_now_ns() < end);
    unmask_engine_end_pass(engine);
    return best;
}
