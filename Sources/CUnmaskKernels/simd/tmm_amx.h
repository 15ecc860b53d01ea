// The tile registers of AMX: tmm0…tmm7, 16 rows of 64 bytes each, named by literals. Whoever runs a kernel has
// configured them (unmask_tile_bracket). `stride` is the distance of rows in memory, in bytes.

#define TMM_ZERO(t) _tile_zero(t)
#define TMM_LOAD(t, p, stride) _tile_loadd(t, p, stride)
/// Past the first-level cache, which it leaves to what is read again sooner.
#define TMM_LOAD_FAR(t, p, stride) _tile_stream_loadd(t, p, stride)
#define TMM_STORE(t, p, stride) _tile_stored(t, p, stride)
#define TMM_PRODUCT_bf16(sums, rows, columns) _tile_dpbf16ps(sums, rows, columns)
#define TMM_PRODUCT_i8(sums, rows, columns) _tile_dpbssd(sums, rows, columns)
