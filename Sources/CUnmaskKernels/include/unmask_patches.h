#ifndef UNMASK_PATCHES_H
#define UNMASK_PATCHES_H

#include "unmask_engine.h"

/// A batch of equal images cut into square patches, of which all or some are wanted.
typedef struct unmask_patches {
    size_t batch, channels, height, width, patch;
    size_t kept;             ///< patches wanted of each image
    /// [batch, kept], row-major patch numbers below (height / patch) · (width / patch); NULL: the first `kept`, in order.
    /// The numbers are not checked here.
    const int32_t *ids_keep;
    float *out;              ///< [batch, kept, patch · patch · channels], the channel running fastest
} unmask_patches;

/// From interleaved 8-bit pixels [batch, height, width, channels], as float32 0…255 (mean and std are folded into the
/// patch embedding's weights).
void unmask_u8_patches(unmask_engine *engine, const unmask_patches *patches, const uint8_t *pixels);

/// From planar float32 pixels [batch, channels, height, width].
void unmask_f32_patches(unmask_engine *engine, const unmask_patches *patches, const float *pixels);

/// The encoder's input: out[b, t] = prefix[t] for t < prefix_count; behind them x[b, i] + positions[ids_keep[b, i]].
/// x [batch, kept, width], prefix [prefix_count, width] (tokens with their positions), positions [patches, width] (NULL:
/// nothing is added), out [batch, prefix_count + kept, width]. ids_keep as above.
void unmask_f32_assemble_tokens(
    unmask_engine *engine, size_t batch, size_t prefix_count, size_t kept, size_t width, const float *x,
    const float *prefix, const float *positions, const int32_t *ids_keep, float *out);

/// The decoder's input: the first `prefix_count` rows are x's; behind them token i of the patches is
/// x[b, prefix_count + ids_restore[b, i]] where ids_restore[b, i] is below `kept`, and mask_token otherwise; positions
/// [prefix_count + patches, width] are added to all. x [batch, prefix_count + kept, width], ids_restore [batch, patches] (NULL:
/// nothing was masked), out [batch, prefix_count + patches, width].
void unmask_f32_restore_tokens(
    unmask_engine *engine, size_t batch, size_t prefix_count, size_t kept, size_t patches, size_t width, const float *x,
    const float *mask_token, const float *positions, const int32_t *ids_restore, float *out);

#endif
