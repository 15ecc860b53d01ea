#include "unmask_gemm.h"

#include <stdatomic.h>

#include "../kernels/products.h"
#include "share.h"

// How a product is cut
//
// The rows are taken in slabs that fit the scratch; a slab is packed (and normalised) once, tile by tile. Then each task
// multiplies one panel of weights with one block of the slab's rows. A block's rows stay in the second-level cache
// while panels stream past, prefetched one ahead; panels run fastest so that a panel's weights are read from memory
// once a block. Threads take tasks from both ends; those in the middle are cut into fewer rows, so that all threads end together.

/// Packed rows of a slab, in floats (2.6 MB): in the third-level cache from their packing to their last use.
static const size_t SLAB_FLOATS = 650 * 1024;

/// Whole panel tasks a thread that are cut at the end, and the tiles that a piece keeps about.
enum { CUT_TASKS_PER_THREAD = 2, TILES_PER_PIECE = 3 };

static size_t slab_rows(const unmask_product_kernel *kernel, size_t m, size_t k) {
    const unmask_tile *tile = &kernel->tile;
    size_t depth = unmask_packed_units(kernel, k);
    size_t most = depth ? SLAB_FLOATS / depth / tile->rows * tile->rows : m;
    if (most < tile->rows) most = tile->rows;
    if (m <= most) return m;
    size_t slabs = unmask_ceil_div(m, most);
    return unmask_ceil_div(unmask_ceil_div(m, slabs), tile->rows) * tile->rows;  // even, in whole tiles
}

/// A slab's packed rows, then two terms of each.
size_t unmask_gemm_scratch_floats(const unmask_product_kernel *kernel, size_t m, size_t k) {
    size_t row = unmask_saturating_add(unmask_packed_units(kernel, k), kernel->tail ? 2 : 0);
    return unmask_saturating_mul(unmask_packed_rows(kernel, slab_rows(kernel, m, k)), row);
}

size_t unmask_gemm_packed_bytes(const unmask_product_kernel *kernel, size_t n, size_t k) {
    size_t panels = unmask_ceil_div(n, kernel->tile.columns);
    size_t bytes = unmask_saturating_mul(unmask_saturating_mul(panels, unmask_panel_numbers(kernel, k)), sizeof(float));
    return bytes == PTRDIFF_MAX ? 0 : bytes;
}

typedef struct packing {
    const unmask_product_kernel *kernel;
    size_t n, k;
    const void *w;
    size_t ldw;
    unmask_storage storage;
    bool transposed;
    const float *scales;
    float *packed;
    atomic_bool nonfinite;
} packing;

static void pack_panel(void *context, size_t index, uint32_t worker) {
    (void)worker;
    packing *job = context;
    size_t column = index * job->kernel->tile.columns;
    float *panel = job->packed + index * unmask_panel_numbers(job->kernel, job->k);
    job->kernel->pack_panel(
        unmask_min(job->kernel->tile.columns, job->n - column), job->k, job->w,
        job->transposed ? column : column * job->ldw, job->ldw, job->storage, job->transposed,
        job->scales ? job->scales + column : NULL, panel);
    if (!job->kernel->panel_is_finite(job->k, panel)) atomic_store(&job->nonfinite, true);
}

bool unmask_gemm_pack_whole(
    unmask_engine *engine, const unmask_product_kernel *kernel, size_t n, size_t k, const void *w, size_t ldw,
    unmask_storage storage, bool transposed, const float *scales, void *packed) {
    packing job = {kernel, n, k, w, ldw, storage, transposed, scales, packed, false};
    unmask_engine_run(engine, unmask_ceil_div(n, kernel->tile.columns), pack_panel, &job);
    return !atomic_load(&job.nonfinite);
}

bool unmask_gemm_pack(
    unmask_engine *engine, const unmask_product_kernel *kernel, size_t n, size_t k, const void *w, size_t ldw,
    unmask_storage storage, bool transposed, void *packed) {
    return unmask_gemm_pack_whole(engine, kernel, n, k, w, ldw, storage, transposed, NULL, packed);
}

/// One slab of a product, and how its tasks are numbered.
typedef struct slab {
    const unmask_product_kernel *kernel;
    const unmask_gemm *gemm;
    size_t first_row, rows, tiles;
    size_t depth, panels;    // units of a packed row, panels of weights
    size_t panel_numbers;    // from one panel to the next
    unmask_row_terms row_terms;
    size_t strips;   // tiles that are multiplied at once, all in all
    size_t blocks;   // the strips are cut into so many
    unmask_cut cut;  // of (block, panel)
    uint32_t threads;
} slab;

/// Threads that take tasks from the front; the others take them from the back.
static size_t threads_in_front(const slab *job) { return (job->threads + 1) / 2; }

/// Fetches this task's share of the panels that threads begin with, which no multiplication before them prefetches.
static void prefetch_first_panels(const slab *job, size_t index) {
    enum { LINE_FLOATS = 64 / sizeof(float) };
    size_t panels = unmask_min(job->panels, job->threads), lines = job->panel_numbers / LINE_FLOATS;
    size_t end = unmask_part_start(panels * lines, job->tiles, index + 1);
    for (size_t line = unmask_part_start(panels * lines, job->tiles, index); line < end; line++) {
        size_t nth = line / lines, front = threads_in_front(job);
        size_t panel = nth < front ? nth : job->panels - 1 - (nth - front);
        const float *weights = (const float *)job->gemm->packed + panel * job->panel_numbers;
        __builtin_prefetch(weights + line % lines * LINE_FLOATS, 0, 2);
    }
}

/// The panel that this thread will most likely take next, behind the last where there is none.
static size_t panel_after(const slab *job, size_t panel, bool is_cut, uint32_t worker) {
    size_t front = threads_in_front(job), back = job->threads - front;
    if (unmask_takes_from_back(worker)) return panel - (is_cut ? 1 : back);  // below 0 is behind the last
    return panel + (is_cut ? 1 : front);
}

/// Whether rows are multiplied as they lie.
static bool needs_no_packing(const unmask_product_kernel *kernel, unmask_form a_form) {
    return a_form == UNMASK_FORM_TILES && !kernel->pack_tiled_rows;
}

static void pack_tile(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const slab *job = context;
    const unmask_gemm *gemm = job->gemm;
    size_t row = unmask_tile_start(job->kernel, job->rows, job->tiles, index);
    size_t rows = unmask_tile_start(job->kernel, job->rows, job->tiles, index + 1) - row;
    const float *a = gemm->a + (job->first_row + row) * gemm->lda;  // where they are rows
    float *packed = gemm->scratch + row * job->depth;
    prefetch_first_panels(job, index);
    unmask_row_terms terms = {job->row_terms.scales + row, job->row_terms.sums + row};
    if (gemm->a_form == UNMASK_FORM_TILES) {
        unmask_tiled_line line = unmask_tiled_line_at((float *)gemm->a, gemm->k, 0);
        job->kernel->pack_tiled_rows(rows, gemm->k, &line, job->first_row + row, packed, terms);
    } else if (gemm->norm_weight) {
        job->kernel->norm_pack_rows(
            rows, gemm->k, a, gemm->lda, gemm->norm_weight, gemm->norm_bias, gemm->norm_eps, &gemm->grid, packed,
            terms);
    } else {
        job->kernel->pack_rows(rows, gemm->k, a, gemm->lda, &gemm->grid, packed, terms);
    }
}

static void multiply_panel(void *context, size_t index, uint32_t worker) {
    const slab *job = context;
    const unmask_gemm *gemm = job->gemm;
    const unmask_tile *tile = &job->kernel->tile;
    unmask_piece piece = unmask_piece_of(&job->cut, index);
    size_t block = piece.item / job->panels, panel = piece.item % job->panels;
    size_t block_start = unmask_part_start(job->strips, job->blocks, block);
    size_t block_strips = unmask_part_start(job->strips, job->blocks, block + 1) - block_start;
    size_t first_strip = block_start + unmask_part_start(block_strips, piece.pieces, piece.piece);
    size_t end_strip = block_start + unmask_part_start(block_strips, piece.pieces, piece.piece + 1);
    size_t column = panel * tile->columns;
    const float *weights = (const float *)gemm->packed + panel * job->panel_numbers;
    size_t next = panel_after(job, panel, piece.pieces > 1, worker);
    unmask_gemm_panel work = {
        .rows = job->rows,
        .tiles = job->tiles,
        .first_tile = first_strip * job->kernel->tiles_at_once,
        .end_tile = unmask_min(end_strip * job->kernel->tiles_at_once, job->tiles),
        .chunks = job->depth / tile->lanes,
        .a = needs_no_packing(job->kernel, gemm->a_form) ? gemm->a : gemm->scratch,
        .row_terms = job->row_terms,
        .grid = &gemm->grid,
        .panel = weights,
        .columns = unmask_min(tile->columns, gemm->n - column),
        .bias = gemm->bias ? gemm->bias + column : NULL,
        .activation = gemm->activation,
        .scale = gemm->scale ? gemm->scale + column : NULL,
        .residual = gemm->residual ? gemm->residual + job->first_row * gemm->ldr + column : NULL,
        .ldr = gemm->ldr,
        .c = gemm->c + job->first_row * gemm->ldc + column,
        .ldc = gemm->ldc,
        .c_is_rounded = gemm->c_form == UNMASK_FORM_ROUNDED,
        .next_panel = next < job->panels ? (const float *)gemm->packed + next * job->panel_numbers : NULL,
    };
    if (gemm->c_form == UNMASK_FORM_TILES) {
        work.c_line = unmask_tiled_line_at(gemm->c, gemm->n, column);
        work.c_line.first += job->first_row / UNMASK_TILED_ROWS * work.c_line.tile_numbers;
    }
    job->kernel->gemm_panel(&work);
}

/// Tiles of a block: their packed rows fill five eighths of the second-level cache, or there are 4.
static size_t tiles_per_block(const unmask_engine *engine, const slab *job) {
    size_t tile_bytes = unmask_saturating_mul(job->kernel->tile.rows * sizeof(float), job->depth);
    size_t tiles = tile_bytes ? engine->l2_bytes * 5 / 8 / tile_bytes : PTRDIFF_MAX;
    return tiles > 4 ? tiles : 4;
}

static void run_slab(unmask_engine *engine, slab *job) {
    size_t blocks = unmask_ceil_div(job->tiles, tiles_per_block(engine, job));
    size_t strips_per_piece = unmask_ceil_div(TILES_PER_PIECE, job->kernel->tiles_at_once);
    size_t pieces = unmask_min(unmask_ceil_div(job->strips / blocks, strips_per_piece), job->strips / blocks);
    job->blocks = blocks;
    job->cut = unmask_cut_of(blocks * job->panels, CUT_TASKS_PER_THREAD * (size_t)job->threads, pieces, job->threads);
    if (!needs_no_packing(job->kernel, job->gemm->a_form)) {
        unmask_engine_run(engine, job->tiles, pack_tile, job);
    }
    unmask_engine_run(engine, unmask_cut_tasks(&job->cut), multiply_panel, job);
}

void unmask_gemm_run(unmask_engine *engine, const unmask_gemm *gemm) {
    if (gemm->m == 0 || gemm->n == 0) return;
    const unmask_product_kernel *kernel = gemm->kernel;
    size_t depth = unmask_packed_units(kernel, gemm->k);
    // Rows that need no packing need no slabs.
    size_t rows_at_once = needs_no_packing(kernel, gemm->a_form) ? gemm->m : slab_rows(kernel, gemm->m, gemm->k);
    for (size_t row = 0; row < gemm->m; row += rows_at_once) {
        size_t rows = unmask_min(rows_at_once, gemm->m - row);
        float *scales = gemm->scratch + unmask_packed_rows(kernel, rows_at_once) * depth;
        slab job = {
            .kernel = kernel,
            .gemm = gemm,
            .first_row = row,
            .rows = rows,
            .tiles = unmask_ceil_div(rows, kernel->tile.rows),
            .strips = unmask_ceil_div(unmask_ceil_div(rows, kernel->tile.rows), kernel->tiles_at_once),
            .depth = depth,
            .panels = unmask_ceil_div(gemm->n, kernel->tile.columns),
            .panel_numbers = unmask_panel_numbers(kernel, gemm->k),
            .row_terms = {scales, (int32_t *)(scales + rows_at_once)},
            .threads = unmask_engine_threads(engine),
        };
        run_slab(engine, &job);
    }
}
