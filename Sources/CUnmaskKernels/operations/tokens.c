#include <string.h>

#include "share.h"
#include "unmask_patches.h"

typedef struct tokens_job {
    size_t prefix, kept, patches, width, rows, per_task;
    const float *x, *extra, *positions;  // `extra`: the prefix, or the mask token
    const int32_t *ids;
    float *out;
} tokens_job;

static void add_row(size_t width, const float *a, const float *b, float *out) {
    for (size_t i = 0; i < width; i++) out[i] = a[i] + b[i];
}

static void assemble_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const tokens_job *job = context;
    size_t width = job->width;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    for (size_t row = run.start; row < run.end; row++) {
        size_t tokens = job->prefix + job->kept, image = row / tokens, token = row % tokens;
        float *out = job->out + row * width;
        if (token < job->prefix) {
            memcpy(out, job->extra + token * width, width * sizeof *out);
            continue;
        }
        size_t place = token - job->prefix, patch = image * job->kept + place;
        if (!job->positions) {
            memcpy(out, job->x + patch * width, width * sizeof *out);
            continue;
        }
        size_t id = job->ids ? (size_t)job->ids[patch] : place;
        add_row(width, job->x + patch * width, job->positions + id * width, out);
    }
}

void unmask_f32_assemble_tokens(
    unmask_engine *engine, size_t batch, size_t prefix_count, size_t kept, size_t width, const float *x,
    const float *prefix, const float *positions, const int32_t *ids_keep, float *out) {
    tokens_job job = {
        .prefix = prefix_count, .kept = kept, .width = width, .rows = batch * (prefix_count + kept),
        .per_task = unmask_items_per_task(width), .x = x, .extra = prefix, .positions = positions, .ids = ids_keep,
        .out = out};
    unmask_engine_run(engine, unmask_ceil_div(job.rows, job.per_task), assemble_task, &job);
}

static void restore_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const tokens_job *job = context;
    size_t width = job->width;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    for (size_t row = run.start; row < run.end; row++) {
        size_t prefix = job->prefix, tokens = prefix + job->patches;
        size_t image = row / tokens, token = row % tokens;
        const float *encoded = job->x + image * (prefix + job->kept) * width, *source = encoded + token * width;
        if (token >= prefix) {
            size_t patch = token - prefix;
            size_t id = job->ids ? (size_t)job->ids[image * job->patches + patch] : patch;
            source = id < job->kept ? encoded + (prefix + id) * width : job->extra;
        }
        add_row(width, source, job->positions + token * width, job->out + row * width);
    }
}

void unmask_f32_restore_tokens(
    unmask_engine *engine, size_t batch, size_t prefix_count, size_t kept, size_t patches, size_t width, const float *x,
    const float *mask_token, const float *positions, const int32_t *ids_restore, float *out) {
    tokens_job job = {
        .prefix = prefix_count, .kept = kept, .patches = patches, .width = width,
        .rows = batch * (prefix_count + patches),
        .per_task = unmask_items_per_task(width), .x = x, .extra = mask_token, .positions = positions,
        .ids = ids_restore, .out = out};
    unmask_engine_run(engine, unmask_ceil_div(job.rows, job.per_task), restore_task, &job);
}
