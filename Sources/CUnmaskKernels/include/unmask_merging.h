#ifndef UNMASK_MERGING_H
#define UNMASK_MERGING_H

#include "unmask_attention.h"

/// Which tokens become one: bipartite soft matching (Bolya et al. 2022, section 3).
///
/// The first `fixed` tokens stay as they are. Of the others, those at even places (from 0) may be joined, and each of
/// those at odd places names the one of them whose keys, averaged over the heads, are most like its own by the cosine;
/// of several alike the first. The `merged` that are most like theirs are joined to them; of several alike the first. What
/// is left are the fixed tokens, the odd ones that were not joined and the even ones, each in their order.
typedef struct unmask_matching {
    const unmask_product_kernel *kernel;  ///< of float32
    size_t batch, tokens, fixed;
    size_t merged;  ///< at most (tokens - fixed) / 2
    size_t heads, head_dim;
    unmask_heads keys;
    const float *sizes;      ///< [batch, tokens] patches that each token stands for; NULL: one
    size_t sources;          ///< tokens before any were merged
    const int32_t *origins;  ///< [batch, sources] the token that stands for each of those; NULL: itself
    /// The tokens that are left, as groups of those before, [batch, left = tokens - merged]: group g is
    /// members[starts[g]]…members[starts[g + 1] - 1], the one that the others were joined to first.
    int32_t *members;      ///< [batch, tokens]
    int32_t *starts;       ///< [batch, left + 1]
    float *left_sizes;     ///< [batch, left]
    float *bias;           ///< [batch, left] logarithms of the sizes
    int32_t *left_origins; ///< [batch, sources]
    float *scratch;        ///< unmask_matching_scratch_floats of it, aligned to 64 bytes
} unmask_matching;

/// In floats: depends on the threads. PTRDIFF_MAX on overflow.
size_t unmask_matching_scratch_floats(
    const unmask_engine *engine, const unmask_product_kernel *kernel, size_t batch, size_t tokens, size_t fixed,
    size_t head_dim);

void unmask_match_tokens(unmask_engine *engine, const unmask_matching *matching);

/// out[b, g] = the mean of the tokens of group g, weighted by their sizes. x [batch, tokens, width],
/// out [batch, left, width]; members, starts and sizes as above.
void unmask_f32_merge_tokens(
    unmask_engine *engine, size_t batch, size_t tokens, size_t left, size_t width, const float *x,
    const int32_t *members, const int32_t *starts, const float *sizes, float *out);

/// out[b, i] = x[b, origins[b, i]]. x [batch, left, width], out [batch, sources, width].
void unmask_f32_unmerge_tokens(
    unmask_engine *engine, size_t batch, size_t left, size_t sources, size_t width, const float *x,
    const int32_t *origins, float *out);

#endif
