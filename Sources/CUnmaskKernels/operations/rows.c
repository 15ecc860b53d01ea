#include "unmask_rows.h"

#include <math.h>

#include "share.h"

/// One of the operations on rows; which fields are used is the task's business.
typedef struct rows_job {
    const unmask_kernels *kernels;
    size_t rows, per_task, width;
    const float *x;
    size_t ldx;
    const float *weight, *bias;
    float eps;
    float *y;
    size_t ldy;
    size_t tokens, skip;
} rows_job;

static void run_rows(unmask_engine *engine, rows_job job, unmask_task task) {
    job.kernels = engine->kernels;
    job.per_task = unmask_items_per_task(job.tokens ? unmask_saturating_mul(job.tokens, job.width) : job.width);
    unmask_engine_run(engine, unmask_ceil_div(job.rows, job.per_task), task, &job);
}

static void layernorm_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    job->kernels->layernorm(
        run.end - run.start, job->width, job->x + run.start * job->ldx, job->ldx, job->weight, job->bias, job->eps,
        job->y + run.start * job->ldy, job->ldy);
}

void unmask_f32_layernorm(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, const float *weight,
    const float *bias, float eps, float *y, size_t ldy) {
    if (width == 0) return;
    rows_job job = {
        .rows = rows, .width = width, .x = x, .ldx = ldx, .weight = weight, .bias = bias, .eps = eps,
        .y = y, .ldy = ldy};
    run_rows(engine, job, layernorm_task);
}

static void rmsnorm_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    job->kernels->rmsnorm(
        run.end - run.start, job->width, job->x + run.start * job->ldx, job->ldx, job->weight, NULL, job->eps,
        job->y + run.start * job->ldy, job->ldy);
}

void unmask_f32_rmsnorm(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, const float *weight, float eps,
    float *y, size_t ldy) {
    if (width == 0) return;
    rows_job job = {
        .rows = rows, .width = width, .x = x, .ldx = ldx, .weight = weight, .eps = eps, .y = y, .ldy = ldy};
    run_rows(engine, job, rmsnorm_task);
}

static void deviationnorm_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    job->kernels->deviationnorm(
        run.end - run.start, job->width, job->x + run.start * job->ldx, job->ldx, job->weight, NULL, job->eps,
        job->y + run.start * job->ldy, job->ldy);
}

void unmask_f32_deviationnorm(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, const float *weight, float eps,
    float *y, size_t ldy) {
    if (width == 0) return;
    rows_job job = {
        .rows = rows, .width = width, .x = x, .ldx = ldx, .weight = weight, .eps = eps, .y = y, .ldy = ldy};
    run_rows(engine, job, deviationnorm_task);
}

static void softmax_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    job->kernels->softmax(
        run.end - run.start, job->width, job->x + run.start * job->ldx, job->ldx, job->y + run.start * job->ldy,
        job->ldy);
}

void unmask_f32_softmax(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, float *y, size_t ldy) {
    rows_job job = {.rows = rows, .width = width, .x = x, .ldx = ldx, .y = y, .ldy = ldy};
    run_rows(engine, job, softmax_task);
}

static void l2_normalize_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    for (size_t r = run.start; r < run.end; r++) {
        const float *x = job->x + r * job->ldx;
        float *y = job->y + r * job->ldy;
        double squares = 0;
        for (size_t i = 0; i < job->width; i++) squares += (double)x[i] * x[i];
        double norm = sqrt(squares);
        if (norm < 1e-12) norm = 1e-12;  // a NaN stays
        for (size_t i = 0; i < job->width; i++) y[i] = (float)(x[i] / norm);
    }
}

void unmask_f32_l2_normalize(
    unmask_engine *engine, size_t rows, size_t width, const float *x, size_t ldx, float *y, size_t ldy) {
    rows_job job = {.rows = rows, .width = width, .x = x, .ldx = ldx, .y = y, .ldy = ldy};
    run_rows(engine, job, l2_normalize_task);
}

static void mean_tokens_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    const float count = (float)(job->tokens - job->skip);
    for (size_t b = run.start; b < run.end; b++) {
        const float *x = job->x + b * job->tokens * job->width;
        float *y = job->y + b * job->width;
        for (size_t i = 0; i < job->width; i++) y[i] = 0;
        for (size_t t = job->skip; t < job->tokens; t++) {
            for (size_t i = 0; i < job->width; i++) y[i] += x[t * job->width + i];
        }
        for (size_t i = 0; i < job->width; i++) y[i] /= count;
    }
}

void unmask_f32_mean_tokens(
    unmask_engine *engine, size_t batch, size_t tokens, size_t skip, size_t width, const float *x, float *y) {
    rows_job job = {.rows = batch, .width = width, .x = x, .y = y, .tokens = tokens, .skip = unmask_min(skip, tokens)};
    run_rows(engine, job, mean_tokens_task);
}
