#ifndef UNMASK_BITS_H
#define UNMASK_BITS_H

#include "unmask_engine.h"

/// Rows that are kept as signs, and what a query is beside them (Gao and Long 2024, RaBitQ): bit i of a row is set where number
/// i of what it stands for is positive. The query's numbers are the odd ones from -15 to 15, times `unit`: bit i of plane p is
/// set where 2ᵖ is added to number i, and clear where it is taken away.
typedef struct unmask_bit_rows {
    size_t rows;
    const uint64_t *bits;  ///< [rows, words], zeros behind the last number
    const float *factors;  ///< [rows]: the product of a row with a query is this times that of its signs
    const float *offsets;  ///< [rows]: what is added to it
    const uint64_t *planes;  ///< [4, words], zeros behind the last number
    float base;  ///< what is added for all rows
    float unit;
    float *estimates;  ///< [rows]: the result
} unmask_bit_rows;

/// estimates[r] = base + offsets[r] + factors[r] · unit · Σ sign[r, i] · number[i], for all rows of all parts. The sums of signs
/// are exact.
///
/// `width` numbers of a row, at most 2²⁴ / 15; a row has ⌈width / 64⌉ words.
void unmask_b1_estimate(unmask_engine *engine, size_t width, size_t parts, const unmask_bit_rows *part);

#endif
