#include "unmask_gemm.h"

#include "share.h"

// How a product is cut
//
// The rows are taken in slabs that fit the scratch; a slab is packed (and normalised) once, tile by tile. Then each task
// multiplies one panel of weights with one block of the slab's rows. A block's rows stay in the second-level cache
// while panels stream past, prefetched one ahead; panels run fastest so that a panel's weights are read from memory
// once a block. The last tasks are cut into fewer rows, so that all threads end together.

/// Packed rows of a slab, in floats (2.6 MB): in the third-level cache from their packing to their last use.
static const size_t SLAB_FLOATS = 650 * 1024;

/// Whole panel tasks a thread that are cut at the end, and the tiles that a piece keeps at least.
enum { CUT_TASKS_PER_THREAD = 2, TILES_PER_PIECE = 3 };

static size_t padded_depth(const unmask_tile *tile, size_t k) { return unmask_saturating_round_up(k, tile->lanes); }

static size_t slab_rows(const unmask_tile *tile, size_t m, size_t k) {
    size_t depth = padded_depth(tile, k);
    size_t most = depth ? SLAB_FLOATS / depth / tile->rows * tile->rows : m;
    if (most < tile->rows) most = tile->rows;
    if (m <= most) return m;
    size_t slabs = unmask_ceil_div(m, most);
    return unmask_ceil_div(unmask_ceil_div(m, slabs), tile->rows) * tile->rows;  // even, in whole tiles
}

size_t unmask_f32_gemm_scratch_floats(const unmask_engine *engine, size_t m, size_t n, size_t k, bool norm) {
    (void)n, (void)norm;
    const unmask_tile *tile = &engine->kernels->tile;
    return unmask_saturating_mul(slab_rows(tile, m, k), padded_depth(tile, k));
}

size_t unmask_f32_gemm_packed_bytes(const unmask_engine *engine, size_t n, size_t k) {
    const unmask_tile *tile = &engine->kernels->tile;
    size_t columns = unmask_saturating_round_up(n, tile->columns), depth = padded_depth(tile, k), floats, bytes;
    if (__builtin_mul_overflow(columns, depth, &floats) || __builtin_mul_overflow(floats, sizeof(float), &bytes)) {
        return 0;
    }
    return bytes;
}

typedef struct packing {
    const unmask_kernels *kernels;
    size_t n, k;
    const void *w;
    size_t ldw;
    unmask_storage storage;
    bool transposed;
    float *packed;
} packing;

static void pack_panel(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const packing *job = context;
    const unmask_tile *tile = &job->kernels->tile;
    size_t column = index * tile->columns;
    job->kernels->pack_panel(
        unmask_min(tile->columns, job->n - column), job->k, job->w, job->transposed ? column : column * job->ldw,
        job->ldw, job->storage, job->transposed, job->packed + column * padded_depth(tile, job->k));
}

void unmask_f32_gemm_pack(
    unmask_engine *engine, size_t n, size_t k, const void *w, size_t ldw, unmask_storage storage, bool transposed,
    void *packed) {
    packing job = {engine->kernels, n, k, w, ldw, storage, transposed, packed};
    unmask_engine_run(engine, unmask_ceil_div(n, engine->kernels->tile.columns), pack_panel, &job);
}

/// One slab of a product, and how its tasks are numbered.
typedef struct slab {
    const unmask_kernels *kernels;
    const unmask_f32_gemm *gemm;
    size_t first_row, rows, tiles;
    size_t depth, panels;
    size_t blocks;   // the tiles are cut into so many
    unmask_cut cut;  // of (block, panel)
    uint32_t threads;
} slab;

/// Fetches this task's share of the first panels, one a thread, which no multiplication before them prefetches.
static void prefetch_first_panels(const slab *job, size_t index) {
    enum { LINE_FLOATS = 64 / sizeof(float) };
    size_t panels = unmask_min(job->panels, job->threads);
    size_t lines = panels * job->kernels->tile.columns * job->depth / LINE_FLOATS;
    const float *weights = job->gemm->packed;
    size_t end = unmask_part_start(lines, job->tiles, index + 1);
    for (size_t line = unmask_part_start(lines, job->tiles, index); line < end; line++) {
        __builtin_prefetch(weights + line * LINE_FLOATS, 0, 2);
    }
}

static void pack_tile(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const slab *job = context;
    const unmask_f32_gemm *gemm = job->gemm;
    size_t row = unmask_part_start(job->rows, job->tiles, index);
    size_t rows = unmask_part_start(job->rows, job->tiles, index + 1) - row;
    const float *a = gemm->a + (job->first_row + row) * gemm->lda;
    float *packed = gemm->scratch + row * job->depth;
    prefetch_first_panels(job, index);
    if (gemm->norm_weight) {
        job->kernels->norm_pack_rows(
            rows, gemm->k, a, gemm->lda, gemm->norm_weight, gemm->norm_bias, gemm->norm_eps, packed);
    } else {
        job->kernels->pack_rows(rows, gemm->k, a, gemm->lda, packed);
    }
}

static void multiply_panel(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const slab *job = context;
    const unmask_f32_gemm *gemm = job->gemm;
    const unmask_tile *tile = &job->kernels->tile;
    unmask_piece piece = unmask_piece_of(&job->cut, index);
    size_t block = piece.item / job->panels, panel = piece.item % job->panels;
    size_t block_start = unmask_part_start(job->tiles, job->blocks, block);
    size_t block_tiles = unmask_part_start(job->tiles, job->blocks, block + 1) - block_start;
    size_t column = panel * tile->columns;
    const float *weights = (const float *)gemm->packed + column * job->depth;
    size_t next = panel + (piece.pieces > 1 ? 1 : job->threads);  // most likely this thread's next panel
    unmask_gemm_panel work = {
        .rows = job->rows,
        .tiles = job->tiles,
        .first_tile = block_start + unmask_part_start(block_tiles, piece.pieces, piece.piece),
        .end_tile = block_start + unmask_part_start(block_tiles, piece.pieces, piece.piece + 1),
        .chunks = job->depth / tile->lanes,
        .a = gemm->scratch,
        .panel = weights,
        .columns = unmask_min(tile->columns, gemm->n - column),
        .bias = gemm->bias ? gemm->bias + column : NULL,
        .activation = gemm->activation,
        .residual = gemm->residual ? gemm->residual + job->first_row * gemm->ldr + column : NULL,
        .ldr = gemm->ldr,
        .c = gemm->c + job->first_row * gemm->ldc + column,
        .ldc = gemm->ldc,
        .next_panel = next < job->panels ? weights + (next - panel) * tile->columns * job->depth : NULL,
    };
    job->kernels->gemm_panel(&work);
}

/// Tiles of a block: their packed rows fill five eighths of the second-level cache, or there are 4.
static size_t tiles_per_block(const unmask_engine *engine, size_t depth) {
    size_t tile_bytes = unmask_saturating_mul(engine->kernels->tile.rows * sizeof(float), depth);
    size_t tiles = tile_bytes ? engine->l2_bytes * 5 / 8 / tile_bytes : PTRDIFF_MAX;
    return tiles > 4 ? tiles : 4;
}

static void run_slab(unmask_engine *engine, slab *job) {
    size_t blocks = unmask_ceil_div(job->tiles, tiles_per_block(engine, job->depth));
    size_t pieces = unmask_min(unmask_ceil_div(job->tiles / blocks, TILES_PER_PIECE), job->tiles / blocks);
    job->blocks = blocks;
    job->cut = unmask_cut_of(blocks * job->panels, CUT_TASKS_PER_THREAD * (size_t)job->threads, pieces, job->threads);
    unmask_engine_run(engine, job->tiles, pack_tile, job);
    unmask_engine_run(engine, unmask_cut_tasks(&job->cut), multiply_panel, job);
}

void unmask_f32_gemm_run(unmask_engine *engine, const unmask_f32_gemm *gemm) {
    if (gemm->m == 0 || gemm->n == 0) return;
    const unmask_tile *tile = &engine->kernels->tile;
    size_t rows_at_once = slab_rows(tile, gemm->m, gemm->k);
    for (size_t row = 0; row < gemm->m; row += rows_at_once) {
        size_t rows = unmask_min(rows_at_once, gemm->m - row);
        slab job = {
            .kernels = engine->kernels,
            .gemm = gemm,
            .first_row = row,
            .rows = rows,
            .tiles = unmask_ceil_div(rows, tile->rows),
            .depth = padded_depth(tile, gemm->k),
            .panels = unmask_ceil_div(gemm->n, tile->columns),
            .threads = unmask_engine_threads(engine),
        };
        run_slab(engine, &job);
    }
}
