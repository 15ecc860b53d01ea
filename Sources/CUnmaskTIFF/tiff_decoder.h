#ifndef UNMASK_TIFF_DECODER_H
#define UNMASK_TIFF_DECODER_H

#include <tiffio.h>

#include "unmask_tiff.h"

/// How rows come out of libtiff.
typedef enum {
    BY_ROW,   ///< strips of whole pixels: one row after the other
    BY_BLOCK, ///< tiles, strips of one sample, or those that come as a whole: a band of them at a time
    BY_RGBA,  ///< YCbCr that nothing else makes RGB: a band of strips or tiles, four bytes a pixel
} reading;

struct unmask_tiff {
    TIFF *library;
    const uint8_t *bytes;
    size_t count;
    toff_t place;             ///< may lie behind the end: there is nothing to read there
    unmask_tiff_header header;
    reading reading;
    size_t block_rows;        ///< of a strip or tile
    size_t block_row_bytes;   ///< of one row of a strip or tile
    size_t block_bytes;       ///< of a strip or tile
    size_t blocks_across;
    size_t planes;
    uint8_t *band;            ///< [planes, blocks_across, block_bytes], or [block_rows, width, 4]
    size_t next_row;
    TIFFRGBAImage rgba;
    bool has_rgba;
    bool is_exhausted;        ///< more was asked for than there is
    unmask_decoding_message message;
};

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/// The file in memory as libtiff reads it (tiff_library.c); NULL where it is none.
TIFF *tiff_open_library(unmask_tiff *decoder);

/// Why the file cannot be read: in libtiff's words where it said something, else in these.
unmask_decoding_status tiff_fail(unmask_tiff *decoder, const char *text);

/// What is not decoded, in these words.
unmask_decoding_status tiff_refuse(unmask_tiff *decoder, const char *text);

#endif
