// How packed operands lie: as the microkernel of vector registers reads them, or as tile registers (simd/tmm_*.h) load them,
// a whole register of 16 rows of 16 units after another.

#ifdef TMM_ZERO

/// Rows that a chunk of `rows` packed rows takes.
INLINE size_t chunk_rows(size_t rows) {
    (void)rows;
    return TILE_ROWS;
}

/// Where a unit of a column lies in a panel.
INLINE size_t panel_place(size_t unit, size_t column) {
    size_t chunk = unit / LANES, load = column / LANES;
    return (chunk * TILE_COLUMNS + load * LANES + unit % LANES) * LANES + column % LANES;
}

#else

INLINE size_t chunk_rows(size_t rows) { return rows; }

INLINE size_t panel_place(size_t unit, size_t column) { return unit * TILE_COLUMNS + column; }

#endif
