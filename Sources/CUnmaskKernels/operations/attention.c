#include "unmask_attention.h"

#include "../kernels/products.h"
#include "share.h"

// A task packs the keys and values of one head of one image as the GEMM's panels, in its thread's own scratch, and
// runs the head's query tiles against them while they are in the second-level cache. The last heads are cut into fewer
// query tiles a task, each packing for itself, so that all threads end together.

enum { CUT_HEADS_PER_THREAD = 2, LEAST_TASKS_PER_THREAD = 4 };

/// What scratch is for, in floats.
typedef struct layout {
    // Of each thread:
    size_t k_panels, v_panels;  // of one head
    size_t tile;                // query rows and scores of one tile, and their relations
    // Of all:
    size_t table_panels;
} layout;

/// The columns of both tables' panels.
static size_t relation_columns(const unmask_tile *tile, size_t grid_rows, size_t grid_columns) {
    size_t rows = unmask_saturating_round_up(unmask_relations(grid_rows), tile->columns);
    return unmask_saturating_add(rows, unmask_saturating_round_up(unmask_relations(grid_columns), tile->columns));
}

static layout layout_of(
    const unmask_product_kernel *kernel, size_t head_dim, size_t queries, size_t keys, size_t grid_rows,
    size_t grid_columns) {
    const unmask_tile *tile = &kernel->tile;
    size_t dim_units = unmask_packed_units(kernel, head_dim), key_units = unmask_packed_units(kernel, keys);
    size_t dim_columns = unmask_saturating_round_up(head_dim, tile->columns);
    size_t key_columns = unmask_saturating_round_up(keys, tile->columns);
    size_t rows = unmask_packed_rows(kernel, unmask_min(tile->rows, queries));
    size_t tile_floats = unmask_saturating_mul(rows, unmask_saturating_add(dim_units, key_columns));
    size_t relations = relation_columns(tile, grid_rows, grid_columns);
    if (relations) {
        // A line of all keys besides, whose last vector may be written whole.
        size_t line = unmask_saturating_add(unmask_saturating_round_up(keys, tile->lanes), tile->lanes);
        tile_floats = unmask_saturating_add(tile_floats, unmask_saturating_mul(rows, relations));
        tile_floats = unmask_saturating_add(tile_floats, line);
    }
    return (layout){
        .k_panels = unmask_saturating_mul(key_columns, dim_units),
        .v_panels = unmask_saturating_mul(dim_columns, key_units),
        .tile = unmask_saturating_round_up(tile_floats, 64 / sizeof(float)),  // the next thread's is aligned too
        .table_panels = unmask_saturating_mul(relations, dim_units),
    };
}

/// Of each thread.
static size_t floats_of(layout sizes) {
    return unmask_saturating_add(sizes.tile, unmask_saturating_add(sizes.k_panels, sizes.v_panels));
}

size_t unmask_attention_scratch_floats(
    const unmask_engine *engine, const unmask_product_kernel *kernel, size_t head_dim, size_t queries, size_t keys,
    size_t grid_rows, size_t grid_columns) {
    layout sizes = layout_of(kernel, head_dim, queries, keys, grid_rows, grid_columns);
    size_t threads = unmask_saturating_mul(floats_of(sizes), unmask_engine_threads(engine));
    return unmask_saturating_add(threads, sizes.table_panels);
}

typedef struct attention_job {
    const unmask_attention *attention;
    layout sizes;
    const float *table_panels;
    size_t tiles;  // of the queries
    unmask_cut cut;
} attention_job;

static const float *rows_of(const unmask_heads *heads, size_t image, size_t head) {
    return heads->base + image * heads->batch_stride + head * heads->head_stride;
}

/// A head's first line among tiles.
static unmask_tiled_line line_of(const unmask_heads *heads, size_t head) {
    return unmask_tiled_line_at((float *)heads->base, heads->token_stride, head * heads->head_stride);
}

/// The place of an image's first row among tiles.
static size_t first_row_of(const unmask_heads *heads, size_t image) {
    return image * (heads->batch_stride / heads->token_stride);
}

/// Rows [count, head_dim] as the columns of panels; where the next panel goes.
static float *pack_as_columns(
    const unmask_product_kernel *kernel, size_t count, size_t head_dim, const float *x, size_t stride, float *panel) {
    const size_t columns = kernel->tile.columns;
    for (size_t row = 0; row < count; row += columns) {
        kernel->pack_panel(
            unmask_min(columns, count - row), head_dim, x, row * stride, stride, UNMASK_STORAGE_F32, false, NULL, panel);
        panel += unmask_panel_numbers(kernel, head_dim);
    }
    return panel;
}

/// Both tables, which all heads and images share. NULL where there are none.
static const float *pack_tables(const unmask_attention *att, float *panels) {
    if (!att->row_table) return NULL;
    size_t rows = unmask_relations(att->grid_rows), columns = unmask_relations(att->grid_columns);
    float *next = pack_as_columns(att->kernel, rows, att->head_dim, att->row_table, att->head_dim, panels);
    pack_as_columns(att->kernel, columns, att->head_dim, att->column_table, att->head_dim, next);
    return panels;
}

static void pack_keys_and_values(
    const attention_job *job, size_t image, size_t head, float *k_panel, float *v_panel) {
    const unmask_attention *att = job->attention;
    const unmask_product_kernel *kernel = att->kernel;
    if (att->qkv_form == UNMASK_FORM_TILES) {
        unmask_tiled_line k = line_of(&att->k, head), v = line_of(&att->v, head);
        kernel->pack_tiled_heads(att->keys, att->head_dim, &k, &v, first_row_of(&att->k, image), k_panel, v_panel);
        return;
    }
    const size_t columns = kernel->tile.columns;
    const float *k = rows_of(&att->k, image, head);
    const float *v = rows_of(&att->v, image, head);
    pack_as_columns(kernel, att->keys, att->head_dim, k, att->k.token_stride, k_panel);
    for (size_t dim = 0; dim < att->head_dim; dim += columns) {
        kernel->pack_panel(
            unmask_min(columns, att->head_dim - dim), att->keys, v, dim, att->v.token_stride, UNMASK_STORAGE_F32,
            true, NULL, v_panel);
        v_panel += unmask_panel_numbers(kernel, att->keys);
    }
}

/// The image's identifiers, NULL where they are all of the bias's tokens in order: those need not be looked up.
static const int32_t *ids_out_of_order(const unmask_attention *att, size_t image) {
    if (!att->bias || !att->ids) return NULL;
    const int32_t *ids = att->ids + image * att->kept;
    for (size_t i = 0; i < att->kept; i++) {
        if ((size_t)ids[i] != i) return ids;
    }
    return NULL;
}

static void attend(void *context, size_t index, uint32_t worker) {
    const attention_job *job = context;
    const unmask_attention *att = job->attention;
    unmask_piece piece = unmask_piece_of(&job->cut, index);
    size_t image = piece.item / att->heads, head = piece.item % att->heads;
    float *k_panels = att->scratch + worker * floats_of(job->sizes);
    float *v_panels = k_panels + job->sizes.k_panels;
    pack_keys_and_values(job, image, head, k_panels, v_panels);
    const int32_t *ids = ids_out_of_order(att, image);
    size_t end = unmask_part_start(job->tiles, piece.pieces, piece.piece + 1);
    for (size_t t = unmask_part_start(job->tiles, piece.pieces, piece.piece); t < end; t++) {
        size_t row = unmask_part_start(att->queries, job->tiles, t);
        size_t token = image * att->queries + row;
        unmask_attention_rows work = {
            .rows = unmask_part_start(att->queries, job->tiles, t + 1) - row,
            .keys = att->keys,
            .head_dim = att->head_dim,
            .k_panels = k_panels,
            .v_panels = v_panels,
            .scale = att->scale,
            .key_bias = att->key_bias ? att->key_bias + image * att->keys : NULL,
            .bias = att->bias ? att->bias + head * att->bias_tokens * att->bias_tokens : NULL,
            .bias_tokens = att->bias_tokens,
            .first_query = row,
            .prefix = att->keys - att->kept,
            .ids = ids,
            .grid_rows = att->grid_rows,
            .grid_columns = att->grid_columns,
            .table_panels = job->table_panels,
            .scratch = v_panels + job->sizes.v_panels,
        };
        if (att->qkv_form == UNMASK_FORM_TILES) {
            work.q_line = line_of(&att->q, head);
            work.q_row = first_row_of(&att->q, image) + row;
        } else {
            work.q = rows_of(&att->q, image, head) + row * att->q.token_stride;
            work.q_stride = att->q.token_stride;
        }
        if (att->out_form == UNMASK_FORM_TILES) {
            work.out_line = unmask_tiled_line_at(att->out, att->heads * att->head_dim, head * att->head_dim);
            work.out_row = token;
        } else {
            work.out = att->out + token * att->out_stride + head * att->head_dim;
            work.out_stride = att->out_stride;
            work.out_is_rounded = att->out_form == UNMASK_FORM_ROUNDED;
        }
        att->kernel->attention_rows(&work);
    }
}

void unmask_attention_run(unmask_engine *engine, const unmask_attention *att) {
    if (att->batch == 0 || att->heads == 0 || att->head_dim == 0 || att->queries == 0 || att->keys == 0) return;
    size_t threads = unmask_engine_threads(engine), heads = att->batch * att->heads;
    attention_job job = {
        .attention = att,
        .sizes = layout_of(
            att->kernel, att->head_dim, att->queries, att->keys, att->grid_rows, att->grid_columns),
        .tiles = unmask_ceil_div(att->queries, att->kernel->tile.rows),
    };
    job.table_panels = pack_tables(att, att->scratch + threads * floats_of(job.sizes));
    bool few = heads < LEAST_TASKS_PER_THREAD * threads;
    size_t pieces = few ? unmask_ceil_div(LEAST_TASKS_PER_THREAD * threads, heads) : 2;
    size_t cut_heads = few ? heads : CUT_HEADS_PER_THREAD * threads;
    job.cut = unmask_cut_of(heads, cut_heads, unmask_min(job.tiles, pieces), threads);
    unmask_engine_run(engine, unmask_cut_tasks(&job.cut), attend, &job);
}
