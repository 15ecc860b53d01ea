#include "unmask_webp.h"

#include <stdlib.h>

#include <webp/decode.h>
#include <webp/demux.h>

struct unmask_webp {
    WebPData data;
    WebPDemuxer *demuxer;
    size_t width, height;
    bool has_alpha;
};

static unmask_webp_status status_of(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OK: return UNMASK_WEBP_OK;
    case VP8_STATUS_OUT_OF_MEMORY: return UNMASK_WEBP_NO_MEMORY;
    case VP8_STATUS_UNSUPPORTED_FEATURE: return UNMASK_WEBP_UNSUPPORTED;
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED: return UNMASK_WEBP_TRUNCATED;
    default: return UNMASK_WEBP_CORRUPT;
    }
}

unmask_webp_status unmask_webp_open(
    const uint8_t *bytes, size_t count, unmask_webp **opened, unmask_webp_header *header) {
    *opened = NULL;
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(bytes, count, &features);
    if (code != VP8_STATUS_OK) return status_of(code);

    unmask_webp *decoder = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_WEBP_NO_MEMORY;
    decoder->data = (WebPData){bytes, count};
    WebPDemuxState state;
    decoder->demuxer = WebPDemuxPartial(&decoder->data, &state);
    if (!decoder->demuxer || state != WEBP_DEMUX_DONE) {
        unmask_webp_close(decoder);
        return state == WEBP_DEMUX_PARSE_ERROR ? UNMASK_WEBP_CORRUPT : UNMASK_WEBP_TRUNCATED;
    }
    header->width = decoder->width = WebPDemuxGetI(decoder->demuxer, WEBP_FF_CANVAS_WIDTH);
    header->height = decoder->height = WebPDemuxGetI(decoder->demuxer, WEBP_FF_CANVAS_HEIGHT);
    header->has_alpha = decoder->has_alpha = features.has_alpha != 0;
    *opened = decoder;
    return UNMASK_WEBP_OK;
}

static unmask_webp_status decode_frame(const unmask_webp *decoder, const WebPIterator *frame, uint8_t *pixels) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) return UNMASK_WEBP_UNSUPPORTED;
    VP8StatusCode code = WebPGetFeatures(frame->fragment.bytes, frame->fragment.size, &config.input);
    if (code != VP8_STATUS_OK) return status_of(code);

    size_t x = (size_t)frame->x_offset, y = (size_t)frame->y_offset;
    size_t width = (size_t)config.input.width, height = (size_t)config.input.height;
    if (x + width > decoder->width || y + height > decoder->height) return UNMASK_WEBP_CORRUPT;
    size_t channels = decoder->has_alpha ? 4 : 3;
    size_t stride = decoder->width * channels;
    config.output.colorspace = decoder->has_alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = pixels + y * stride + x * channels;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = (height - 1) * stride + width * channels;
    return status_of(WebPDecode(frame->fragment.bytes, frame->fragment.size, &config));
}

unmask_webp_status unmask_webp_decode(unmask_webp *decoder, uint8_t *pixels) {
    WebPIterator frame;
    if (!WebPDemuxGetFrame(decoder->demuxer, 1, &frame)) return UNMASK_WEBP_CORRUPT;
    unmask_webp_status status = decode_frame(decoder, &frame, pixels);
    WebPDemuxReleaseIterator(&frame);
    return status;
}

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
    WebPDemuxDelete(decoder->demuxer);
    free(decoder);
}
