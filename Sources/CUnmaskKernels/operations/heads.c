#include "unmask_heads.h"

#include "share.h"

typedef struct heads_job {
    const unmask_kernels *kernels;
    const unmask_head_rows *heads;
    size_t per_task;
    const float *weight, *bias;
    float eps;
    bool rms;
    const unmask_rotation *rotation;
} heads_job;

static void run_heads(unmask_engine *engine, heads_job job, unmask_task task) {
    const unmask_head_rows *heads = job.heads;
    job.kernels = engine->kernels;
    job.per_task = unmask_items_per_task(unmask_saturating_mul(heads->heads, heads->head_dim));
    unmask_engine_run(engine, unmask_ceil_div(heads->rows, job.per_task), task, &job);
}

static void normalize_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const heads_job *job = context;
    const unmask_head_rows *heads = job->heads;
    unmask_run run = unmask_run_of(index, job->per_task, heads->rows);
    for (size_t row = run.start; row < run.end; row++) {
        float *x = heads->x + row * heads->stride;
        (job->rms ? job->kernels->rmsnorm : job->kernels->layernorm)(
            heads->heads, heads->head_dim, x, heads->head_dim, job->weight, job->bias, job->eps, x, heads->head_dim);
    }
}

void unmask_f32_normalize_heads(
    unmask_engine *engine, const unmask_head_rows *heads, const float *weight, const float *bias, float eps, bool rms) {
    if (heads->head_dim == 0) return;
    heads_job job = {.heads = heads, .weight = weight, .bias = bias, .eps = eps, .rms = rms};
    run_heads(engine, job, normalize_task);
}

static void rotate_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const heads_job *job = context;
    const unmask_head_rows *heads = job->heads;
    const unmask_rotation *rotation = job->rotation;
    size_t pairs = heads->head_dim / 2, kept = rotation->tokens - rotation->prefix;
    unmask_run run = unmask_run_of(index, job->per_task, heads->rows);
    for (size_t row = run.start; row < run.end; row++) {
        size_t image = row / rotation->tokens, token = row % rotation->tokens;
        if (token < rotation->prefix) continue;
        size_t place = token - rotation->prefix;
        size_t patch = rotation->ids ? (size_t)rotation->ids[image * kept + place] : place;
        float *x = heads->x + row * heads->stride;
        for (size_t head = 0; head < heads->heads; head++, x += heads->head_dim) {
            size_t angles = (head % rotation->groups * rotation->patches + patch) * pairs;
            job->kernels->rotate(
                pairs, rotation->halves, rotation->cosines + angles, rotation->sines + angles, x, x);
        }
    }
}

void unmask_f32_rotate_heads(unmask_engine *engine, const unmask_head_rows *heads, const unmask_rotation *rotation) {
    if (heads->head_dim == 0 || rotation->tokens < rotation->prefix || rotation->tokens == 0) return;
    heads_job job = {.heads = heads, .rotation = rotation};
    run_heads(engine, job, rotate_task);
}
