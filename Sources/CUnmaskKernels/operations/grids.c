#include "unmask_grids.h"

#include <math.h>
#include <string.h>

#include "share.h"

/// Channels of one task: a few vectors, a few kilobytes of a row.
enum { CHANNELS = 128 };
/// Rows whose squares are summed before they are added to the others, so that long columns round little.
enum { ROWS = 64 };

typedef struct depthwise_job {
    const unmask_kernels *kernels;
    const unmask_depthwise *call;
    size_t parts;
} depthwise_job;

static void depthwise_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const depthwise_job *job = context;
    const unmask_depthwise *call = job->call;
    size_t part = index % job->parts, row = index / job->parts, image = row / call->height;
    size_t first = part * CHANNELS, end = first + unmask_min(CHANNELS, call->channels - first);
    size_t numbers = image * call->height * call->width * call->channels;
    job->kernels->depthwise(call, call->x + numbers, row % call->height, first, end, call->y + numbers);
}

void unmask_f32_depthwise(unmask_engine *engine, const unmask_depthwise *call) {
    if (call->kernel % 2 == 0) return;
    depthwise_job job = {engine->kernels, call, unmask_ceil_div(call->channels, CHANNELS)};
    unmask_engine_run(engine, call->batch * call->height * job.parts, depthwise_task, &job);
}

typedef struct response_job {
    const unmask_kernels *kernels;
    const unmask_response_norm *call;
    size_t parts, per_task;
} response_job;

/// The lengths of a part of an image's columns.
static void lengths_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const response_job *job = context;
    const unmask_response_norm *call = job->call;
    size_t image = index / job->parts, first = index % job->parts * CHANNELS;
    size_t width = unmask_min(CHANNELS, call->width - first);
    const float *x = call->x + image * call->tokens * call->width + first;
    float *lengths = call->scratch + image * call->width + first;
    memset(lengths, 0, width * sizeof *lengths);
    for (size_t row = 0; row < call->tokens; row += ROWS)
        job->kernels->add_squares(
            unmask_min(ROWS, call->tokens - row), width, x + row * call->width, call->width, lengths);
    for (size_t i = 0; i < width; i++) lengths[i] = sqrtf(lengths[i]);
}

/// An image's lengths become what its columns are multiplied by.
static void scales_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const response_job *job = context;
    const unmask_response_norm *call = job->call;
    float *scales = call->scratch + index * call->width;
    double sum = 0;
    for (size_t i = 0; i < call->width; i++) sum += scales[i];
    float mean = (float)(sum / (double)call->width) + call->eps;
    for (size_t i = 0; i < call->width; i++) scales[i] = 1 + call->weight[i] * (scales[i] / mean);
}

static void respond_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const response_job *job = context;
    const unmask_response_norm *call = job->call;
    size_t width = call->width;
    unmask_run run = unmask_run_of(index, job->per_task, call->batch * call->tokens);
    for (size_t row = run.start; row < run.end; row++) {
        const float *x = call->x + row * width, *scales = call->scratch + row / call->tokens * width;
        float *y = call->y + row * width;
        for (size_t i = 0; i < width; i++) y[i] = x[i] * scales[i] + call->bias[i];
    }
}

void unmask_f32_response_norm(unmask_engine *engine, const unmask_response_norm *call) {
    if (call->tokens == 0 || call->width == 0) return;
    response_job job = {
        engine->kernels, call, unmask_ceil_div(call->width, CHANNELS), unmask_items_per_task(call->width)};
    unmask_engine_run(engine, call->batch * job.parts, lengths_task, &job);
    unmask_engine_run(engine, call->batch, scales_task, &job);
    unmask_engine_run(engine, unmask_ceil_div(call->batch * call->tokens, job.per_task), respond_task, &job);
}

typedef struct rows_job {
    size_t rows, sources, count, width, ldx, per_task;  // `count`: of an image, or of a group
    const float *x;
    const int32_t *order;
    bool means, own_orders;
    float *out;
} rows_job;

static void gather_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    size_t bytes = job->width * sizeof *job->x;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    for (size_t row = run.start; row < run.end; row++) {
        int32_t from = job->order[job->own_orders ? row : row % job->count];
        float *out = job->out + row * job->width;
        if (from < 0) {
            memset(out, 0, bytes);
        } else {
            memcpy(out, job->x + (row / job->count * job->sources + (size_t)from) * job->width, bytes);
        }
    }
}

void unmask_f32_gather_rows(
    unmask_engine *engine, size_t images, size_t sources, size_t count, size_t width, const float *x,
    const int32_t *order, bool own_orders, float *out) {
    if (count == 0) return;
    rows_job job = {
        .rows = images * count, .sources = sources, .count = count, .width = width,
        .per_task = unmask_items_per_task(width), .x = x, .order = order, .own_orders = own_orders, .out = out};
    unmask_engine_run(engine, unmask_ceil_div(job.rows, job.per_task), gather_task, &job);
}

static void pool_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    size_t width = job->width, parts = job->means ? 2 : 1;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    for (size_t row = run.start; row < run.end; row++) {
        const float *x = job->x + row * job->count * job->ldx;
        float *largest = job->out + row * parts * width, *mean = largest + width;
        memcpy(largest, x, width * sizeof *largest);
        if (job->means) memcpy(mean, x, width * sizeof *mean);
        for (size_t i = 1; i < job->count; i++) {
            x += job->ldx;
            for (size_t c = 0; c < width; c++)
                largest[c] = largest[c] > x[c] || largest[c] != largest[c] ? largest[c] : x[c];
            if (job->means)
                for (size_t c = 0; c < width; c++) mean[c] += x[c];
        }
        if (job->means)
            for (size_t c = 0; c < width; c++) mean[c] /= (float)job->count;
    }
}

void unmask_f32_pool_rows(
    unmask_engine *engine, size_t rows, size_t group, size_t width, bool means, const float *x, size_t ldx,
    float *out) {
    if (group == 0) return;
    rows_job job = {
        .rows = rows, .count = group, .width = width, .ldx = ldx,
        .per_task = unmask_items_per_task(unmask_saturating_mul(group, width)), .x = x, .means = means, .out = out};
    unmask_engine_run(engine, unmask_ceil_div(rows, job.per_task), pool_task, &job);
}
