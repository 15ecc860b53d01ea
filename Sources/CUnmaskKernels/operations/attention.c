#include "unmask_attention.h"

#include "../engine/engine.h"

// Heads are taken in groups: first the keys and values of each (image, head) of the group are packed as the GEMM's
// panels, then tasks of some query tiles each run over all heads of the group.

enum { HEADS_PER_THREAD = 4, TASKS_PER_THREAD = 8 };

/// What an attention of this shape needs, in floats.
typedef struct layout {
    size_t k_panels, v_panels;  // of one head
    size_t worker;              // query rows and scores of one tile
    size_t group;               // heads packed at a time
} layout;

static layout layout_of(const unmask_engine *engine, size_t heads, size_t head_dim, size_t queries, size_t keys) {
    const unmask_tile *tile = &engine->kernels->tile;
    size_t threads = unmask_engine_threads(engine);
    size_t dim_lanes = unmask_saturating_round_up(head_dim, tile->lanes);
    size_t dim_columns = unmask_saturating_round_up(head_dim, tile->columns);
    size_t key_lanes = unmask_saturating_round_up(keys, tile->lanes);
    size_t key_columns = unmask_saturating_round_up(keys, tile->columns);
    size_t row_floats;
    if (__builtin_add_overflow(dim_lanes, key_columns, &row_floats)) row_floats = SIZE_MAX;
    size_t images = heads ? unmask_ceil_div(HEADS_PER_THREAD * threads, heads) : 1;
    return (layout){
        .k_panels = unmask_saturating_mul(key_columns, dim_lanes),
        .v_panels = unmask_saturating_mul(dim_columns, key_lanes),
        .worker = unmask_saturating_mul(unmask_min(tile->rows, queries), row_floats),
        .group = unmask_saturating_mul(images, heads),
    };
}

size_t unmask_f32_attention_scratch_floats(
    const unmask_engine *engine, size_t heads, size_t head_dim, size_t queries, size_t keys) {
    layout sizes = layout_of(engine, heads, head_dim, queries, keys);
    size_t panels, total;
    if (__builtin_add_overflow(sizes.k_panels, sizes.v_panels, &panels)) return SIZE_MAX;
    size_t workers = unmask_saturating_mul(sizes.worker, unmask_engine_threads(engine));
    panels = unmask_saturating_mul(panels, sizes.group);
    return __builtin_add_overflow(panels, workers, &total) ? SIZE_MAX : total;
}

typedef struct group {
    const unmask_kernels *kernels;
    const unmask_f32_attention *attention;
    layout sizes;
    size_t first;         // (image, head) pairs of all images are numbered through
    size_t tiles, parts;  // query tiles of a head, and the tasks that share them
    float *panels, *workers;
} group;

static void pack_head(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const group *job = context;
    const unmask_f32_attention *att = job->attention;
    const unmask_tile *tile = &job->kernels->tile;
    size_t image = (job->first + index) / att->heads, head = (job->first + index) % att->heads;
    const float *k = att->k + image * att->keys * att->k_stride + head * att->head_dim;
    const float *v = att->v + image * att->keys * att->v_stride + head * att->head_dim;
    float *k_panel = job->panels + index * (job->sizes.k_panels + job->sizes.v_panels);
    float *v_panel = k_panel + job->sizes.k_panels;
    for (size_t key = 0; key < att->keys; key += tile->columns) {
        job->kernels->pack_panel(
            unmask_min(tile->columns, att->keys - key), att->head_dim, k, key * att->k_stride, att->k_stride,
            UNMASK_STORAGE_F32, false, k_panel);
        k_panel += tile->columns * unmask_saturating_round_up(att->head_dim, tile->lanes);
    }
    for (size_t dim = 0; dim < att->head_dim; dim += tile->columns) {
        job->kernels->pack_panel(
            unmask_min(tile->columns, att->head_dim - dim), att->keys, v, dim, att->v_stride, UNMASK_STORAGE_F32, true,
            v_panel);
        v_panel += tile->columns * unmask_saturating_round_up(att->keys, tile->lanes);
    }
}

static void attend(void *context, size_t index, uint32_t worker) {
    const group *job = context;
    const unmask_f32_attention *att = job->attention;
    size_t pair = index / job->parts, part = index % job->parts;
    size_t image = (job->first + pair) / att->heads, head = (job->first + pair) % att->heads;
    const float *k_panels = job->panels + pair * (job->sizes.k_panels + job->sizes.v_panels);
    size_t end = unmask_part_start(job->tiles, job->parts, part + 1);
    for (size_t t = unmask_part_start(job->tiles, job->parts, part); t < end; t++) {
        size_t row = unmask_part_start(att->queries, job->tiles, t);
        size_t token = image * att->queries + row;
        unmask_attention_rows work = {
            .rows = unmask_part_start(att->queries, job->tiles, t + 1) - row,
            .keys = att->keys,
            .head_dim = att->head_dim,
            .q = att->q + token * att->q_stride + head * att->head_dim,
            .q_stride = att->q_stride,
            .k_panels = k_panels,
            .v_panels = k_panels + job->sizes.k_panels,
            .scale = att->scale,
            .out = att->out + token * att->out_stride + head * att->head_dim,
            .out_stride = att->out_stride,
            .scratch = job->workers + worker * job->sizes.worker,
        };
        job->kernels->attention_rows(&work);
    }
}

void unmask_f32_attention_run(unmask_engine *engine, const unmask_f32_attention *att) {
    if (att->batch == 0 || att->heads == 0 || att->head_dim == 0 || att->queries == 0 || att->keys == 0) return;
    size_t threads = unmask_engine_threads(engine);
    group job = {
        .kernels = engine->kernels,
        .attention = att,
        .sizes = layout_of(engine, att->heads, att->head_dim, att->queries, att->keys),
        .tiles = unmask_ceil_div(att->queries, engine->kernels->tile.rows),
        .panels = att->scratch,
    };
    job.workers = job.panels + job.sizes.group * (job.sizes.k_panels + job.sizes.v_panels);
    size_t pairs = att->batch * att->heads;
    for (; job.first < pairs; job.first += job.sizes.group) {
        size_t count = unmask_min(job.sizes.group, pairs - job.first);
        job.parts = unmask_min(job.tiles, unmask_ceil_div(TASKS_PER_THREAD * threads, count));
        unmask_engine_run(engine, count, pack_head, &job);
        unmask_engine_run(engine, count * job.parts, attend, &job);
    }
}
