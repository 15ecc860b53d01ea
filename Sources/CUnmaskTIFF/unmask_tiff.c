// What a file holds, and how its rows will be read.

#include <stdlib.h>
#include <string.h>

#include "tiff_decoder.h"

static uint16_t tag(TIFF *library, uint32_t name, uint16_t otherwise) {
    uint16_t value;
    return TIFFGetField(library, name, &value) == 1 ? value : otherwise;
}

static void read_tags(TIFF *library, unmask_tiff_header *header) {
    uint32_t width = 0, height = 0;
    TIFFGetField(library, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(library, TIFFTAG_IMAGELENGTH, &height);
    header->width = width;
    header->height = height;
    header->bits = tag(library, TIFFTAG_BITSPERSAMPLE, 1);
    header->samples = tag(library, TIFFTAG_SAMPLESPERPIXEL, 1);
    header->photometric = tag(library, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
    header->sample_format = tag(library, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    header->compression = tag(library, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    header->is_compressed = header->compression != COMPRESSION_NONE;
    header->orientation = tag(library, TIFFTAG_ORIENTATION, 0);
    header->is_separate = tag(library, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
    header->is_tiled = TIFFIsTiled(library);
    header->is_big_endian = TIFFIsBigEndian(library);
    uint16_t extra_count = 0, *extra = NULL;
    if (TIFFGetField(library, TIFFTAG_EXTRASAMPLES, &extra_count, &extra) == 1 && extra) {
        header->extra_samples = extra_count;
        for (size_t i = 0; i < extra_count && i < UNMASK_TIFF_EXTRA_SAMPLES; i++) header->extra[i] = extra[i];
    }
}

static void read_palette(TIFF *library, unmask_tiff_header *header) {
    uint16_t *red, *green, *blue;
    if (header->bits > 8 || TIFFGetField(library, TIFFTAG_COLORMAP, &red, &green, &blue) != 1) return;
    for (size_t i = 0; i < (size_t)1 << header->bits; i++) {
        header->palette[i][0] = (uint8_t)(red[i] >> 8);
        header->palette[i][1] = (uint8_t)(green[i] >> 8);
        header->palette[i][2] = (uint8_t)(blue[i] >> 8);
    }
}

/// Decompressors that have no limit of their own on memory, or that read what Pillow does not, are left out.
static bool is_known(uint16_t compression) {
    switch (compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_CCITTRLE:
    case COMPRESSION_CCITTFAX3:
    case COMPRESSION_CCITTFAX4:
    case COMPRESSION_LZW:
    case COMPRESSION_JPEG:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_CCITTRLEW:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ZSTD: return true;
    default: return false;
    }
}

/// Windows of zstd's frames are at most so long (ZSTD_WINDOWLOG_LIMIT_DEFAULT), whatever a frame says.
enum { ZSTD_WINDOW = 1 << 27 };

/// What the decompressor holds: JPEG rows of coefficients and of samples.
static size_t codec_bytes(uint16_t compression, size_t block_width) {
    switch (compression) {
    case COMPRESSION_ZSTD: return ZSTD_WINDOW;
    case COMPRESSION_JPEG: return block_width * 256;
    default: return 0;
    }
}

/// Whether chroma has fewer samples than luma.
static bool is_subsampled(const unmask_tiff *decoder) {
    uint16_t across = 1, down = 1;
    if (decoder->header.photometric != PHOTOMETRIC_YCBCR) return false;
    TIFFGetFieldDefaulted(decoder->library, TIFFTAG_YCBCRSUBSAMPLING, &across, &down);
    return across != 1 || down != 1;
}

/// The longest of the encoded strips or tiles, which libtiff holds one at a time; no more than there is.
static size_t longest_encoded(unmask_tiff *decoder) {
    TIFF *library = decoder->library;
    uint32_t blocks = decoder->header.is_tiled ? TIFFNumberOfTiles(library) : TIFFNumberOfStrips(library);
    uint64_t longest = 0;
    for (uint32_t i = 0; i < blocks && longest < decoder->count; i++) {
        uint64_t bytes = TIFFGetStrileByteCount(library, i);
        if (bytes > longest) longest = bytes;
    }
    return longest < decoder->count ? (size_t)longest : decoder->count;
}

/// How the image is cut and read, and what that takes.
static unmask_decoding_status plan(unmask_tiff *decoder) {
    TIFF *library = decoder->library;
    unmask_tiff_header *header = &decoder->header;
    uint32_t block_width = (uint32_t)header->width, block_rows = (uint32_t)header->height;
    if (header->is_tiled) {
        TIFFGetField(library, TIFFTAG_TILEWIDTH, &block_width);
        TIFFGetField(library, TIFFTAG_TILELENGTH, &block_rows);
        if (block_width == 0 || block_rows == 0) return tiff_fail(decoder, "its tiles have no pixels");
    } else {
        TIFFGetFieldDefaulted(library, TIFFTAG_ROWSPERSTRIP, &block_rows);
        block_rows = (uint32_t)smaller(block_rows, header->height);
        if (block_rows == 0) return tiff_fail(decoder, "its strips have no rows");
    }
    decoder->block_rows = block_rows;
    decoder->planes = header->is_separate ? header->samples : 1;
    bool is_ycbcr = header->photometric == PHOTOMETRIC_YCBCR && header->is_compressed
        && header->samples >= 3;
    if (is_ycbcr && header->compression == COMPRESSION_JPEG && !header->is_separate) {
        TIFFSetField(library, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    } else if (is_ycbcr) {
        decoder->reading = BY_RGBA;
    }
    header->becomes_rgb = is_ycbcr;
    if (!is_ycbcr && is_subsampled(decoder)) return tiff_refuse(decoder, "its chroma is subsampled, but not compressed");
    if (decoder->reading != BY_RGBA) {
        // Runs of PackBits may reach into the next row, which only a strip as a whole allows.
        bool is_whole = header->is_tiled || decoder->planes > 1 || header->compression == COMPRESSION_PACKBITS;
        decoder->reading = is_whole ? BY_BLOCK : BY_ROW;
    }

    tmsize_t row = header->is_tiled ? TIFFTileRowSize(library) : TIFFScanlineSize(library);
    tmsize_t block = header->is_tiled ? TIFFTileSize(library) : TIFFVStripSize(library, block_rows);
    if (row <= 0 || block <= 0) return tiff_fail(decoder, "its rows have no size");
    decoder->block_row_bytes = (size_t)row;
    decoder->block_bytes = (size_t)block;
    decoder->blocks_across = header->is_tiled ? (header->width + block_width - 1) / block_width : 1;
    size_t pixel_bits = header->bits * header->samples;
    header->row_bytes = decoder->reading == BY_RGBA ? 3 * header->width : (header->width * pixel_bits + 7) / 8;

    size_t codec = codec_bytes(header->compression, block_width) + longest_encoded(decoder);
    size_t rgba = (size_t)block_rows * header->width * 4;
    switch (decoder->reading) {
    case BY_ROW:
        if (decoder->block_row_bytes != header->row_bytes) return tiff_refuse(decoder, "its rows have another length");
        header->working_bytes = codec;
        break;
    case BY_BLOCK: {
        size_t plane_bits = pixel_bits / decoder->planes;
        if (decoder->planes > 1 && header->bits != 8 && header->bits != 16) {
            return tiff_refuse(decoder, "its planes have samples of neither 8 nor 16 bits");
        }
        if (block_width * plane_bits % 8 != 0 && header->is_tiled) return tiff_refuse(decoder, "its tiles end in a byte");
        size_t expected = ((size_t)block_width * plane_bits + 7) / 8;
        if (decoder->block_row_bytes != expected || decoder->block_bytes < expected * block_rows) {
            return tiff_refuse(decoder, "its blocks have another length");
        }
        header->working_bytes = decoder->planes * decoder->blocks_across * decoder->block_bytes + codec;
        break;
    }
    case BY_RGBA:
        // libtiff holds a block of its own, of each plane.
        header->working_bytes = rgba + decoder->planes * decoder->block_bytes + codec;
        break;
    }
    return UNMASK_DECODING_OK;
}

unmask_decoding_status unmask_tiff_open(
    const uint8_t *bytes, size_t count, unmask_tiff **opened, unmask_tiff_header *header) {
    unmask_tiff *decoder = *opened = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_DECODING_NO_MEMORY;
    decoder->bytes = bytes;
    decoder->count = count;
    decoder->library = tiff_open_library(decoder);
    if (!decoder->library) return tiff_fail(decoder, "its directory cannot be read");
    read_tags(decoder->library, &decoder->header);
    if (decoder->header.width == 0 || decoder->header.height == 0) return tiff_fail(decoder, "it has no pixels");
    if (decoder->header.samples > 1024 || decoder->header.bits > 64) return tiff_refuse(decoder, "it has too many samples");
    if (!is_known(decoder->header.compression)) {
        return unmask_decoding_fail(
            &decoder->message, UNMASK_DECODING_UNSUPPORTED, "its compression is number %d; none, CCITT, LZW, JPEG, "
            "deflate, PackBits and zstd are read", (int)decoder->header.compression);
    }
    if (!TIFFIsCODECConfigured(decoder->header.compression)) {
        return tiff_refuse(decoder, "this libtiff is built without its compression");
    }
    if (decoder->header.photometric == PHOTOMETRIC_PALETTE) read_palette(decoder->library, &decoder->header);
    unmask_decoding_status status = plan(decoder);
    *header = decoder->header;
    // What libtiff said of an image that it opened was no obstacle.
    if (status == UNMASK_DECODING_OK) decoder->message.text[0] = '\0';
    return status;
}

const char *unmask_tiff_message(const unmask_tiff *decoder) { return decoder->message.text; }

const uint8_t *unmask_tiff_xmp(const unmask_tiff *decoder, size_t *count) {
    uint32_t length = 0;
    uint8_t *packet = NULL;
    if (TIFFGetField(decoder->library, TIFFTAG_XMLPACKET, &length, &packet) != 1) return NULL;
    *count = length;
    return packet;
}

void unmask_tiff_close(unmask_tiff *decoder) {
    if (!decoder) return;
    if (decoder->has_rgba) TIFFRGBAImageEnd(&decoder->rgba);
    if (decoder->library) TIFFClose(decoder->library);
    free(decoder->band);
    free(decoder);
}
