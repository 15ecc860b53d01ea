#ifndef UNMASK_TIFF_H
#define UNMASK_TIFF_H

// TIFF decoding by libtiff: the first page of a file.

#include "unmask_decoding.h"

typedef struct unmask_tiff unmask_tiff;

enum { UNMASK_TIFF_EXTRA_SAMPLES = 8 };

/// What the tags say, or their defaults. Numbers are TIFF 6.0's and libtiff's (tiff.h).
typedef struct {
    size_t width, height;
    size_t bits;     ///< of a sample
    size_t samples;  ///< of a pixel
    size_t extra_samples;
    uint16_t extra[UNMASK_TIFF_EXTRA_SAMPLES];  ///< what the samples behind the colours are; the first so many
    uint16_t photometric, sample_format, compression;
    bool is_compressed;
    bool is_separate;     ///< a plane for each sample
    bool is_tiled;
    bool is_big_endian;
    bool becomes_rgb;     ///< libtiff makes YCbCr RGB: rows have R, G, B of 8 bits, whatever the tags say
    uint16_t orientation; ///< 1…8; 0 where there is no tag
    uint8_t palette[256][3];  ///< R, G, B: the high bytes of the colour map, which are all that Pillow reads
    size_t row_bytes;      ///< of a row that is read
    size_t working_bytes;  ///< what libtiff and what reads from it take beside a row
} unmask_tiff_header;

/// Reads the first directory. `bytes` must stay valid and unchanged until `unmask_tiff_close`.
///
/// *decoder is set on success and on failure, so that its message can be read, and NULL only where there is no memory
/// for it. Nothing that grows with the image's size is allocated.
unmask_decoding_status unmask_tiff_open(
    const uint8_t *bytes, size_t count, unmask_tiff **decoder, unmask_tiff_header *header);

/// What went wrong, in libtiff's words; valid until `unmask_tiff_close`.
const char *unmask_tiff_message(const unmask_tiff *decoder);

/// The XMP packet; NULL where there is none.
const uint8_t *unmask_tiff_xmp(const unmask_tiff *decoder, size_t *count);

/// Makes ready for the first row. Once only.
unmask_decoding_status unmask_tiff_start(unmask_tiff *decoder);

/// Reads the next row into `row`, [row_bytes]: samples as the file packs them, but in the processor's byte order, their
/// high bits first, and side by side where they come in separate planes.
unmask_decoding_status unmask_tiff_read_row(unmask_tiff *decoder, uint8_t *row);

void unmask_tiff_close(unmask_tiff *decoder);

#endif
