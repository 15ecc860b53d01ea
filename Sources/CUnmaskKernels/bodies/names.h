// ROW(stem) is stem__<isa>; TILED(stem) is stem_<rows>x<columns>__<isa>.

#define PASTE_ROW(stem, isa) stem##__##isa
#define EXPAND_ROW(stem, isa) PASTE_ROW(stem, isa)
#define ROW(stem) EXPAND_ROW(stem, ISA)

#define PASTE_TILED(stem, rows, columns, isa) stem##_##rows##x##columns##__##isa
#define EXPAND_TILED(stem, rows, columns, isa) PASTE_TILED(stem, rows, columns, isa)
#define TILED(stem) EXPAND_TILED(stem, TILE_ROWS, TILE_COLUMNS, ISA)

#define UNROLL _Pragma("clang loop unroll(full)")
