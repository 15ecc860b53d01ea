#include "unmask_bits.h"

#include "share.h"

/// Rows of a task: their sums stay on the stack, and a task takes some tens of microseconds.
enum { BLOCK_ROWS = 1024 };

#if defined(__x86_64__)
extern __typeof__(*((unmask_kernels *)0)->bit_distances) unmask_b1_distances__avx512vpopcntdq;
#endif

/// The one kernel that a feature beside the vectors' width speeds up.
static __typeof__(((unmask_kernels *)0)->bit_distances) kernel_of(const unmask_engine *engine) {
#if defined(__x86_64__)
    const unmask_features needed = unmask_isa_features(UNMASK_ISA_AVX512) | UNMASK_FEATURE_AVX512_VPOPCNTDQ;
    if ((engine->features & needed) == needed) return unmask_b1_distances__avx512vpopcntdq;
#endif
    return engine->kernels->bit_distances;
}

typedef struct bits_job {
    __typeof__(((unmask_kernels *)0)->bit_distances) distances;
    size_t width, words, blocks;
    const unmask_bit_rows *part;
} bits_job;

static void bits_task(void *context, size_t index, uint32_t worker) {
    (void)worker;
    const bits_job *job = context;
    const unmask_bit_rows *part = &job->part[index / job->blocks];
    const size_t start = index % job->blocks * BLOCK_ROWS;
    if (start >= part->rows) return;
    const size_t rows = unmask_min(part->rows - start, BLOCK_ROWS);
    uint32_t sums[BLOCK_ROWS];
    job->distances(rows, job->words, part->bits + start * job->words, part->planes, sums);
    const float *factors = part->factors + start, *offsets = part->offsets + start;
    float *estimates = part->estimates + start;
    for (size_t r = 0; r < rows; r++) {
        // Σ sign · number = Σ 2ᵖ · (width - 2 · differences of plane p).
        float product = (float)((int32_t)(15 * job->width) - 2 * (int32_t)sums[r]);
        estimates[r] = part->base + offsets[r] + factors[r] * part->unit * product;
    }
}

void unmask_b1_estimate(unmask_engine *engine, size_t width, size_t parts, const unmask_bit_rows *part) {
    size_t most = 0;
    for (size_t i = 0; i < parts; i++) most = part[i].rows > most ? part[i].rows : most;
    if (most == 0 || width == 0) return;
    bits_job job = {
        .distances = kernel_of(engine), .width = width, .words = unmask_ceil_div(width, 64),
        .blocks = unmask_ceil_div(most, BLOCK_ROWS), .part = part};
    unmask_engine_run(engine, parts * job.blocks, bits_task, &job);
}
