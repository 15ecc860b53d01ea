#include "unmask_avif.h"

#include <avif/avif.h>
#include <stdlib.h>
#include <string.h>

struct unmask_avif {
    avifDecoder *library;
    bool has_alpha;
    unmask_decoding_message message;
};

static unmask_decoding_status fail(unmask_avif *decoder, avifResult result) {
    unmask_decoding_status status = UNMASK_DECODING_CORRUPT;
    switch (result) {
    case AVIF_RESULT_TRUNCATED_DATA:
    case AVIF_RESULT_WAITING_ON_IO: status = UNMASK_DECODING_TRUNCATED; break;
    case AVIF_RESULT_OUT_OF_MEMORY: status = UNMASK_DECODING_NO_MEMORY; break;
    case AVIF_RESULT_NO_CODEC_AVAILABLE:
    case AVIF_RESULT_NOT_IMPLEMENTED:
    case AVIF_RESULT_UNSUPPORTED_DEPTH: status = UNMASK_DECODING_UNSUPPORTED; break;
    default: break;
    }
    const char *detail = decoder->library->diag.error;
    // It has no code for this.
    if (strstr(detail, "too large")) status = UNMASK_DECODING_TOO_LARGE;
    return unmask_decoding_fail(
        &decoder->message, status, "%s%s%s", avifResultToString(result), detail[0] ? ": " : "", detail);
}

/// EXIF's number for turning counter-clockwise by so many quarters, then mirroring (ISO/IEC 23008-12, 6.5.10 and 6.5.12),
/// as Pillow has it.
static int orientation(const avifImage *image) {
    bool is_turned = image->transformFlags & AVIF_TRANSFORM_IROT;
    bool is_mirrored = image->transformFlags & AVIF_TRANSFORM_IMIR;
    static const int turned[4] = {1, 8, 3, 6};
    // By whether left and right change places, or top and bottom.
    static const int mirrored[2][4] = {{4, 5, 2, 7}, {2, 7, 4, 5}};
    int quarters = is_turned ? image->irot.angle & 3 : 0;
    return is_mirrored ? mirrored[image->imir.mode != 0][quarters] : turned[quarters];
}

/// Planes twice, in the decoder and out of it (a grid's cells are put together), and the reference that the AV1 decoder
/// keeps, of more than 8 bits in two bytes and then in one; alpha is an image of its own.
static size_t working_bytes(const avifImage *image, bool has_alpha) {
    size_t pixels = (size_t)image->width * image->height;
    size_t samples = image->yuvFormat == AVIF_PIXEL_FORMAT_YUV400   ? 2
                     : image->yuvFormat == AVIF_PIXEL_FORMAT_YUV420 ? 3
                     : image->yuvFormat == AVIF_PIXEL_FORMAT_YUV422 ? 4
                                                                    : 6;
    // Samples were counted in halves.
    return pixels * (samples + (has_alpha ? 2 : 0)) / 2 * (image->depth > 8 ? 7 : 3);
}

/// libavif makes a table of all images of a sequence when it opens it, though one is decoded.
enum { MOST_IMAGES = 100000 };

unmask_decoding_status unmask_avif_open(
    const uint8_t *bytes, size_t count, unmask_avif **opened, unmask_avif_header *header) {
    unmask_avif *decoder = *opened = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_DECODING_NO_MEMORY;
    avifDecoder *library = decoder->library = avifDecoderCreate();
    if (!library) return UNMASK_DECODING_NO_MEMORY;
    library->maxThreads = 1;
    // The caller's limits come after the header; the side's own would refuse long images for another reason.
    library->imageDimensionLimit = 0;
    library->imageCountLimit = MOST_IMAGES;
    // As Pillow has it: what older encoders leave out, or write amiss, of these two.
    library->strictFlags &= ~(avifStrictFlags)(AVIF_STRICT_CLAP_VALID | AVIF_STRICT_PIXI_REQUIRED);
    avifResult result = avifDecoderSetIOMemory(library, bytes, count);
    if (result == AVIF_RESULT_OK) result = avifDecoderParse(library);
    if (result != AVIF_RESULT_OK) return fail(decoder, result);
    const avifImage *image = library->image;
    decoder->has_alpha = library->alphaPresent;
    header->width = image->width;
    header->height = image->height;
    header->has_alpha = decoder->has_alpha;
    header->orientation = orientation(image);
    header->working_bytes = working_bytes(image, decoder->has_alpha);
    return UNMASK_DECODING_OK;
}

const char *unmask_avif_message(const unmask_avif *decoder) { return decoder->message.text; }

/// Whether samples lose their low bits before they become RGB. The libavif of Pillow does that wherever libyuv has no
/// conversion at once; this one then computes with all bits, which is levels apart.
static bool is_shortened_first(const avifImage *image, bool has_alpha) {
    bool is_gray = image->yuvFormat == AVIF_PIXEL_FORMAT_YUV400;
    if (image->depth == 8) return false;
    if (!has_alpha) return !is_gray;
    return !(image->depth == 10 && !is_gray) && !(image->depth == 12 && image->yuvFormat == AVIF_PIXEL_FORMAT_YUV420);
}

static void shorten(
    const uint8_t *from, size_t from_stride, uint8_t *to, size_t to_stride, size_t width, size_t height, unsigned bits) {
    if (!from || !to) return;
    for (size_t y = 0; y < height; y++) {
        const uint16_t *samples = (const uint16_t *)(const void *)(from + y * from_stride);
        for (size_t x = 0; x < width; x++) to[y * to_stride + x] = (uint8_t)(samples[x] >> bits);
    }
}

/// The image with 8 bits a sample; NULL where there is no memory.
static avifImage *shortened(const avifImage *image, bool has_alpha) {
    avifImage *short_image = avifImageCreate(image->width, image->height, 8, image->yuvFormat);
    if (!short_image) return NULL;
    short_image->yuvRange = image->yuvRange;
    short_image->yuvChromaSamplePosition = image->yuvChromaSamplePosition;
    short_image->colorPrimaries = image->colorPrimaries;
    short_image->transferCharacteristics = image->transferCharacteristics;
    short_image->matrixCoefficients = image->matrixCoefficients;
    short_image->alphaPremultiplied = image->alphaPremultiplied;
    if (avifImageAllocatePlanes(short_image, has_alpha ? AVIF_PLANES_ALL : AVIF_PLANES_YUV) != AVIF_RESULT_OK) {
        avifImageDestroy(short_image);
        return NULL;
    }
    avifPixelFormatInfo info;
    avifGetPixelFormatInfo(image->yuvFormat, &info);
    unsigned bits = image->depth - 8;
    for (int plane = AVIF_CHAN_Y; plane <= AVIF_CHAN_V; plane++) {
        size_t across = plane == AVIF_CHAN_Y ? 0 : (size_t)info.chromaShiftX;
        size_t down = plane == AVIF_CHAN_Y ? 0 : (size_t)info.chromaShiftY;
        size_t width = ((size_t)image->width + across) >> across, height = ((size_t)image->height + down) >> down;
        shorten(
            image->yuvPlanes[plane], image->yuvRowBytes[plane], short_image->yuvPlanes[plane],
            short_image->yuvRowBytes[plane], width, height, bits);
    }
    if (has_alpha) {
        shorten(
            image->alphaPlane, image->alphaRowBytes, short_image->alphaPlane, short_image->alphaRowBytes, image->width,
            image->height, bits);
    }
    return short_image;
}

/// Bands of rows by themselves would lose the chroma of their neighbours, which upsampling asks for: the whole at once.
static unmask_decoding_status convert(unmask_avif *decoder, const avifImage *image, uint8_t *pixels) {
    avifRGBImage rgb;
    avifRGBImageSetDefaults(&rgb, image);
    rgb.depth = 8;
    rgb.format = decoder->has_alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
    rgb.pixels = pixels;
    rgb.rowBytes = image->width * (decoder->has_alpha ? 4 : 3);
    avifResult result = avifImageYUVToRGB(image, &rgb);
    return result == AVIF_RESULT_OK ? UNMASK_DECODING_OK : fail(decoder, result);
}

unmask_decoding_status unmask_avif_decode(
    unmask_avif *decoder, uint8_t *pixels, unmask_decoding_stop stop, void *context) {
    avifDecoder *library = decoder->library;
    uint32_t width = library->image->width, height = library->image->height;
    // For the AV1 decoder, whose bitstream has a size of its own.
    library->imageSizeLimit = width * height;
    if (stop && stop(context)) return UNMASK_DECODING_STOPPED;
    avifResult result = avifDecoderNthImage(library, 0);
    if (result != AVIF_RESULT_OK) return fail(decoder, result);
    if (library->image->width != width || library->image->height != height) {
        return unmask_decoding_fail(
            &decoder->message, UNMASK_DECODING_CORRUPT, "its bitstream has %u x %u pixels, its container %u x %u",
            library->image->width, library->image->height, width, height);
    }
    if (stop && stop(context)) return UNMASK_DECODING_STOPPED;
    if (!is_shortened_first(library->image, decoder->has_alpha)) return convert(decoder, library->image, pixels);
    avifImage *short_image = shortened(library->image, library->image->alphaPlane != NULL);
    if (!short_image) return UNMASK_DECODING_NO_MEMORY;
    unmask_decoding_status status = convert(decoder, short_image, pixels);
    avifImageDestroy(short_image);
    return status;
}

static const uint8_t *bytes_of(const avifRWData *data, size_t *count) {
    *count = data->size;
    return data->size > 0 ? data->data : NULL;
}

const uint8_t *unmask_avif_exif(const unmask_avif *decoder, size_t *count) {
    return bytes_of(&decoder->library->image->exif, count);
}

const uint8_t *unmask_avif_xmp(const unmask_avif *decoder, size_t *count) {
    return bytes_of(&decoder->library->image->xmp, count);
}

void unmask_avif_close(unmask_avif *decoder) {
    if (!decoder) return;
    if (decoder->library) avifDecoderDestroy(decoder->library);
    free(decoder);
}
