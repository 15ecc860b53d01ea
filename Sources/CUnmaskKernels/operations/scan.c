#include "unmask_scan.h"

#include "share.h"

/// Numbers of a task's rows: they stay in the second-level cache while one query after another goes over them.
enum { BLOCK_NUMBERS = 256 * 1024 };

typedef struct scan_job {
    const unmask_kernels *kernels;
    size_t rows, per_task, width;
    const int8_t *x;
    size_t queries;
    const int16_t *y;
    int32_t *sums;
    size_t lds;
} scan_job;

static void scan_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const scan_job *job = context;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    for (size_t q = 0; q < job->queries; q++) {
        job->kernels->dot_rows(
            run.end - run.start, job->width, job->x + run.start * job->width, job->width, job->y + q * job->width,
            job->sums + q * job->lds + run.start);
    }
}

void unmask_i8_dot_rows(
    unmask_engine *engine, size_t rows, size_t width, const int8_t *x, size_t queries, const int16_t *y, int32_t *sums,
    size_t lds) {
    if (rows == 0 || width == 0) return;
    scan_job job = {
        .kernels = engine->kernels, .rows = rows, .per_task = width < BLOCK_NUMBERS ? BLOCK_NUMBERS / width : 1,
        .width = width, .x = x, .queries = queries, .y = y, .sums = sums, .lds = lds};
    unmask_engine_run(engine, unmask_ceil_div(rows, job.per_task), scan_task, &job);
}

unmask_dot_rows unmask_engine_dot_rows(const unmask_engine *engine) { return engine->kernels->dot_rows; }
