// Runs one hot operation on kernels of AVX2, on one thread: scripts/check-instructions counts its instructions.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CUnmaskKernels.h"

enum { TOKENS = 197, WIDTH = 768, HEADS = 12, HEAD = WIDTH / HEADS };

static float *numbers(size_t count) {
    float *x = unmask_memory_allocate((count + 16) * sizeof *x);
    if (!x) exit(3);
    for (size_t i = 0; i < count; i++) x[i] = (float)((i * 2654435761u >> 8) % 2001) / 1000 - 1;
    return x;
}

static unmask_engine *engine;
static unmask_gemm gemm;
static unmask_attention attention;
static float *x, *y;

static void run_gemm(void) { unmask_gemm_run(engine, &gemm); }
static void run_attention(void) { unmask_attention_run(engine, &attention); }
static void run_layernorm(void) { unmask_f32_layernorm(engine, TOKENS, WIDTH, x, WIDTH, NULL, NULL, 1e-6f, y, WIDTH); }
static void run_gelu(void) {
    unmask_f32_activate(engine, TOKENS * WIDTH, x, UNMASK_ACTIVATION_GELU_ERF, y);
}
static void run_softmax(void) { unmask_f32_softmax(engine, WIDTH, TOKENS, x, TOKENS, y, TOKENS); }

static void prepare_gemm(unmask_arithmetic arithmetic, bool is_fused) {
    const unmask_product_kernel *kernel = unmask_product_kernel_of(engine, arithmetic);
    if (!kernel) exit(3);
    void *packed = unmask_memory_allocate(unmask_gemm_packed_bytes(kernel, WIDTH, WIDTH));
    float *weights = numbers(WIDTH * WIDTH);
    if (!packed) exit(3);
    unmask_gemm_pack(engine, kernel, WIDTH, WIDTH, weights, WIDTH, UNMASK_STORAGE_F32, false, packed);
    gemm = (unmask_gemm){
        .kernel = kernel, .m = TOKENS, .n = WIDTH, .k = WIDTH, .a = x, .lda = WIDTH, .packed = packed, .bias = numbers(WIDTH),
        .c = y, .ldc = WIDTH, .scratch = numbers(unmask_gemm_scratch_floats(kernel, TOKENS, WIDTH))};
    if (!is_fused) return;
    gemm.norm_weight = numbers(WIDTH);
    gemm.norm_bias = numbers(WIDTH);
    gemm.norm_eps = 1e-6f;
    gemm.activation = UNMASK_ACTIVATION_GELU_ERF;
}

static void prepare_attention(void) {
    const unmask_product_kernel *kernel = unmask_product_kernel_of(engine, UNMASK_ARITHMETIC_F32);
    unmask_heads heads = {numbers(3 * TOKENS * WIDTH), 0, 3 * WIDTH, HEAD};
    attention = (unmask_attention){
        .kernel = kernel, .batch = 1, .heads = HEADS, .head_dim = HEAD, .queries = TOKENS, .keys = TOKENS, .q = heads,
        .k = heads, .v = heads, .scale = 0.125f, .out = y, .out_stride = WIDTH,
        .scratch = numbers(unmask_attention_scratch_floats(engine, kernel, HEAD, TOKENS, TOKENS, 0, 0))};
    attention.k.base += WIDTH;
    attention.v.base += 2 * WIDTH;
}

/// What is between its call and its return is counted.
__attribute__((noinline)) void counted(void (*run)(void)) {
    run();
    __asm__ volatile("" ::: "memory");
}

int main(int count, char **arguments) {
    engine = unmask_engine_create(unmask_isa_features(UNMASK_ISA_AVX2), 1);
    const char *name = count == 2 ? arguments[1] : "";
    if (!engine) return 3;
    x = numbers(TOKENS * WIDTH);
    y = numbers(TOKENS * WIDTH);
    void (*run)(void) = run_gemm;
    if (!strcmp(name, "f32_product")) prepare_gemm(UNMASK_ARITHMETIC_F32, false);
    else if (!strcmp(name, "f32_product_norm_gelu")) prepare_gemm(UNMASK_ARITHMETIC_F32, true);
    else if (!strcmp(name, "i8_product")) prepare_gemm(UNMASK_ARITHMETIC_I8, false);
    else if (!strcmp(name, "i8_product_norm_gelu")) prepare_gemm(UNMASK_ARITHMETIC_I8, true);
    else if (!strcmp(name, "f32_attention")) prepare_attention(), run = run_attention;
    else if (!strcmp(name, "f32_layernorm")) run = run_layernorm;
    else if (!strcmp(name, "f32_gelu")) run = run_gelu;
    else if (!strcmp(name, "f32_softmax")) run = run_softmax;
    else return 2;
    counted(run);
    return 0;
}
