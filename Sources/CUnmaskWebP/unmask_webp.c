#include "unmask_webp.h"

#include <stdlib.h>

#include <webp/decode.h>
#include <webp/demux.h>

struct unmask_webp {
    WebPData data;
    WebPDemuxer *demuxer;
    WebPIterator frame;  ///< the first
    WebPBitstreamFeatures features;  ///< of that frame
    size_t width, height;
    bool has_alpha;
    unmask_decoding_message message;
};

enum { LOSSLESS = 2 };  ///< `WebPBitstreamFeatures.format`

/// Lossless images, and the alpha planes of lossy ones, are decoded as a whole before they are written out: 4 bytes a
/// pixel, with half as much again for the transforms. A lossy image without alpha has some rows of blocks.
static size_t working_bytes(const WebPBitstreamFeatures *features) {
    size_t width = (size_t)features->width, height = (size_t)features->height;
    if (features->format == LOSSLESS) return width * height * 9 / 2;
    return (features->has_alpha ? width * height * 11 / 2 : 0) + width * 128;
}

/// The next piece of a file to decode before the caller is asked again.
enum { SMALLEST_PIECE = 1 << 12, LARGEST_PIECE = 1 << 16 };

static unmask_decoding_status status_of(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OK: return UNMASK_DECODING_OK;
    case VP8_STATUS_OUT_OF_MEMORY: return UNMASK_DECODING_NO_MEMORY;
    case VP8_STATUS_UNSUPPORTED_FEATURE: return UNMASK_DECODING_UNSUPPORTED;
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return UNMASK_DECODING_TRUNCATED;
    default: return UNMASK_DECODING_CORRUPT;
    }
}

/// libwebp has codes alone.
static unmask_decoding_status explained(unmask_webp *decoder, unmask_decoding_status status) {
    const char *text = status == UNMASK_DECODING_TRUNCATED     ? "the image data ends early"
                       : status == UNMASK_DECODING_UNSUPPORTED ? "libwebp does not know this feature"
                                                               : "the bitstream is invalid";
    return unmask_decoding_fail(&decoder->message, status, "%s", text);
}

static unmask_decoding_status open_frame(unmask_webp *decoder) {
    WebPIterator *frame = &decoder->frame;
    if (!WebPDemuxGetFrame(decoder->demuxer, 1, frame)) return UNMASK_DECODING_CORRUPT;
    VP8StatusCode code = WebPGetFeatures(frame->fragment.bytes, frame->fragment.size, &decoder->features);
    if (code != VP8_STATUS_OK) return status_of(code);
    size_t right = (size_t)frame->x_offset + (size_t)decoder->features.width;
    size_t bottom = (size_t)frame->y_offset + (size_t)decoder->features.height;
    return right > decoder->width || bottom > decoder->height ? UNMASK_DECODING_CORRUPT : UNMASK_DECODING_OK;
}

static unmask_decoding_status open_container(unmask_webp *decoder) {
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(decoder->data.bytes, decoder->data.size, &features);
    if (code != VP8_STATUS_OK) return status_of(code);
    decoder->has_alpha = features.has_alpha != 0;
    WebPDemuxState state;
    decoder->demuxer = WebPDemuxPartial(&decoder->data, &state);
    if (!decoder->demuxer || state != WEBP_DEMUX_DONE) {
        return state == WEBP_DEMUX_PARSE_ERROR ? UNMASK_DECODING_CORRUPT : UNMASK_DECODING_TRUNCATED;
    }
    decoder->width = WebPDemuxGetI(decoder->demuxer, WEBP_FF_CANVAS_WIDTH);
    decoder->height = WebPDemuxGetI(decoder->demuxer, WEBP_FF_CANVAS_HEIGHT);
    return open_frame(decoder);
}

unmask_decoding_status unmask_webp_open(
    const uint8_t *bytes, size_t count, unmask_webp **opened, unmask_webp_header *header) {
    unmask_webp *decoder = *opened = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_DECODING_NO_MEMORY;
    decoder->data = (WebPData){bytes, count};
    unmask_decoding_status status = open_container(decoder);
    if (status != UNMASK_DECODING_OK) return explained(decoder, status);
    size_t width = (size_t)decoder->features.width, height = (size_t)decoder->features.height;
    header->width = decoder->width;
    header->height = decoder->height;
    header->has_alpha = decoder->has_alpha;
    header->covers_canvas = width == decoder->width && height == decoder->height;
    header->working_bytes = working_bytes(&decoder->features);
    return UNMASK_DECODING_OK;
}

/// Shows libwebp more and more of the frame's bytes, which stay where they are.
static unmask_decoding_status feed(
    WebPIDecoder *incremental, const WebPData *bytes, unmask_decoding_stop stop, void *context) {
    size_t piece = bytes->size / 64;
    piece = piece < SMALLEST_PIECE ? SMALLEST_PIECE : piece > LARGEST_PIECE ? LARGEST_PIECE : piece;
    VP8StatusCode code = VP8_STATUS_SUSPENDED;
    for (size_t shown = 0; code == VP8_STATUS_SUSPENDED && shown < bytes->size;) {
        if (stop && stop(context)) return UNMASK_DECODING_STOPPED;
        shown = bytes->size - shown < piece ? bytes->size : shown + piece;
        code = WebPIUpdate(incremental, bytes->bytes, shown);
    }
    return status_of(code);
}

unmask_decoding_status unmask_webp_decode(
    unmask_webp *decoder, uint8_t *pixels, unmask_decoding_stop stop, void *context) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return UNMASK_DECODING_UNSUPPORTED;
    size_t x = (size_t)decoder->frame.x_offset, y = (size_t)decoder->frame.y_offset;
    size_t channels = decoder->has_alpha ? 4 : 3;
    size_t stride = decoder->width * channels;
    config.output.colorspace = decoder->has_alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = pixels + y * stride + x * channels;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size =
        ((size_t)decoder->features.height - 1) * stride + (size_t)decoder->features.width * channels;
    WebPIDecoder *incremental = WebPIDecode(NULL, 0, &config);
    if (!incremental) return UNMASK_DECODING_NO_MEMORY;
    unmask_decoding_status status = feed(incremental, &decoder->frame.fragment, stop, context);
    WebPIDelete(incremental);
    return explained(decoder, status);
}

const char *unmask_webp_message(const unmask_webp *decoder) { return decoder->message.text; }

static const uint8_t *chunk(const unmask_webp *decoder, const char name[4], size_t *count) {
    WebPChunkIterator found;
    if (!WebPDemuxGetChunk(decoder->demuxer, name, 1, &found)) return NULL;
    const uint8_t *bytes = found.chunk.bytes;  // points into the caller's bytes
    *count = found.chunk.size;
    WebPDemuxReleaseChunkIterator(&found);
    return bytes;
}

const uint8_t *unmask_webp_exif(const unmask_webp *decoder, size_t *count) { return chunk(decoder, "EXIF", count); }

const uint8_t *unmask_webp_xmp(const unmask_webp *decoder, size_t *count) { return chunk(decoder, "XMP ", count); }

void unmask_webp_close(unmask_webp *decoder) {
    if (!decoder) return;
    WebPDemuxReleaseIterator(&decoder->frame);
    WebPDemuxDelete(decoder->demuxer);
    free(decoder);
}
