#include "unmask_elementwise.h"

#include "share.h"

typedef struct scale_shift_job {
    size_t rows, width, rows_per_task;
    const float *x, *scale, *shift;
    float *y;
} scale_shift_job;

static void scale_shift_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const scale_shift_job *job = context;
    unmask_run run = unmask_run_of(index, job->rows_per_task, job->rows);
    for (size_t row = run.start; row < run.end; row++) {
        const float *x = job->x + row * job->width;
        float *y = job->y + row * job->width;
        for (size_t i = 0; i < job->width; i++) y[i] = x[i] * job->scale[i] + job->shift[i];
    }
}

void unmask_f32_scale_shift(
    unmask_engine *engine, size_t rows, size_t width, const float *x, const float *scale, const float *shift,
    float *y) {
    scale_shift_job job = {
        .rows = rows, .width = width, .rows_per_task = unmask_items_per_task(width),
        .x = x, .scale = scale, .shift = shift, .y = y,
    };
    unmask_engine_run(engine, unmask_ceil_div(rows, job.rows_per_task), scale_shift_task, &job);
}
