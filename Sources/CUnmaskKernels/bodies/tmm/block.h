// The microkernel of tile registers: two tiles of rows times a panel, chunk by chunk, four sums in registers.
//
// Of a panel a little too large for the first-level cache nothing would be found there again, so its last chunks are loaded
// past it, and so are all rows. While the tile unit multiplies, vector instructions are free (one a cycle): the block
// before is finished among the chunks.

/// Chunks of a panel that stay in the first-level cache while blocks of rows pass: 36 of 48 KB.
enum { NEAR_CHUNKS = 18 };

/// A block's stores need a while until they can be loaded: chunks that pass before it is finished.
enum { CHUNKS_TO_WAIT = 2 };

/// Rows of sums, TILE_COLUMNS each, that wait for bias, activation, scale and residual.
typedef struct unfinished {
    const float *sums;
    size_t row, end;  // of the result
    const column_terms *terms;  // [TILE_VECTORS]
} unfinished;

/// One block: rows and weights of some chunks of k, and where its sums are.
typedef struct block {
    const float *a, *panel;
    size_t tile_numbers;  // from a tile of rows to the next
    size_t chunks;
    float *sums;       // [2 · TILE_ROWS, TILE_COLUMNS]
    bool continued;    // the sums of earlier chunks are there already
    const float *next;  // prefetched from here on, so many lines a chunk
    size_t next_lines_per_chunk;
    size_t finish_per_chunk;  // rows of the block before
} block;

/// A row's values as a line of a tile of bfloat16.
INLINE void finish_line(const unmask_gemm_panel *job, const unfinished *rows, const unmask_activation activation) {
    vec values[TILE_VECTORS];
    UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) {
        vec sum = vec_load(rows->sums + v * LANES);
        values[v] = value_of_sums(job, &rows->terms[v], rows->row, v * LANES, LANES, sum, activation);
    }
    vec_store(unmask_tiled_row(&job->c_line, rows->row), vec_joined_bf16(values[0], values[1]));
}

INLINE void finish_rows(
    const unmask_gemm_panel *job, unfinished *rows, size_t count, const unmask_activation activation) {
    for (size_t end = unmask_min(rows->end, rows->row + count); rows->row < end; rows->row++) {
        if (job->c_line.first) {
            finish_line(job, rows, activation);
        } else if (job->columns == TILE_COLUMNS) {
            UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) {
                vec sum = vec_load(rows->sums + v * LANES);
                finish_sum(job, &rows->terms[v], rows->row, v * LANES, LANES, sum, activation);
            }
        } else {
            for (size_t column = 0; column < job->columns; column += LANES) {
                size_t left = lanes_left(job->columns, column);
                vec sum = vec_load(rows->sums + column);
                finish_sum(job, &rows->terms[column / LANES], rows->row, column, left, sum, activation);
            }
        }
        rows->sums += TILE_COLUMNS;
    }
}

INLINE void multiply_chunk(const float *a, const float *second, const float *b, const bool two, const bool near) {
    if (near) TMM_LOAD(6, b, TMM_ROW);
    else TMM_LOAD_FAR(6, b, TMM_ROW);
    TMM_LOAD_FAR(4, a, TMM_ROW);
    TMM_PRODUCT(0, 4, 6);
    if (near) TMM_LOAD(7, b + TMM_NUMBERS, TMM_ROW);
    else TMM_LOAD_FAR(7, b + TMM_NUMBERS, TMM_ROW);
    TMM_PRODUCT(1, 4, 7);
    if (!two) return;
    TMM_LOAD_FAR(5, second, TMM_ROW);
    TMM_PRODUCT(2, 5, 6);
    TMM_PRODUCT(3, 5, 7);
}

/// Chunks [first, end) of a block.
INLINE void multiply_chunks(
    const unmask_gemm_panel *job, const block *work, size_t first, size_t end, unfinished *before,
    const unmask_activation activation, const bool two, const bool near) {
    const float *next = work->next + first * work->next_lines_per_chunk * PREFETCH_LINE;
    for (size_t i = first; i < end; i++) {
        const float *a = work->a + i * TMM_NUMBERS;
        multiply_chunk(a, a + (two ? work->tile_numbers : 0), work->panel + i * TILE_COLUMNS * LANES, two, near);
        for (size_t line = 0; line < work->next_lines_per_chunk; line++, next += PREFETCH_LINE) vec_prefetch(next);
        if (i >= CHUNKS_TO_WAIT) finish_rows(job, before, work->finish_per_chunk, activation);
    }
}

/// A block's sums, and on the way the results of the block before.
INLINE void multiply_block(
    const unmask_gemm_panel *job, const block *work, unfinished *before, const unmask_activation activation,
    const bool two) {
    enum { ROW_BYTES = TILE_COLUMNS * sizeof(float), SECOND = TILE_ROWS * TILE_COLUMNS };
    float *sums = work->sums;
    if (work->continued) {
        TMM_LOAD(0, sums, ROW_BYTES), TMM_LOAD(1, sums + LANES, ROW_BYTES);
        if (two) TMM_LOAD(2, sums + SECOND, ROW_BYTES), TMM_LOAD(3, sums + SECOND + LANES, ROW_BYTES);
    } else {
        TMM_ZERO(0), TMM_ZERO(1), TMM_ZERO(2), TMM_ZERO(3);
    }
    size_t near = unmask_min(work->chunks, NEAR_CHUNKS);
    multiply_chunks(job, work, 0, near, before, activation, two, true);
    multiply_chunks(job, work, near, work->chunks, before, activation, two, false);
    finish_rows(job, before, SIZE_MAX - before->row, activation);
    TMM_STORE(0, sums, ROW_BYTES), TMM_STORE(1, sums + LANES, ROW_BYTES);
    if (two) TMM_STORE(2, sums + SECOND, ROW_BYTES), TMM_STORE(3, sums + SECOND + LANES, ROW_BYTES);
}
