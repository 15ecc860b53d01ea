#include "unmask_elementwise.h"

#include <math.h>
#include <stdatomic.h>

#include "share.h"

/// One of the operations on plain arrays; which fields are used is the task's business.
typedef struct array_job {
    const unmask_kernels *kernels;
    size_t count;
    const void *x;
    const float *b;
    float *y;
    unmask_activation activation;
    unmask_grid grid;
    unmask_storage storage;
    atomic_size_t found;
} array_job;

static void run_array(unmask_engine *engine, array_job *job, unmask_task task) {
    job->kernels = engine->kernels;
    unmask_engine_run(engine, unmask_ceil_div(job->count, UNMASK_TASK_NUMBERS), task, job);
}

static unmask_run run_of(const array_job *job, size_t index) {
    return unmask_run_of(index, UNMASK_TASK_NUMBERS, job->count);
}

static void activate_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const array_job *job = context;
    unmask_run run = run_of(job, index);
    job->kernels->activate(
        run.end - run.start, (const float *)job->x + run.start, job->activation, job->y + run.start);
}

void unmask_f32_activate(unmask_engine *engine, size_t count, const float *x, unmask_activation activation, float *y) {
    array_job job = {.count = count, .x = x, .activation = activation, .y = y};
    run_array(engine, &job, activate_task);
}

static void add_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const array_job *job = context;
    const float *a = job->x;
    unmask_run run = run_of(job, index);
    for (size_t i = run.start; i < run.end; i++) job->y[i] = a[i] + job->b[i];
}

void unmask_f32_add(unmask_engine *engine, size_t count, const float *a, const float *b, float *y) {
    array_job job = {.count = count, .x = a, .b = b, .y = y};
    run_array(engine, &job, add_task);
}

static void round_to_grid_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const array_job *job = context;
    unmask_run run = run_of(job, index);
    job->kernels->round_to_grid(
        run.end - run.start, (const float *)job->x + run.start, &job->grid, job->y + run.start);
}

void unmask_f32_round_to_grid(unmask_engine *engine, size_t count, const float *x, unmask_grid grid, float *y) {
    array_job job = {.count = count, .x = x, .grid = grid, .y = y};
    run_array(engine, &job, round_to_grid_task);
}

static void widen_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const array_job *job = context;
    unmask_run run = run_of(job, index);
    job->kernels->widen(run.end - run.start, job->x, run.start, job->storage, job->y + run.start);
}

void unmask_f32_widen(unmask_engine *engine, size_t count, const void *x, unmask_storage storage, float *y) {
    array_job job = {.count = count, .x = x, .storage = storage, .y = y};
    run_array(engine, &job, widen_task);
}

static void count_nonfinite_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    array_job *job = context;
    const float *x = job->x;
    unmask_run run = run_of(job, index);
    uint32_t found = 0;
    for (size_t i = run.start; i < run.end; i++) found += !(fabsf(x[i]) < INFINITY);
    if (found) atomic_fetch_add(&job->found, found);
}

size_t unmask_f32_count_nonfinite(unmask_engine *engine, size_t count, const float *x) {
    array_job job = {.count = count, .x = x};
    run_array(engine, &job, count_nonfinite_task);
    return atomic_load(&job.found);
}
