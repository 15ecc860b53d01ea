#ifndef HEIF_LIBRARY_H
#define HEIF_LIBRARY_H

// libheif, loaded when the first HEIC comes: programs that meet none neither need it nor keep its memory, and can be handed on
// without the encoder under the GPL that it brings.

#include <libheif/heif.h>

/// The functions of libheif that are called, without their `heif_`.
#define HEIF_FUNCTIONS(X) \
    X(have_decoder_for_format) \
    X(context_alloc) \
    X(context_free) \
    X(context_set_max_decoding_threads) \
    X(context_set_maximum_image_size_limit) \
    X(context_read_from_memory_without_copy) \
    X(context_get_primary_image_handle) \
    X(image_handle_release) \
    X(image_handle_get_width) \
    X(image_handle_get_height) \
    X(image_handle_get_ispe_width) \
    X(image_handle_get_ispe_height) \
    X(image_handle_get_luma_bits_per_pixel) \
    X(image_handle_has_alpha_channel) \
    X(image_handle_is_premultiplied_alpha) \
    X(decoding_options_alloc) \
    X(decoding_options_free) \
    X(decode_image) \
    X(image_get_width) \
    X(image_get_height) \
    X(image_get_plane_readonly) \
    X(image_release)

/// Only after `heif_library_open`.
extern struct heif_functions {
#define MEMBER(name) __typeof__(heif_##name) *name;
    HEIF_FUNCTIONS(MEMBER)
#undef MEMBER
} heif;

/// Loads libheif where that has not been done yet. Returns NULL, or why it cannot be used: text that stays.
const char *heif_library_open(void);

#endif
