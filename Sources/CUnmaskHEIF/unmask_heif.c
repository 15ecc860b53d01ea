#include "unmask_heif.h"

#include "heif_library.h"
#include "hevc_size.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct unmask_heif {
    struct heif_context *library;
    struct heif_image_handle *primary;
    unmask_heif_header header;
    unmask_decoding_message message;
};

static unmask_decoding_status fail(unmask_heif *decoder, struct heif_error error) {
    unmask_decoding_status status = UNMASK_DECODING_CORRUPT;
    if (error.subcode == heif_suberror_End_of_data) status = UNMASK_DECODING_TRUNCATED;
    else if (error.subcode == heif_suberror_Security_limit_exceeded) status = UNMASK_DECODING_TOO_LARGE;
    else if (error.code == heif_error_Memory_allocation_error) status = UNMASK_DECODING_NO_MEMORY;
    else if (error.code == heif_error_Unsupported_feature || error.code == heif_error_Unsupported_filetype) {
        status = UNMASK_DECODING_UNSUPPORTED;
    }
    return unmask_decoding_fail(&decoder->message, status, "%s", error.message ? error.message : "libheif fails");
}

/// For each pixel: the planes out of the decoder and turned, at most three samples of up to two bytes each, the decoder's
/// own, and the interleaved samples at the bitstream's depth and at 8 bits.
static size_t working_bytes(const unmask_heif *decoder) {
    size_t pixels = decoder->header.decoded_pixels;
    size_t depth = heif.image_handle_get_luma_bits_per_pixel(decoder->primary) > 8 ? 2 : 1;
    return pixels * (3 * 3 * depth + 4 * depth + 4 + (decoder->header.has_alpha ? 2 * depth : 0));
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/// By the container before it is cropped, and by the bitstream: each takes memory for what it says itself.
static size_t decoded_pixels(const unmask_heif *decoder, const uint8_t *bytes, size_t count) {
    int width = heif.image_handle_get_ispe_width(decoder->primary);
    int height = heif.image_handle_get_ispe_height(decoder->primary);
    size_t stated = width > 0 && height > 0 ? (size_t)width * (size_t)height : 0;
    size_t shown = decoder->header.width * decoder->header.height;
    return larger(larger(stated, shown), hevc_largest_picture(bytes, count));
}

unmask_decoding_status unmask_heif_open(
    const uint8_t *bytes, size_t count, size_t longest_side, unmask_heif **opened, unmask_heif_header *header) {
    unmask_heif *decoder = *opened = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_DECODING_NO_MEMORY;
    const char *problem = heif_library_open();
    if (problem) return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_UNSUPPORTED, "%s", problem);
    if (!heif.have_decoder_for_format(heif_compression_HEVC)) {
        return unmask_decoding_fail(
            &decoder->message, UNMASK_DECODING_UNSUPPORTED, "this libheif has no decoder for HEVC: install its plugin");
    }
    decoder->library = heif.context_alloc();
    if (!decoder->library) return UNMASK_DECODING_NO_MEMORY;
    heif.context_set_max_decoding_threads(decoder->library, 0);
    heif.context_set_maximum_image_size_limit(
        decoder->library, longest_side < INT_MAX ? (int)longest_side : INT_MAX);
    struct heif_error error = heif.context_read_from_memory_without_copy(decoder->library, bytes, count, NULL);
    if (error.code != heif_error_Ok) return fail(decoder, error);
    error = heif.context_get_primary_image_handle(decoder->library, &decoder->primary);
    if (error.code != heif_error_Ok) return fail(decoder, error);
    if (heif.image_handle_is_premultiplied_alpha(decoder->primary)) {
        return unmask_decoding_fail(
            &decoder->message, UNMASK_DECODING_UNSUPPORTED, "its colours are multiplied by its alpha");
    }
    int width = heif.image_handle_get_width(decoder->primary), height = heif.image_handle_get_height(decoder->primary);
    if (width <= 0 || height <= 0) {
        return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_CORRUPT, "it has no pixels");
    }
    decoder->header.width = (size_t)width;
    decoder->header.height = (size_t)height;
    decoder->header.has_alpha = heif.image_handle_has_alpha_channel(decoder->primary);
    decoder->header.decoded_pixels = decoded_pixels(decoder, bytes, count);
    decoder->header.working_bytes = working_bytes(decoder);
    *header = decoder->header;
    return UNMASK_DECODING_OK;
}

const char *unmask_heif_message(const unmask_heif *decoder) { return decoder->message.text; }

static unmask_decoding_status copy_rows(unmask_heif *decoder, const struct heif_image *image, uint8_t *pixels) {
    int stride = 0;
    const uint8_t *plane = heif.image_get_plane_readonly(image, heif_channel_interleaved, &stride);
    size_t width = decoder->header.width, height = decoder->header.height;
    bool has_size = heif.image_get_width(image, heif_channel_interleaved) == (int)width
        && heif.image_get_height(image, heif_channel_interleaved) == (int)height;
    if (!plane || !has_size) {
        return unmask_decoding_fail(
            &decoder->message, UNMASK_DECODING_CORRUPT, "its bitstream has not the %zu x %zu pixels of its container",
            width, height);
    }
    size_t row = width * (decoder->header.has_alpha ? 4 : 3);
    for (size_t y = 0; y < height; y++) memcpy(pixels + y * row, plane + y * (size_t)stride, row);
    return UNMASK_DECODING_OK;
}

unmask_decoding_status unmask_heif_decode(
    unmask_heif *decoder, uint8_t *pixels, unmask_decoding_stop stop, void *context) {
    if (stop && stop(context)) return UNMASK_DECODING_STOPPED;
    struct heif_decoding_options *options = heif.decoding_options_alloc();
    if (!options) return UNMASK_DECODING_NO_MEMORY;
    options->convert_hdr_to_8bit = 1;
    struct heif_image *image = NULL;
    enum heif_chroma chroma =
        decoder->header.has_alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB;
    struct heif_error error = heif.decode_image(decoder->primary, &image, heif_colorspace_RGB, chroma, options);
    heif.decoding_options_free(options);
    if (error.code != heif_error_Ok) return fail(decoder, error);
    unmask_decoding_status status = UNMASK_DECODING_STOPPED;
    if (!stop || !stop(context)) status = copy_rows(decoder, image, pixels);
    heif.image_release(image);
    return status;
}

void unmask_heif_close(unmask_heif *decoder) {
    if (!decoder) return;
    if (decoder->primary) heif.image_handle_release(decoder->primary);
    if (decoder->library) heif.context_free(decoder->library);
    free(decoder);
}
