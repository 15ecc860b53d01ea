// A panel of weights against the tiles of rows, two at a time. A long k is done in parts whose columns stay in the caches next
// to the tile unit, over some blocks of rows whose sums wait between parts; the parts follow from k alone.

/// Chunks of a part: 64 KB of the panel, of which NEAR_CHUNKS stay in the first-level cache.
enum { PART_CHUNKS = 32 };

/// Blocks of rows of a long k that are done together: 64 KB of sums.
enum { WAITING_BLOCKS = 16 };

typedef struct waiting_sums {
    _Alignas(64) float of[WAITING_BLOCKS][2 * TILE_ROWS * TILE_COLUMNS];
} waiting_sums;

INLINE void multiply_panel_by_tiles(const unmask_gemm_panel *original, const unmask_activation activation) {
    const unmask_gemm_panel copy = *original, *job = &copy;  // which no store of a result can alias
    waiting_sums sums;
    column_terms terms[TILE_VECTORS] = {0};
    for (size_t column = 0; column < job->columns; column += LANES) {
        terms[column / LANES] = terms_of_columns(job, column, lanes_left(job->columns, column));
    }
    unfinished before = {.terms = terms};
    const size_t pairs = unmask_ceil_div(job->end_tile - job->first_tile, 2);
    const size_t parts = unmask_ceil_div(job->chunks, PART_CHUNKS) + (job->chunks == 0);
    const size_t blocks = parts > 1 ? WAITING_BLOCKS : 2;  // one that is multiplied and one that is finished
    const size_t lines_per_chunk = LANES * TILE_COLUMNS / PREFETCH_LINE;
    block work = {
        .tile_numbers = job->chunks * TMM_NUMBERS,
        .next = job->next_panel,
        .next_lines_per_chunk = job->next_panel ? unmask_ceil_div(lines_per_chunk, pairs) : 0,
    };
    for (size_t first = 0; first < pairs; first += blocks) {
        size_t end = unmask_min(first + blocks, pairs);
        for (size_t part = 0; part < parts; part++) {
            size_t chunk = unmask_part_start(job->chunks, parts, part);
            work.chunks = unmask_part_start(job->chunks, parts, part + 1) - chunk;
            work.panel = job->panel + chunk * TILE_COLUMNS * LANES;
            work.continued = part > 0;
            work.finish_per_chunk =
                unmask_ceil_div(2 * TILE_ROWS, work.chunks > CHUNKS_TO_WAIT ? work.chunks - CHUNKS_TO_WAIT : 1);
            for (size_t pair = first; pair < end; pair++) {
                size_t tile = job->first_tile + 2 * pair;
                work.a = job->a + (tile * job->chunks + chunk) * TMM_NUMBERS;
                work.sums = sums.of[(pair - first) % blocks];
                if (tile + 1 < job->end_tile) {
                    multiply_block(job, &work, &before, activation, true);
                } else {
                    multiply_block(job, &work, &before, activation, false);
                }
                if (work.next) work.next += work.next_lines_per_chunk * PREFETCH_LINE * work.chunks;
                if (part + 1 < parts) continue;
                size_t last_tile = unmask_min(tile + 2, job->end_tile);
                before = (unfinished){work.sums, tile * TILE_ROWS, unmask_min(last_tile * TILE_ROWS, job->rows), terms};
            }
        }
    }
    finish_rows(job, &before, SIZE_MAX - before.row, activation);
}

void PRODUCT(gemm_bias_act_residual)(const unmask_gemm_panel *job) {
    switch (job->activation) {  // the activation a constant in each copy
        case UNMASK_ACTIVATION_NONE: return multiply_panel_by_tiles(job, UNMASK_ACTIVATION_NONE);
        case UNMASK_ACTIVATION_GELU_ERF: return multiply_panel_by_tiles(job, UNMASK_ACTIVATION_GELU_ERF);
        case UNMASK_ACTIVATION_GELU_TANH: return multiply_panel_by_tiles(job, UNMASK_ACTIVATION_GELU_TANH);
        case UNMASK_ACTIVATION_GELU_QUICK: return multiply_panel_by_tiles(job, UNMASK_ACTIVATION_GELU_QUICK);
        case UNMASK_ACTIVATION_SILU: return multiply_panel_by_tiles(job, UNMASK_ACTIVATION_SILU);
    }
}
