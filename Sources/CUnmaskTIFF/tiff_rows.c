// Rows out of strips, tiles and bands.

#include <stdlib.h>
#include <string.h>

#include "tiff_decoder.h"

static unmask_decoding_status start_rgba(unmask_tiff *decoder) {
    char text[1024] = "";
    if (!TIFFRGBAImageOK(decoder->library, text) || !TIFFRGBAImageBegin(&decoder->rgba, decoder->library, 1, text)) {
        return tiff_refuse(decoder, text[0] ? text : "libtiff does not make it RGB");
    }
    decoder->has_rgba = true;
    decoder->rgba.orientation = decoder->rgba.req_orientation = ORIENTATION_TOPLEFT;
    return UNMASK_DECODING_OK;
}

unmask_decoding_status unmask_tiff_start(unmask_tiff *decoder) {
    if (decoder->reading == BY_ROW) return UNMASK_DECODING_OK;
    size_t bytes = decoder->reading == BY_RGBA ? decoder->block_rows * decoder->header.width * 4
                                               : decoder->planes * decoder->blocks_across * decoder->block_bytes;
    // Some decompressors leave out rows that a damaged block lacks: those are black, as in Pillow.
    decoder->band = calloc(1, bytes);
    if (!decoder->band) return UNMASK_DECODING_NO_MEMORY;
    return decoder->reading == BY_RGBA ? start_rgba(decoder) : UNMASK_DECODING_OK;
}

/// Decodes the band of blocks that the next row begins.
static bool read_band(unmask_tiff *decoder) {
    TIFF *library = decoder->library;
    uint32_t row = (uint32_t)decoder->next_row;
    if (decoder->reading == BY_RGBA) {
        size_t rows = smaller(decoder->block_rows, decoder->header.height - decoder->next_row);
        decoder->rgba.row_offset = (int)row;
        decoder->rgba.col_offset = 0;
        return TIFFRGBAImageGet(
            &decoder->rgba, (uint32_t *)(void *)decoder->band, (uint32_t)decoder->header.width, (uint32_t)rows);
    }
    uint8_t *block = decoder->band;
    uint32_t tile_width = 0;
    if (decoder->header.is_tiled) TIFFGetField(library, TIFFTAG_TILEWIDTH, &tile_width);
    for (size_t plane = 0; plane < decoder->planes; plane++) {
        for (size_t column = 0; column < decoder->blocks_across; column++, block += decoder->block_bytes) {
            uint16_t sample = (uint16_t)plane;
            tmsize_t bytes = (tmsize_t)decoder->block_bytes, read;
            if (decoder->header.is_tiled) {
                uint32_t tile = TIFFComputeTile(library, (uint32_t)column * tile_width, row, 0, sample);
                read = TIFFReadEncodedTile(library, tile, block, bytes);
            } else {
                read = TIFFReadEncodedStrip(library, TIFFComputeStrip(library, row, sample), block, bytes);
            }
            if (read < 0) return false;
        }
    }
    return true;
}

/// One row of the band: blocks side by side, and planes sample by sample.
static void copy_row(const unmask_tiff *decoder, size_t row, uint8_t *target) {
    const unmask_tiff_header *header = &decoder->header;
    if (decoder->reading == BY_RGBA) {
        const uint32_t *pixels = (const uint32_t *)(const void *)decoder->band + row * header->width;
        for (size_t x = 0; x < header->width; x++) {
            target[3 * x] = (uint8_t)TIFFGetR(pixels[x]);
            target[3 * x + 1] = (uint8_t)TIFFGetG(pixels[x]);
            target[3 * x + 2] = (uint8_t)TIFFGetB(pixels[x]);
        }
        return;
    }
    size_t planes = decoder->planes, plane_bytes = header->row_bytes / planes;
    size_t sample_bytes = planes == 1 ? 1 : header->bits / 8;
    for (size_t plane = 0; plane < planes; plane++) {
        for (size_t column = 0; column < decoder->blocks_across; column++) {
            const uint8_t *block = decoder->band + (plane * decoder->blocks_across + column) * decoder->block_bytes;
            const uint8_t *source = block + row * decoder->block_row_bytes;
            size_t first = column * decoder->block_row_bytes;
            size_t bytes = smaller(decoder->block_row_bytes, plane_bytes - first);
            if (planes == 1) {
                memcpy(target + first, source, bytes);
                continue;
            }
            for (size_t i = 0; i < bytes; i += sample_bytes) {
                memcpy(target + (first + i) * planes + plane * sample_bytes, source + i, sample_bytes);
            }
        }
    }
}

unmask_decoding_status unmask_tiff_read_row(unmask_tiff *decoder, uint8_t *row) {
    if (decoder->reading == BY_ROW) {
        int read = TIFFReadScanline(decoder->library, row, (uint32_t)decoder->next_row, 0);
        if (read != 1) return tiff_fail(decoder, "the image data is damaged");
    } else {
        size_t place = decoder->next_row % decoder->block_rows;
        if (place == 0 && !read_band(decoder)) return tiff_fail(decoder, "the image data is damaged");
        copy_row(decoder, place, row);
    }
    decoder->next_row++;
    return UNMASK_DECODING_OK;
}
