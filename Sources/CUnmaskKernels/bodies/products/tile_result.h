// What the microkernels of vector and of tile registers share.

enum { TILE_VECTORS = TILE_COLUMNS / LANES, PREFETCH_LINE = 64 / sizeof(float) };

/// Where a tile's result goes (row r, vector v at out + r · row_stride + v · vector_stride) and what to fetch meanwhile.
typedef struct tile_result {
    float *out;
    size_t row_stride, vector_stride;
    const float *next;            // prefetched from here on,
    size_t next_lines_per_chunk;  // so many cache lines a chunk
} tile_result;
