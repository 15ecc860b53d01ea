#ifndef UNMASK_SCAN_H
#define UNMASK_SCAN_H

#include "unmask_engine.h"

/// sums[q, r] = Σ x[r, i] · y[q, i] over i < width, exact where it fits an int32: |y| ≤ (2³¹ - 1) / (128 · width) is enough.
///
/// x is [rows, width], row-major without gaps, y [queries, width], sums [queries, rows] with row stride `lds`. Rows are read
/// from memory once for all queries.
void unmask_i8_dot_rows(
    unmask_engine *engine, size_t rows, size_t width, const int8_t *x, size_t queries, const int16_t *y, int32_t *sums,
    size_t lds);

/// sums[r] = Σ x[r, i] · y[i], as above, of rows that stand `ldx` numbers behind one another.
typedef void (*unmask_dot_rows)(
    size_t rows, size_t width, const int8_t *x, size_t ldx, const int16_t *y, int32_t *sums);

/// The kernel itself, on the caller's thread, for whoever goes from row to row.
unmask_dot_rows unmask_engine_dot_rows(const unmask_engine *engine);

#endif
