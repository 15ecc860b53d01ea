#include "unmask_merging.h"

#include <math.h>
#include <string.h>

#include "../kernels/products.h"
#include "share.h"

// Matching goes in three steps, each on all threads: every token's mean key, of length 1; the odd tokens' products with the
// even ones of their image, a tile of rows at a time, and the best of each row; and for each image the choice among these.

/// Where the parts of the scratch begin, in floats, and what is counted for it.
typedef struct layout {
    size_t odd, even;  // tokens that may be joined, and those they are joined to, of an image
    size_t best, choice;
    size_t thread, panels, rows;  // the first thread's, and of that where the rows begin and the scores
    size_t thread_floats, end;
} layout;

static size_t next_part(size_t start, size_t floats) {
    return unmask_saturating_add(start, unmask_saturating_round_up(floats, 64 / sizeof(float)));
}

static layout layout_of(
    const unmask_engine *engine, const unmask_product_kernel *kernel, size_t batch, size_t tokens, size_t fixed,
    size_t head_dim) {
    size_t free = tokens - unmask_min(fixed, tokens), odd = free / 2, even = free - odd;
    size_t tile_rows = unmask_min(kernel->tile.rows, odd);
    layout l = {.odd = odd, .even = even};
    l.best = next_part(0, unmask_saturating_mul(unmask_saturating_mul(batch, tokens), head_dim));
    l.choice = next_part(l.best, unmask_saturating_mul(batch, odd));
    l.thread = next_part(l.choice, unmask_saturating_mul(batch, unmask_saturating_mul(2, tokens)));
    size_t panels = unmask_ceil_div(even, kernel->tile.columns);
    l.panels = next_part(0, unmask_saturating_mul(panels, unmask_panel_numbers(kernel, head_dim)));
    l.rows = next_part(l.panels, unmask_saturating_mul(tile_rows, unmask_packed_units(kernel, head_dim)));
    l.thread_floats = next_part(l.rows, unmask_saturating_mul(tile_rows, even));
    l.end = unmask_saturating_add(l.thread, unmask_saturating_mul(l.thread_floats, unmask_engine_threads(engine)));
    return l;
}

size_t unmask_matching_scratch_floats(
    const unmask_engine *engine, const unmask_product_kernel *kernel, size_t batch, size_t tokens, size_t fixed,
    size_t head_dim) {
    return layout_of(engine, kernel, batch, tokens, fixed, head_dim).end;
}

typedef struct matching_job {
    const unmask_matching *matching;
    layout parts;
    size_t per_task;
    size_t tiles;    // of an image's odd tokens
    unmask_cut cut;  // of images
} matching_job;

/// The row of the best even token for each odd one, [odd] of an image.
static int32_t *choice_of(const matching_job *job, size_t image) {
    return (int32_t *)(job->matching->scratch + job->parts.choice) + image * 2 * job->matching->tokens;
}

enum { LANES = 16 };

/// Summed in lanes, so that it vectorises.
static float sum_of_squares(size_t count, const float *x) {
    float lanes[LANES] = {0}, sum = 0;
    size_t whole = count / LANES * LANES;
    for (size_t start = 0; start < whole; start += LANES) {
        for (size_t i = 0; i < LANES; i++) lanes[i] += x[start + i] * x[start + i];
    }
    for (size_t i = 0; i < LANES; i++) sum += lanes[i];
    for (size_t i = whole; i < count; i++) sum += x[i] * x[i];
    return sum;
}

static void average_keys(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const matching_job *job = context;
    const unmask_matching *m = job->matching;
    const size_t dim = m->head_dim;
    unmask_run run = unmask_run_of(index, job->per_task, m->batch * m->tokens);
    for (size_t row = run.start; row < run.end; row++) {
        size_t image = row / m->tokens, token = row % m->tokens;
        const float *key = m->keys.base + image * m->keys.batch_stride + token * m->keys.token_stride;
        float *sum = m->scratch + row * dim;
        memcpy(sum, key, dim * sizeof *sum);
        for (size_t head = 1; head < m->heads; head++) {
            const float *more = key + head * m->keys.head_stride;
            for (size_t i = 0; i < dim; i++) sum[i] += more[i];
        }
        // The sum's length is the mean's, but for a factor that the division takes away.
        float squares = sum_of_squares(dim, sum);
        float inverse = squares > 0 ? 1 / sqrtf(squares) : 0;
        for (size_t i = 0; i < dim; i++) sum[i] *= inverse;
    }
}

/// The first place of the largest number; 0 where all are NaN. `largest` is -inf then.
static size_t place_of_largest(size_t count, const float *x, float *largest) {
    float lanes[LANES];
    for (size_t i = 0; i < LANES; i++) lanes[i] = -INFINITY;
    size_t whole = count / LANES * LANES;
    for (size_t start = 0; start < whole; start += LANES) {
        for (size_t i = 0; i < LANES; i++) lanes[i] = x[start + i] > lanes[i] ? x[start + i] : lanes[i];
    }
    float best = -INFINITY;
    for (size_t i = 0; i < LANES; i++) best = lanes[i] > best ? lanes[i] : best;
    for (size_t i = whole; i < count; i++) best = x[i] > best ? x[i] : best;
    *largest = best;
    for (size_t i = 0; i < count; i++) {
        if (x[i] == best) return i;
    }
    return 0;
}

static void find_best(void *context, size_t index, uint32_t worker) {
    const matching_job *job = context;
    const unmask_matching *m = job->matching;
    const layout *parts = &job->parts;
    const unmask_product_kernel *kernel = m->kernel;
    const size_t dim = m->head_dim, stride = 2 * dim, columns = kernel->tile.columns;
    unmask_piece piece = unmask_piece_of(&job->cut, index);
    size_t image = piece.item;
    const float *even = m->scratch + (image * m->tokens + m->fixed) * dim, *odd = even + dim;
    float *best = m->scratch + parts->best + image * parts->odd;
    int32_t *choice = choice_of(job, image);
    float *panels = m->scratch + parts->thread + worker * parts->thread_floats;
    float *packed = panels + parts->panels, *scores = panels + parts->rows;
    const unmask_grid own = {0};
    for (size_t column = 0; column < parts->even; column += columns) {
        kernel->pack_panel(
            unmask_min(columns, parts->even - column), dim, even, column * stride, stride, UNMASK_STORAGE_F32, false,
            NULL, panels + column / columns * unmask_panel_numbers(kernel, dim));
    }
    size_t end = unmask_part_start(job->tiles, piece.pieces, piece.piece + 1);
    for (size_t tile = unmask_part_start(job->tiles, piece.pieces, piece.piece); tile < end; tile++) {
        size_t row = unmask_part_start(parts->odd, job->tiles, tile);
        size_t rows = unmask_part_start(parts->odd, job->tiles, tile + 1) - row;
        kernel->pack_rows(rows, dim, odd + row * stride, stride, &own, packed, (unmask_row_terms){0});
        for (size_t column = 0; column < parts->even; column += columns) {
            unmask_gemm_panel product = {
                .rows = rows,
                .tiles = 1,
                .end_tile = 1,
                .chunks = unmask_packed_units(kernel, dim) / kernel->tile.lanes,
                .a = packed,
                .panel = panels + column / columns * unmask_panel_numbers(kernel, dim),
                .columns = unmask_min(columns, parts->even - column),
                .activation = UNMASK_ACTIVATION_NONE,
                .c = scores + column,
                .ldc = parts->even,
            };
            kernel->gemm_panel(&product);
        }
        for (size_t r = 0; r < rows; r++) {
            choice[row + r] = (int32_t)place_of_largest(parts->even, scores + r * parts->even, best + row + r);
        }
    }
}

/// A number whose order is the score's, the larger of two equal ones the row that comes first.
static uint64_t rank_of(float score, size_t row) {
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    bits = bits >> 31 ? ~bits : bits | 0x80000000;
    return (uint64_t)bits << 32 | (UINT32_MAX - (uint32_t)row);
}

/// The rank that `wanted` rows reach, at least one: no two ranks are the same.
static uint64_t rank_reached(size_t rows, const float *scores, size_t wanted) {
    uint64_t reached = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t candidate = reached | (uint64_t)1 << bit;
        size_t count = 0;
        for (size_t row = 0; row < rows; row++) count += rank_of(scores[row], row) >= candidate;
        if (count >= wanted) reached = candidate;
    }
    return reached;
}

static void choose(void *context, size_t image, uint32_t worker) {
    (void)worker;
    const matching_job *job = context;
    const unmask_matching *m = job->matching;
    const size_t odd = job->parts.odd, even = job->parts.even, fixed = m->fixed;
    const size_t left = m->tokens - m->merged, first_even = left - even;
    const float *best = m->scratch + job->parts.best + image * odd;
    const float *sizes = m->sizes ? m->sizes + image * m->tokens : NULL;
    const int32_t *choice = choice_of(job, image);
    int32_t *places = choice_of(job, image) + m->tokens;  // of each token, among those left
    int32_t *starts = m->starts + image * (left + 1), *members = m->members + image * m->tokens;
    float *left_sizes = m->left_sizes + image * left;

    const uint64_t reached = m->merged > 0 ? rank_reached(odd, best, m->merged) : 0;
    memset(starts, 0, (left + 1) * sizeof *starts);
    for (size_t token = 0; token < fixed; token++) places[token] = (int32_t)token;
    for (size_t row = 0; row < even; row++) places[fixed + 2 * row] = (int32_t)(first_even + row);
    size_t unmerged = fixed;
    for (size_t row = 0; row < odd; row++) {
        bool is_merged = m->merged > 0 && rank_of(best[row], row) >= reached;
        places[fixed + 2 * row + 1] = (int32_t)(is_merged ? first_even + (size_t)choice[row] : unmerged++);
    }

    // Groups by counting: how many each has, where they begin, then the tokens, those that others join first.
    for (size_t token = 0; token < m->tokens; token++) starts[places[token] + 1]++;
    for (size_t group = 0; group < left; group++) starts[group + 1] += starts[group];
    for (size_t group = 0; group < left; group++) left_sizes[group] = 0;
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t token = 0; token < m->tokens; token++) {
            bool joins = token >= fixed && (token - fixed) % 2 == 1;
            if (joins != (pass == 1)) continue;
            members[starts[places[token]]++] = (int32_t)token;
            left_sizes[places[token]] += sizes ? sizes[token] : 1;
        }
    }
    for (size_t group = left; group > 0; group--) starts[group] = starts[group - 1];
    starts[0] = 0;

    for (size_t group = 0; group < left; group++) m->bias[image * left + group] = logf(left_sizes[group]);
    for (size_t source = 0; source < m->sources; source++) {
        size_t at = image * m->sources + source;
        m->left_origins[at] = places[m->origins ? (size_t)m->origins[at] : source];
    }
}

void unmask_match_tokens(unmask_engine *engine, const unmask_matching *m) {
    if (m->batch == 0 || m->tokens == 0 || m->head_dim == 0 || m->heads == 0) return;
    matching_job job = {
        .matching = m,
        .parts = layout_of(engine, m->kernel, m->batch, m->tokens, m->fixed, m->head_dim),
        .per_task = unmask_items_per_task(m->heads * m->head_dim),
    };
    if (m->merged > 0) {
        size_t threads = unmask_engine_threads(engine);
        job.tiles = unmask_ceil_div(job.parts.odd, m->kernel->tile.rows);
        // Images that the threads cannot share out evenly are cut into tiles.
        job.cut = unmask_cut_of(m->batch, m->batch % threads, unmask_min(job.tiles, threads), threads);
        unmask_engine_run(engine, unmask_ceil_div(m->batch * m->tokens, job.per_task), average_keys, &job);
        unmask_engine_run(engine, unmask_cut_tasks(&job.cut), find_best, &job);
    }
    unmask_engine_run(engine, m->batch, choose, &job);
}

typedef struct rows_job {
    size_t tokens, left, rows, per_task, width;
    const float *x;
    const int32_t *members, *starts;
    const float *sizes;
    float *out;
} rows_job;

static void merge_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    const size_t width = job->width;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    for (size_t row = run.start; row < run.end; row++) {
        size_t image = row / job->left, group = row % job->left;
        const int32_t *starts = job->starts + image * (job->left + 1);
        const int32_t *members = job->members + image * job->tokens;
        const float *x = job->x + image * job->tokens * width;
        const float *sizes = job->sizes ? job->sizes + image * job->tokens : NULL;
        size_t start = (size_t)starts[group], end = (size_t)starts[group + 1];
        float *out = job->out + row * width;
        memcpy(out, x + (size_t)members[start] * width, width * sizeof *out);
        if (end - start == 1) continue;
        float size = sizes ? sizes[members[start]] : 1, total = size;
        for (size_t i = 0; i < width; i++) out[i] *= size;
        for (size_t at = start + 1; at < end; at++) {
            const float *more = x + (size_t)members[at] * width;
            size = sizes ? sizes[members[at]] : 1;
            total += size;
            for (size_t i = 0; i < width; i++) out[i] += size * more[i];
        }
        for (size_t i = 0; i < width; i++) out[i] /= total;
    }
}

void unmask_f32_merge_tokens(
    unmask_engine *engine, size_t batch, size_t tokens, size_t left, size_t width, const float *x,
    const int32_t *members, const int32_t *starts, const float *sizes, float *out) {
    rows_job job = {
        .tokens = tokens, .left = left, .rows = batch * left, .per_task = unmask_items_per_task(width), .width = width,
        .x = x, .members = members, .starts = starts, .sizes = sizes, .out = out};
    unmask_engine_run(engine, unmask_ceil_div(job.rows, job.per_task), merge_task, &job);
}

static void unmerge_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const rows_job *job = context;
    unmask_run run = unmask_run_of(index, job->per_task, job->rows);
    for (size_t row = run.start; row < run.end; row++) {
        size_t image = row / job->tokens, token = (size_t)job->members[row];
        memcpy(
            job->out + row * job->width, job->x + (image * job->left + token) * job->width,
            job->width * sizeof *job->out);
    }
}

void unmask_f32_unmerge_tokens(
    unmask_engine *engine, size_t batch, size_t left, size_t sources, size_t width, const float *x,
    const int32_t *origins, float *out) {
    rows_job job = {
        .tokens = sources, .left = left, .rows = batch * sources, .per_task = unmask_items_per_task(width),
        .width = width, .x = x, .members = origins, .out = out};
    unmask_engine_run(engine, unmask_ceil_div(job.rows, job.per_task), unmerge_task, &job);
}
