// ROW(stem) is stem__<isa>; PRODUCT(stem) is unmask_<arithmetic>_stem_<rows>x<columns>__<isa>.

#define PASTE_ROW(stem, isa) stem##__##isa
#define EXPAND_ROW(stem, isa) PASTE_ROW(stem, isa)
#define ROW(stem) EXPAND_ROW(stem, ISA)

#define PASTE_PRODUCT(arithmetic, stem, rows, columns, isa) unmask_##arithmetic##_##stem##_##rows##x##columns##__##isa
#define EXPAND_PRODUCT(arithmetic, stem, rows, columns, isa) PASTE_PRODUCT(arithmetic, stem, rows, columns, isa)
#define PRODUCT(stem) EXPAND_PRODUCT(ARITHMETIC, stem, TILE_ROWS, TILE_COLUMNS, ISA)

#define UNROLL _Pragma("clang loop unroll(full)")
