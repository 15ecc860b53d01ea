#ifndef UNMASK_PRODUCTS_H
#define UNMASK_PRODUCTS_H

#include "unmask_engine.h"

/// How the numbers of a product are multiplied. Sums, biases, activations and results are float32 in each.
typedef enum unmask_arithmetic {
    UNMASK_ARITHMETIC_F32 = 0,
    /// Both operands rounded to bfloat16, to nearest even; sums in float32.
    UNMASK_ARITHMETIC_BF16 = 1,
    /// Both operands rounded to whole numbers of -127…127, with a scale for each row of either: the largest magnitude of
    /// the row over 127. Sums in int32, exact up to 2¹⁷ of k.
    UNMASK_ARITHMETIC_I8 = 2,
} unmask_arithmetic;

enum { UNMASK_ARITHMETIC_COUNT = 3 };

/// A way to compute products: an arithmetic on a processor's features. Weights packed for one are for no other.
typedef struct unmask_product_kernel unmask_product_kernel;

/// Kernel `index` of all there are, whether or not the processor has what they need; NULL behind the last.
const unmask_product_kernel *unmask_product_kernel_at(size_t index);

/// `unmask_i8_product_14x32__avx512vnni`: what, how, on which features.
const char *unmask_product_kernel_name(const unmask_product_kernel *kernel);
unmask_arithmetic unmask_product_kernel_arithmetic(const unmask_product_kernel *kernel);
unmask_features unmask_product_kernel_features(const unmask_product_kernel *kernel);
/// Whether the kernel does attention.
bool unmask_product_kernel_attends(const unmask_product_kernel *kernel);

/// The kernel of an arithmetic that the engine's features carry: of several the last of the table. NULL where there is
/// none. Whether it is faster than float32's is `unmask_product_speedup`'s to say.
const unmask_product_kernel *unmask_product_kernel_of(const unmask_engine *engine, unmask_arithmetic arithmetic);

/// The processor's peak of this kernel's multiply-adds on all of the engine's threads, in operations a second
/// (multiplications and additions counted apart): the best of several spells of independent register-only ones over
/// numbers of mixed bits, about `milliseconds` in all.
double unmask_product_peak(unmask_engine *engine, const unmask_product_kernel *kernel, uint32_t milliseconds);

/// How the rows of what a product reads or writes lie.
typedef enum unmask_form {
    UNMASK_FORM_ROWS = 0,  ///< float32 numbers, row after row
    /// bfloat16 numbers [rows / 16][width / 32][16][32], as tile registers load them; the last tile's missing rows hold
    /// anything. What a product writes in this form another reads without packing it first.
    UNMASK_FORM_TILES = 1,
    UNMASK_FORM_ROUNDED = 2,  ///< rows of float32 whose numbers are bfloat16's, as tiles have them
} unmask_form;

/// The bytes of rows as tiles; 0 on overflow, and where the width is no multiple of 32.
size_t unmask_tiles_bytes(size_t rows, size_t width);

/// Where column `column`, a multiple of 32, begins in the first row of tiles, in numbers of 4 bytes.
size_t unmask_tiles_column(size_t column);

/// Whether results of this kernel's products, and of its attention, can be written as tiles.
bool unmask_product_kernel_writes_tiles(const unmask_product_kernel *kernel);
/// Whether this kernel's products can read tiles.
bool unmask_product_kernel_reads_tiles(const unmask_product_kernel *kernel);

/// How much faster the kernel multiplies than float32's kernel of the same engine: both run in turns on the calling
/// thread, on rows and weights that stay in the second-level cache, for some milliseconds. Measured, because processors
/// that have the same instructions run them at very different speeds.
///
/// 0 where memory cannot be had.
double unmask_product_speedup(unmask_engine *engine, const unmask_product_kernel *kernel);

#endif
