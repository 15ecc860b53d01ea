// The microkernel: a tile of packed rows times a packed panel, unit by unit, all accumulators in registers.
//
// Each element is one chain of multiply-adds over the units of k in ascending order, at every height: a row's bits do not depend on
// the tile it falls into.

#include "tile_result.h"

INLINE void tile_of_height(
    const size_t rows, size_t chunks, const float *a, const float *b, const tile_result *to) {
    vec sums[TILE_ROWS][TILE_VECTORS];
    UNROLL for (size_t r = 0; r < rows; r++) {
        UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) sums[r][v] = vec_set1(0);
    }
    const float *next = to->next;
    const size_t lines = to->next_lines_per_chunk;
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        for (size_t i = 0; i < lines; i++, next += PREFETCH_LINE) vec_prefetch(next);
        _Pragma("clang loop unroll_count(4)") for (size_t unit = 0; unit < LANES; unit++) {
            vec columns[TILE_VECTORS];
            UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) columns[v] = vec_load(b + v * LANES);
            UNROLL for (size_t r = 0; r < rows; r++) {
                vec row = vec_set1(a[r * LANES + unit]);
                UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) sums[r][v] = unit_fma(row, columns[v], sums[r][v]);
            }
            b += TILE_COLUMNS;
        }
        a += rows * LANES;
    }
    UNROLL for (size_t r = 0; r < rows; r++) {
        UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) {
            vec_store(to->out + r * to->row_stride + v * to->vector_stride, sums[r][v]);
        }
    }
}

typedef void (*tile_function)(size_t chunks, const float *a, const float *b, const tile_result *to);

#define TILE_HEIGHT(rows)                                                                                  \
    static void tile_of_##rows(size_t chunks, const float *a, const float *b, const tile_result *to) {     \
        tile_of_height(rows, chunks, a, b, to);                                                            \
    }
TILE_HEIGHT(1)
TILE_HEIGHT(2)
TILE_HEIGHT(3)
TILE_HEIGHT(4)
#if TILE_ROWS > 4
TILE_HEIGHT(5)
TILE_HEIGHT(6)
#endif
#if TILE_ROWS > 6
TILE_HEIGHT(7)
TILE_HEIGHT(8)
TILE_HEIGHT(9)
TILE_HEIGHT(10)
TILE_HEIGHT(11)
TILE_HEIGHT(12)
TILE_HEIGHT(13)
TILE_HEIGHT(14)
#endif

/// Indexed by height less one.
static const tile_function tiles[TILE_ROWS] = {
    tile_of_1, tile_of_2,  tile_of_3,  tile_of_4,
#if TILE_ROWS > 4
    tile_of_5, tile_of_6,
#endif
#if TILE_ROWS > 6
    tile_of_7, tile_of_8,  tile_of_9,  tile_of_10, tile_of_11, tile_of_12, tile_of_13, tile_of_14,
#endif
};

/// Panels that `multiply_panels` is best given together.
enum { PANELS_AT_ONCE = 1 };

/// A tile of packed rows times panels that follow one another; so do the results' vectors.
INLINE void multiply_panels(
    size_t rows, size_t chunks, const float *a, const float *panel, size_t panels, const tile_result *to) {
    tile_result part = *to;
    for (size_t i = 0; i < panels; i++) {
        tiles[rows - 1](chunks, a, panel, &part);
        panel += TILE_COLUMNS * chunks * LANES;
        part.out += TILE_VECTORS * to->vector_stride;
    }
}
