// Kernels against double references, for processors on which Swift's tests do not run: built by scripts/check-aarch64 and
// scripts/check-amx, which run it in emulators. Prints how many numbers were compared; fails on the first that is too far off.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CUnmaskKernels.h"

static size_t compared;

static uint64_t state = 1;

/// SplitMix64 (Steele, Lea and Flood, 2014), in -1 ..< 1.
static float next_number(void) {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (float)((z ^ (z >> 31)) >> 40) * 0x1p-23f - 1;
}

static float *numbers(size_t count) {
    float *x = unmask_memory_allocate((count + 1) * sizeof *x);
    if (!x) exit(3);
    for (size_t i = 0; i < count; i++) x[i] = next_number();
    return x;
}

static float *room(size_t count) {
    float *x = numbers(count);
    for (size_t i = 0; i < count; i++) x[i] = NAN;
    return x;
}

static void expect(double found, double expected, double tolerance, const char *what) {
    compared++;
    if (fabs(found - expected) <= tolerance) return;
    printf("%s: found %.9g, expected %.9g within %.3g\n", what, found, expected, tolerance);
    exit(1);
}

static double bf16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/// A row as an arithmetic sees it.
static void round_row(unmask_arithmetic arithmetic, size_t count, const float *x, double *rounded) {
    float largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(x[i]));
    for (size_t i = 0; i < count; i++) {
        switch (arithmetic) {
            case UNMASK_ARITHMETIC_F32: rounded[i] = x[i]; break;
            case UNMASK_ARITHMETIC_BF16: rounded[i] = bf16(x[i]); break;
            case UNMASK_ARITHMETIC_I8: rounded[i] = rint(x[i] * (127 / largest)) * (largest / 127); break;
        }
    }
}

static void check_product(
    unmask_engine *engine, const unmask_product_kernel *kernel, size_t m, size_t n, size_t k, bool transposed) {
    unmask_arithmetic arithmetic = unmask_product_kernel_arithmetic(kernel);
    float *a = numbers(m * k), *w = numbers(n * k), *stored = numbers(n * k), *bias = numbers(n), *rest = numbers(m * n);
    float *scale = numbers(n), *c = room(m * n), *alone = room(n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < k; i++) stored[transposed ? i * n + j : j * k + i] = w[j * k + i];
    }
    void *packed = unmask_memory_allocate(unmask_gemm_packed_bytes(kernel, n, k) + 1);
    float *scratch = unmask_memory_allocate(unmask_gemm_scratch_floats(kernel, m, k) * sizeof *scratch + 1);
    unmask_gemm_pack(engine, kernel, n, k, stored, transposed ? n : k, UNMASK_STORAGE_F32, transposed, packed);
    unmask_gemm gemm = {
        .kernel = kernel, .m = m, .n = n, .k = k, .a = a, .lda = k, .packed = packed, .bias = bias, .scale = scale,
        .residual = rest, .ldr = n, .activation = UNMASK_ACTIVATION_GELU_ERF, .c = c, .ldc = n, .scratch = scratch};
    unmask_gemm_run(engine, &gemm);
    double *rows = malloc(k * sizeof *rows), *columns = malloc(n * k * sizeof *columns);
    for (size_t j = 0; j < n; j++) round_row(arithmetic, k, w + j * k, columns + j * k);
    for (size_t r = 0; r < m; r++) {
        round_row(arithmetic, k, a + r * k, rows);
        for (size_t j = 0; j < n; j++) {
            double sum = bias[j], magnitude = fabs(bias[j]);
            for (size_t i = 0; i < k; i++) {
                sum += rows[i] * columns[j * k + i];
                magnitude += fabs(rows[i] * columns[j * k + i]);
            }
            double result = sum / 2 * (1 + erf(sum / sqrt(2))) * scale[j] + rest[r * n + j];
            double coarse = arithmetic == UNMASK_ARITHMETIC_F32 ? 1e-6 : 1.7e-4;
            double tolerance = 1.13 * (double)(k + 4) * 0x1p-24 * magnitude + coarse * fmax(1, fabs(sum)) + 1e-6;
            expect(c[r * n + j], result, tolerance, unmask_product_kernel_name(kernel));
        }
    }
    // A row's bits do not depend on the others.
    gemm.m = 1;
    gemm.a += (m - 1) * k;
    gemm.residual += (m - 1) * n;
    gemm.c = alone;
    unmask_gemm_run(engine, &gemm);
    for (size_t j = 0; j < n; j++) {
        compared++;
        if (memcmp(&alone[j], &c[(m - 1) * n + j], sizeof *c)) {
            printf("%s: a row alone has other bits\n", unmask_product_kernel_name(kernel));
            exit(1);
        }
    }
    float *owned[] = {a, w, stored, bias, rest, scale, c, alone, scratch};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) unmask_memory_free(owned[i]);
    unmask_memory_free(packed);
    free(rows);
    free(columns);
}

/// Whole weights, up to 255 apart, with rows on a grid: the sums are exact.
static void check_grid(
    unmask_engine *engine, const unmask_product_kernel *kernel, unmask_grid grid, int weight_zero, size_t k) {
    enum { ROWS = 7, COLUMNS = 21 };
    float *a = numbers(ROWS * k), *scales = numbers(COLUMNS), *c = room(ROWS * COLUMNS);
    int16_t *w = unmask_memory_allocate((COLUMNS * k + 1) * sizeof *w);
    for (size_t i = 0; i < COLUMNS * k; i++) w[i] = (int16_t)((int)((next_number() + 1) * 127.9f) - weight_zero);
    for (size_t i = 0; i < ROWS * k; i++) a[i] *= 200 * grid.scale;
    void *packed = unmask_memory_allocate(unmask_gemm_packed_bytes(kernel, COLUMNS, k) + 1);
    float *scratch = unmask_memory_allocate(unmask_gemm_scratch_floats(kernel, ROWS, k) * sizeof *scratch + 1);
    unmask_gemm_pack_whole(engine, kernel, COLUMNS, k, w, k, UNMASK_STORAGE_I16, false, scales, packed);
    unmask_gemm gemm = {
        .kernel = kernel, .m = ROWS, .n = COLUMNS, .k = k, .a = a, .lda = k, .packed = packed, .grid = grid, .c = c,
        .ldc = COLUMNS, .scratch = scratch};
    unmask_gemm_run(engine, &gemm);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t j = 0; j < COLUMNS; j++) {
            long sum = 0;
            for (size_t i = 0; i < k; i++) {
                long whole = (long)rintf(a[r * k + i] / grid.scale) + grid.zero;
                whole = whole < grid.least ? grid.least : whole > grid.most ? grid.most : whole;
                sum += (whole - grid.zero) * w[j * k + i];
            }
            double value = (double)sum * scales[j] * grid.scale;
            expect(c[r * COLUMNS + j], value, 4 * 0x1p-24 * fabs(value), "a product on a grid");
        }
    }
    float *owned[] = {a, scales, c, scratch};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) unmask_memory_free(owned[i]);
    unmask_memory_free(w);
    unmask_memory_free(packed);
}

/// With a bias of pairs of tokens, one of each key, both or none, and with tables where the tokens are a grid; the first token is
/// the bias's first one, the others stand among its others in reverse.
static void check_attention(
    unmask_engine *engine, const unmask_product_kernel *kernel, size_t keys, size_t width, bool pairs, bool each,
    size_t grid_rows) {
    enum { HEADS = 2, LEFT_OUT = 3 };
    bool coarse = unmask_product_kernel_arithmetic(kernel) != UNMASK_ARITHMETIC_F32;
    size_t row = HEADS * width;
    float *q = numbers(keys * row), *k = numbers(keys * row), *v = numbers(keys * row), *out = room(keys * row);
    size_t tokens = keys + LEFT_OUT;
    float *bias = numbers(HEADS * tokens * tokens), *key_bias = numbers(keys);
    int32_t *ids = malloc((keys + 1) * sizeof *ids);
    for (size_t i = 1; i < keys; i++) ids[i - 1] = (int32_t)(tokens - 1 - i);
    size_t grid_columns = grid_rows ? keys / grid_rows : 0;
    float *row_table = numbers((2 * grid_rows + 1) * width), *column_table = numbers((2 * grid_columns + 1) * width);
    size_t floats = unmask_attention_scratch_floats(engine, kernel, width, keys, keys, grid_rows, grid_columns);
    float *scratch = unmask_memory_allocate(floats * sizeof *scratch);
    unmask_attention attention = {
        .kernel = kernel, .batch = 1, .heads = HEADS, .head_dim = width, .queries = keys, .keys = keys,
        .q = {q, keys * row, row, width}, .k = {k, keys * row, row, width}, .v = {v, keys * row, row, width},
        .scale = 1 / sqrtf((float)width), .key_bias = each ? key_bias : NULL, .bias = pairs ? bias : NULL,
        .bias_tokens = tokens, .ids = ids, .kept = keys - 1, .row_table = grid_rows ? row_table : NULL,
        .column_table = grid_rows ? column_table : NULL, .grid_rows = grid_rows, .grid_columns = grid_columns,
        .out = out, .out_stride = row, .scratch = scratch};
    unmask_attention_run(engine, &attention);
    double *weights = malloc(keys * sizeof *weights);
    for (size_t i = 0; i < keys; i++) {
        for (size_t h = 0; h < HEADS; h++) {
            double largest = -INFINITY, total = 0;
            for (size_t j = 0; j < keys; j++) {
                size_t from = i ? 1 + (size_t)ids[i - 1] : 0, to = j ? 1 + (size_t)ids[j - 1] : 0;
                weights[j] = (pairs ? bias[(h * tokens + from) * tokens + to] : 0) + (each ? key_bias[j] : 0);
                for (size_t d = 0; d < width; d++) {
                    float x = q[i * row + h * width + d] * attention.scale, y = k[j * row + h * width + d];
                    weights[j] += coarse ? bf16(x) * bf16(y) : (double)x * y;
                    if (!grid_rows) continue;
                    size_t down = grid_rows - 1 + j / grid_columns - i / grid_columns;
                    size_t across = grid_columns - 1 + j % grid_columns - i % grid_columns;
                    float r = row_table[down * width + d], c = column_table[across * width + d];
                    weights[j] += coarse ? bf16(x) * (bf16(r) + bf16(c)) : (double)x * ((double)r + c);
                }
                largest = fmax(largest, weights[j]);
            }
            for (size_t j = 0; j < keys; j++) total += weights[j] = exp(weights[j] - largest);
            for (size_t d = 0; d < width; d++) {
                double sum = 0;
                for (size_t j = 0; j < keys; j++) {
                    float x = v[j * row + h * width + d];
                    sum += weights[j] / total * (coarse ? bf16(x) : x);
                }
                expect(out[i * row + h * width + d], sum, coarse ? 3e-3 : 1e-5, "attention");
            }
        }
    }
    free(weights);
    free(ids);
    float *owned[] = {q, k, v, bias, key_bias, row_table, column_table, out, scratch};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) unmask_memory_free(owned[i]);
}

static void check_rows(unmask_engine *engine, size_t width) {
    enum { ROWS = 5 };
    float *x = numbers(ROWS * width), *weight = numbers(width), *bias = numbers(width), *y = room(ROWS * width);
    unmask_f32_layernorm(engine, ROWS, width, x, width, weight, bias, 1e-6f, y, width);
    for (size_t r = 0; r < ROWS; r++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < width; i++) mean += x[r * width + i] / (double)width;
        for (size_t i = 0; i < width; i++) variance += pow(x[r * width + i] - mean, 2) / (double)width;
        for (size_t i = 0; i < width; i++) {
            double normal = (x[r * width + i] - mean) / sqrt(variance + 1e-6);
            expect(y[r * width + i], normal * weight[i] + bias[i], 1e-5, "layernorm");
        }
    }
    unmask_f32_softmax(engine, ROWS, width, x, width, y, width);
    for (size_t r = 0; r < ROWS; r++) {
        double total = 0;
        for (size_t i = 0; i < width; i++) total += exp(x[r * width + i]);
        for (size_t i = 0; i < width; i++) {
            expect(y[r * width + i], exp(x[r * width + i]) / total, 1e-6, "softmax");
        }
    }
    float *owned[] = {x, weight, bias, y};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) unmask_memory_free(owned[i]);
}

/// Fails unless a kernel of each name given is there and passes.
/// Estimates by signs: the sums are exact.
static void check_bits(unmask_engine *engine, size_t width) {
    enum { ROWS = 37 };
    const size_t words = (width + 63) / 64;
    uint64_t bits[ROWS * 8] = {0}, planes[4 * 8] = {0};
    for (size_t i = 0; i < ROWS * width; i++) {
        bits[i / width * words + i % width / 64] |= (uint64_t)(next_number() > 0) << i % width % 64;
    }
    for (size_t i = 0; i < 4 * width; i++) {
        planes[i / width * words + i % width / 64] |= (uint64_t)(next_number() > 0) << i % width % 64;
    }
    float factors[ROWS], offsets[ROWS], estimates[ROWS];
    for (size_t r = 0; r < ROWS; r++) factors[r] = 1, offsets[r] = (float)r;
    unmask_bit_rows part = {ROWS, bits, factors, offsets, planes, 2, 0.5f, estimates};
    unmask_b1_estimate(engine, width, 1, &part);
    for (size_t r = 0; r < ROWS; r++) {
        long sum = 0;
        for (size_t i = 0; i < width; i++) {
            int number = 0;
            for (size_t p = 0; p < 4; p++) number += (planes[p * words + i / 64] >> i % 64 & 1 ? 1 : -1) * (1 << p);
            sum += bits[r * words + i / 64] >> i % 64 & 1 ? number : -number;
        }
        expect(estimates[r], 2 + (double)r + 0.5 * (double)sum, 0, "estimates by signs");
    }
}

int main(int count, char **names) {
    unmask_features features = unmask_features_detected();
    unmask_engine *engine = unmask_engine_create(features, 2);
    if (!engine) return 3;
    for (int i = 1; i < count; i++) {
        const unmask_product_kernel *kernel = NULL;
        for (size_t index = 0; (kernel = unmask_product_kernel_at(index)); index++) {
            if (!strcmp(unmask_product_kernel_name(kernel), names[i])) break;
        }
        if (!kernel || (unmask_product_kernel_features(kernel) & ~features)) {
            printf("%s: %s\n", names[i], kernel ? "this processor lacks what it needs" : "no such kernel");
            return 1;
        }
    }
    for (size_t index = 0; unmask_product_kernel_at(index); index++) {
        const unmask_product_kernel *kernel = unmask_product_kernel_at(index);
        if (unmask_product_kernel_features(kernel) & ~features) continue;
        size_t before = compared;
        for (size_t m = 1; m <= 15; m += 2) {
            for (size_t n = 1; n <= 40; n += 13) {
                for (size_t k = 1; k <= 70; k += 23) check_product(engine, kernel, m, n, k, (m + n + k) % 2);
            }
        }
        check_product(engine, kernel, 61, 37, 300, true);
        check_product(engine, kernel, 33, 33, 2200, false);
        for (int zero = 0; zero < 256 && unmask_product_kernel_arithmetic(kernel) == UNMASK_ARITHMETIC_I8; zero += 51) {
            check_grid(engine, kernel, (unmask_grid){0.02f, zero, 0, 255}, 255 - zero, 70);
            check_grid(engine, kernel, (unmask_grid){0.03f, zero - 128, -128, 127}, 128, 33);
        }
        if (unmask_product_kernel_attends(kernel)) {
            for (size_t keys = 1; keys <= 70; keys += 23) {
                for (int biases = 0; biases < 4; biases++) {
                    check_attention(engine, kernel, keys, 4 + keys % 5 * 7, biases & 1, biases & 2, 0);
                }
            }
            for (size_t rows = 1; rows <= 5; rows += 2) check_attention(engine, kernel, rows * 9, 33, false, false, rows);
        }
        printf("%s: %zu numbers\n", unmask_product_kernel_name(kernel), compared - before);
    }
    for (size_t width = 1; width < 100; width += 7) check_rows(engine, width);
    for (size_t width = 1; width <= 512; width += 63) check_bits(engine, width);
    printf("%zu numbers compared\n", compared);
    unmask_engine_destroy(engine);
    return 0;
}
