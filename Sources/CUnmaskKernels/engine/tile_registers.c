#include "tile_registers.h"

#include <pthread.h>
#include <string.h>

#include "../kernels/products.h"
#include "unmask_amx.h"

// The block that is multiplied by tile registers and by their model: two tiles of rows times a panel, some chunks of k.
enum { ROWS = 32, COLUMNS = 32, CHUNKS = 3, CHUNK_UNITS = 16, TAIL = 3 };

typedef struct operands {
    _Alignas(64) uint32_t rows[ROWS * CHUNKS * CHUNK_UNITS];
    _Alignas(64) uint32_t panel[(CHUNKS * CHUNK_UNITS + TAIL) * COLUMNS];
    float row_scales[ROWS];
    int32_t row_sums[ROWS];
} operands;

/// Units whose numbers are of middling size as bfloat16 and as int8, of both signs.
static void fill(size_t count, uint32_t *units, uint32_t *state) {
    for (size_t i = 0; i < count; i++) {
        *state = *state * 1664525 + 1013904223;  // Numerical Recipes' generator
        units[i] = (*state & 0xbfffbfff) | 0x38003800;
    }
}

static void multiply(const unmask_product_kernel *kernel, operands *of, float *result) {
    const unmask_grid own = {0};
    unmask_gemm_panel job = {
        .rows = ROWS,
        .tiles = ROWS / kernel->tile.rows,
        .end_tile = ROWS / kernel->tile.rows,
        .chunks = CHUNKS,
        .a = (const float *)of->rows,
        .row_terms = {of->row_scales, of->row_sums},
        .grid = &own,
        .panel = (const float *)of->panel,
        .columns = COLUMNS,
        .c = result,
        .ldc = COLUMNS,
    };
    kernel->gemm_panel(&job);
}

/// The kernel of an arithmetic that needs a feature.
static const unmask_product_kernel *kernel_with(unmask_features feature, unmask_arithmetic arithmetic) {
    const unmask_product_kernel *kernel;
    for (size_t i = 0; (kernel = unmask_product_kernel_at(i)); i++) {
        if (kernel->arithmetic == arithmetic && (kernel->features & feature)) return kernel;
    }
    return NULL;
}

static bool multiply_as_modelled(void) {
    const unmask_arithmetic arithmetics[] = {UNMASK_ARITHMETIC_BF16, UNMASK_ARITHMETIC_I8};
    operands of;
    uint32_t state = 1;
    fill(sizeof of.rows / sizeof *of.rows, of.rows, &state);
    fill(CHUNKS * CHUNK_UNITS * COLUMNS, of.panel, &state);
    for (size_t i = 0; i < ROWS; i++) of.row_scales[i] = 1, of.row_sums[i] = 0;
    uint32_t *tail = of.panel + CHUNKS * CHUNK_UNITS * COLUMNS;  // of int8: its columns' scales, and no corrections
    memset(tail, 0, TAIL * COLUMNS * sizeof *tail);
    for (size_t i = 0; i < COLUMNS; i++) {
        const float scale = 1;
        memcpy(tail + i, &scale, sizeof scale);
    }
    for (size_t i = 0; i < sizeof arithmetics / sizeof *arithmetics; i++) {
        const unmask_product_kernel *tiles = kernel_with(UNMASK_FEATURE_AMX_TILE, arithmetics[i]);
        const unmask_product_kernel *model = kernel_with(UNMASK_FEATURE_AMX_MODEL, arithmetics[i]);
        if (!tiles || !model) return false;
        float found[ROWS * COLUMNS], expected[ROWS * COLUMNS];
        unmask_tile_bracket.begin();
        multiply(tiles, &of, found);
        unmask_tile_bracket.end();
        multiply(model, &of, expected);
        if (memcmp(found, expected, sizeof found) != 0) return false;
    }
    return true;
}

unmask_tile_verdict unmask_tiles_examine(const unmask_tile_questions *ask) {
    if (!ask->in_processor()) return (unmask_tile_verdict){UNMASK_TILES_ABSENT, 0};
    if (!ask->saved()) return (unmask_tile_verdict){UNMASK_TILES_NOT_SAVED, 0};
    if (!ask->have_palette()) return (unmask_tile_verdict){UNMASK_TILES_NO_PALETTE, 0};
    int error = ask->request();
    if (error != 0) return (unmask_tile_verdict){UNMASK_TILES_REFUSED, error};
    if (!ask->multiply_as_modelled()) return (unmask_tile_verdict){UNMASK_TILES_WRONG, 0};
    return (unmask_tile_verdict){UNMASK_TILES_READY, 0};
}

static unmask_tile_verdict verdict;

static void examine_process(void) {
    const unmask_tile_questions questions = {
        unmask_amx_in_processor, unmask_amx_is_saved, unmask_amx_has_palette, unmask_amx_request,
        multiply_as_modelled,
    };
    verdict = unmask_tiles_examine(&questions);
}

unmask_tile_verdict unmask_tiles_verdict(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, examine_process);
    return verdict;
}

bool unmask_features_are_usable(unmask_features features) {
    const unmask_features model = UNMASK_FEATURE_AMX_MODEL;
    if (features & ~(unmask_features_detected() | model)) return false;
    return !(features & UNMASK_FEATURE_AMX_TILE) || unmask_tiles_verdict().state == UNMASK_TILES_READY;
}
