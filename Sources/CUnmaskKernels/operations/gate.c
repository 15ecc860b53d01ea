#include "unmask_elementwise.h"

#include "share.h"

typedef struct gate_job {
    const unmask_kernels *kernels;
    size_t rows, width, rows_per_task;
    const float *x;
    unmask_activation activation;
    float *y;
} gate_job;

static void gate_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const gate_job *job = context;
    size_t width = job->width;
    unmask_run run = unmask_run_of(index, job->rows_per_task, job->rows);
    for (size_t row = run.start; row < run.end; row++) {
        const float *x = job->x + row * 2 * width;
        job->kernels->gate(width, x, x + width, job->activation, job->y + row * width);
    }
}

void unmask_f32_gate(
    unmask_engine *engine, size_t rows, size_t width, const float *x, unmask_activation activation, float *y) {
    gate_job job = {
        .kernels = engine->kernels, .rows = rows, .width = width, .rows_per_task = unmask_items_per_task(width),
        .x = x, .activation = activation, .y = y};
    unmask_engine_run(engine, unmask_ceil_div(rows, job.rows_per_task), gate_task, &job);
}
