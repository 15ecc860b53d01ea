#include "products.h"

#include "../engine/engine.h"

// Declares every kernel's functions with the types of their slots.
#define SLOT(slot) __typeof__(*((unmask_product_kernel *)0)->slot)
#define UNMASK_PRODUCT(registers, arithmetic, NAME, rows, columns, lanes, unit, tail, features, suffix, attention)     \
    extern SLOT(gemm_panel) unmask_##arithmetic##_gemm_bias_act_residual_##rows##x##columns##__##suffix;               \
    extern SLOT(pack_panel) unmask_##arithmetic##_pack_panel_##rows##x##columns##__##suffix;                           \
    extern SLOT(panel_is_finite) unmask_##arithmetic##_panel_is_finite_##rows##x##columns##__##suffix;                 \
    extern SLOT(pack_rows) unmask_##arithmetic##_pack_rows_##rows##x##columns##__##suffix;                             \
    extern SLOT(norm_pack_rows) unmask_##arithmetic##_pack_rows_layernorm_##rows##x##columns##__##suffix;              \
    extern SLOT(attention_rows) unmask_##arithmetic##_attention_##rows##x##columns##__##suffix;                        \
    extern SLOT(pack_tiled_rows) unmask_##arithmetic##_pack_tiled_rows_##rows##x##columns##__##suffix;                 \
    extern SLOT(pack_tiled_heads) unmask_##arithmetic##_pack_tiled_heads_##rows##x##columns##__##suffix;               \
    extern SLOT(spell) unmask_##arithmetic##_spell_##rows##x##columns##__##suffix;
#include "products.inc"

#define ATTENDS(name) name
#define NO_ATTENTION(name) NULL

// Vectors hold as many rows as there are; a tile register always holds 16, and two of rows are multiplied at once. A round is
// of UNMASK_SPELL_CHAINS vectors, or of four products of tile registers.
enum { VECTORS_ARE_WHOLE = false, TILES_ARE_WHOLE = true };
enum { VECTORS_AT_ONCE = 1, TILES_AT_ONCE = 2 };
// Of arithmetics that pack rows which are tiles already: those that round them once more.
#define F32_PACKS(name) NULL
#define BF16_PACKS(name) NULL
#define I8_PACKS(name) name
#define VECTORS_OF_TILES(name) NULL
#define TILES_OF_TILES(name) name
#define VECTORS_SPELL_STEP(lanes, unit) (UNMASK_SPELL_CHAINS * (lanes) * (unit))
#define TILES_SPELL_STEP(lanes, unit) (4 * (lanes) * (lanes) * (lanes) * (unit))

static const unmask_product_kernel kernels[] = {
#define UNMASK_PRODUCT(registers, arithmetic_, NAME, rows, columns, lanes, unit_, tail_, features_, suffix, attention) \
    {                                                                                                                  \
        .name = "unmask_" #arithmetic_ "_product_" #rows "x" #columns "__" #suffix,                                    \
        .arithmetic = UNMASK_ARITHMETIC_##NAME,                                                                        \
        .features = features_,                                                                                         \
        .tile = {rows, columns, lanes},                                                                                \
        .unit = unit_,                                                                                                 \
        .whole_tiles = registers##_ARE_WHOLE,                                                                          \
        .tiles_at_once = registers##_AT_ONCE,                                                                          \
        .spell_step = registers##_SPELL_STEP(lanes, unit_),                                                            \
        .tail = tail_,                                                                                                 \
        .gemm_panel = unmask_##arithmetic_##_gemm_bias_act_residual_##rows##x##columns##__##suffix,                    \
        .pack_panel = unmask_##arithmetic_##_pack_panel_##rows##x##columns##__##suffix,                                \
        .panel_is_finite = unmask_##arithmetic_##_panel_is_finite_##rows##x##columns##__##suffix,                      \
        .pack_rows = unmask_##arithmetic_##_pack_rows_##rows##x##columns##__##suffix,                                  \
        .norm_pack_rows = unmask_##arithmetic_##_pack_rows_layernorm_##rows##x##columns##__##suffix,                   \
        .attention_rows = attention(unmask_##arithmetic_##_attention_##rows##x##columns##__##suffix),                  \
        .pack_tiled_rows =                                                                                             \
            registers##_OF_TILES(NAME##_PACKS(unmask_##arithmetic_##_pack_tiled_rows_##rows##x##columns##__##suffix)), \
        .pack_tiled_heads =                                                                                            \
            registers##_OF_TILES(attention(unmask_##arithmetic_##_pack_tiled_heads_##rows##x##columns##__##suffix)),   \
        .spell = unmask_##arithmetic_##_spell_##rows##x##columns##__##suffix,                                          \
    },
#include "products.inc"
};

enum { KERNELS = sizeof kernels / sizeof *kernels };

const unmask_product_kernel *unmask_product_kernel_at(size_t index) { return index < KERNELS ? &kernels[index] : NULL; }

const char *unmask_product_kernel_name(const unmask_product_kernel *kernel) { return kernel->name; }

unmask_arithmetic unmask_product_kernel_arithmetic(const unmask_product_kernel *kernel) { return kernel->arithmetic; }

unmask_features unmask_product_kernel_features(const unmask_product_kernel *kernel) { return kernel->features; }

bool unmask_product_kernel_attends(const unmask_product_kernel *kernel) { return kernel->attention_rows != NULL; }

size_t unmask_tiles_bytes(size_t rows, size_t width) {
    if (width % UNMASK_TILED_WIDTH != 0) return 0;
    size_t lines = unmask_saturating_mul(unmask_saturating_round_up(rows, UNMASK_TILED_ROWS), width / UNMASK_TILED_WIDTH);
    size_t bytes = unmask_saturating_mul(lines, UNMASK_TILED_LINE * sizeof(float));
    return bytes == PTRDIFF_MAX ? 0 : bytes;
}

size_t unmask_tiles_column(size_t column) {
    return column / UNMASK_TILED_WIDTH * UNMASK_TILED_ROWS * UNMASK_TILED_LINE;
}

bool unmask_product_kernel_writes_tiles(const unmask_product_kernel *kernel) { return kernel->whole_tiles; }

bool unmask_product_kernel_reads_tiles(const unmask_product_kernel *kernel) {
    return kernel->whole_tiles;
}

const unmask_product_kernel *unmask_product_kernel_of(const unmask_engine *engine, unmask_arithmetic arithmetic) {
    for (size_t i = KERNELS; i > 0; i--) {
        const unmask_product_kernel *kernel = &kernels[i - 1];
        if (kernel->arithmetic == arithmetic && (kernel->features & ~engine->features) == 0) return kernel;
    }
    return NULL;
}
