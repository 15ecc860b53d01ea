#include "unmask_patches.h"

#include "share.h"

typedef struct patches_job {
    const unmask_patches *patches;
    const uint8_t *bytes;   // interleaved, or
    const float *planes;    // planar
    size_t per_task, total;
} patches_job;

/// The pixels of one patch from interleaved bytes: each of its lines is one run.
static void cut_interleaved(const unmask_patches *p, const uint8_t *image, size_t top, size_t left, float *out) {
    size_t line = p->patch * p->channels;
    for (size_t y = 0; y < p->patch; y++, out += line) {
        const uint8_t *from = image + ((top + y) * p->width + left) * p->channels;
        for (size_t i = 0; i < line; i++) out[i] = (float)from[i];
    }
}

static void cut_planar(const unmask_patches *p, const float *image, size_t top, size_t left, float *out) {
    for (size_t y = 0; y < p->patch; y++) {
        for (size_t c = 0; c < p->channels; c++) {
            const float *from = image + (c * p->height + top + y) * p->width + left;
            float *to = out + y * p->patch * p->channels + c;
            for (size_t x = 0; x < p->patch; x++) to[x * p->channels] = from[x];
        }
    }
}

static void cut_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const patches_job *job = context;
    const unmask_patches *p = job->patches;
    size_t across = p->width / p->patch, numbers = p->channels * p->height * p->width;
    unmask_run run = unmask_run_of(index, job->per_task, job->total);
    for (size_t i = run.start; i < run.end; i++) {
        size_t image = i / p->kept, id = p->ids_keep ? (size_t)p->ids_keep[i] : i % p->kept;
        size_t top = id / across * p->patch, left = id % across * p->patch;
        float *out = p->out + i * p->patch * p->patch * p->channels;
        if (job->bytes) {
            cut_interleaved(p, job->bytes + image * numbers, top, left, out);
        } else {
            cut_planar(p, job->planes + image * numbers, top, left, out);
        }
    }
}

static void run_patches(unmask_engine *engine, patches_job job) {
    const unmask_patches *p = job.patches;
    if (p->patch == 0 || p->patch > p->width || p->patch > p->height) return;
    job.total = p->batch * p->kept;
    job.per_task = unmask_items_per_task(p->patch * p->patch * p->channels);
    unmask_engine_run(engine, unmask_ceil_div(job.total, job.per_task), cut_task, &job);
}

void unmask_u8_patches(unmask_engine *engine, const unmask_patches *patches, const uint8_t *pixels) {
    run_patches(engine, (patches_job){.patches = patches, .bytes = pixels});
}

void unmask_f32_patches(unmask_engine *engine, const unmask_patches *patches, const float *pixels) {
    run_patches(engine, (patches_job){.patches = patches, .planes = pixels});
}
