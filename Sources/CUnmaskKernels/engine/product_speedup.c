#include "../kernels/products.h"
#include "engine.h"
#include "pause.h"
#include "unmask_memory.h"

// Rows and one panel of weights that stay in the second-level cache in every arithmetic (0.2 MB of float32), multiplied
// often enough that one undisturbed turn of each kernel is among the rounds.
enum { ROWS = 48, COLUMNS = 32, DEPTH = 768, ROUNDS = 24 };

typedef struct trial {
    const unmask_product_kernel *kernel;
    float *memory;  // packed rows, their scales and sums, panels, the result
    uint64_t best_ns;
} trial;

static size_t row_numbers(const trial *t) { return ROWS * unmask_packed_units(t->kernel, DEPTH); }

static unmask_row_terms terms_of(const trial *t, size_t row) {
    float *scales = t->memory + row_numbers(t);
    return (unmask_row_terms){scales + row, (int32_t *)(scales + ROWS) + row};
}

static const unmask_grid grid_of_rows = {0};

static float *panels_of(const trial *t) { return t->memory + unmask_saturating_round_up(row_numbers(t) + 2 * ROWS, 16); }

static float *result_of(const trial *t) {
    size_t panels = unmask_ceil_div(COLUMNS, t->kernel->tile.columns);
    return panels_of(t) + panels * unmask_panel_numbers(t->kernel, DEPTH);
}

static bool prepare(trial *t) {
    t->best_ns = UINT64_MAX;
    float *end = result_of(t) + ROWS * COLUMNS;
    t->memory = unmask_memory_allocate((size_t)(end - t->memory) * sizeof(float));
    float *numbers = unmask_memory_allocate(ROWS * DEPTH * sizeof(float));
    if (t->memory && numbers) {
        uint32_t state = 1;
        for (size_t i = 0; i < ROWS * DEPTH; i++) {
            state = state * 1664525 + 1013904223;  // Numerical Recipes' generator: any mixed bits serve
            numbers[i] = (float)(int32_t)state * 0x1p-31f;
        }
        const unmask_tile *tile = &t->kernel->tile;
        for (size_t row = 0; row < ROWS; row += tile->rows) {
            size_t rows = unmask_min(tile->rows, ROWS - row);
            t->kernel->pack_rows(
                rows, DEPTH, numbers + row * DEPTH, DEPTH, &grid_of_rows,
                t->memory + row * unmask_packed_units(t->kernel, DEPTH), terms_of(t, row));
        }
        for (size_t column = 0; column < COLUMNS; column += tile->columns) {
            t->kernel->pack_panel(
                unmask_min(tile->columns, COLUMNS - column), DEPTH, numbers, column * DEPTH, DEPTH, UNMASK_STORAGE_F32,
                false, NULL, panels_of(t) + column / tile->columns * unmask_panel_numbers(t->kernel, DEPTH));
        }
    }
    unmask_memory_free(numbers);
    return t->memory && numbers;
}

static void take_turn(void *context, size_t index, uint32_t worker) {
    (void)index, (void)worker;
    trial *t = context;
    const unmask_tile *tile = &t->kernel->tile;
    uint64_t began = unmask_now_ns();
    for (size_t column = 0; column < COLUMNS; column += tile->columns) {
        size_t tiles = unmask_ceil_div(ROWS, tile->rows);
        unmask_gemm_panel job = {
            .rows = ROWS,
            .tiles = tiles,
            .end_tile = tiles,
            .chunks = unmask_packed_units(t->kernel, DEPTH) / tile->lanes,
            .a = t->memory,
            .row_terms = terms_of(t, 0),
            .grid = &grid_of_rows,
            .panel = panels_of(t) + column / tile->columns * unmask_panel_numbers(t->kernel, DEPTH),
            .columns = unmask_min(tile->columns, COLUMNS - column),
            .c = result_of(t) + column,
            .ldc = COLUMNS,
        };
        t->kernel->gemm_panel(&job);
    }
    uint64_t ns = unmask_now_ns() - began + 1;
    if (ns < t->best_ns) t->best_ns = ns;
}

double unmask_product_speedup(unmask_engine *engine, const unmask_product_kernel *kernel) {
    const unmask_product_kernel *plain = unmask_product_kernel_of(engine, UNMASK_ARITHMETIC_F32);
    trial trials[2] = {{.kernel = plain}, {.kernel = kernel}};
    bool ready = prepare(&trials[0]) && prepare(&trials[1]);
    for (size_t round = 0; ready && round < ROUNDS; round++) {
        unmask_engine_run(engine, 1, take_turn, &trials[0]);
        unmask_engine_run(engine, 1, take_turn, &trials[1]);
    }
    double speedup = ready ? (double)trials[0].best_ns / (double)trials[1].best_ns : 0;
    unmask_memory_free(trials[0].memory);
    unmask_memory_free(trials[1].memory);
    return speedup;
}
