#ifndef UNMASK_JPEG_H
#define UNMASK_JPEG_H

// JPEG decoding by libjpeg-turbo, its errors as values: no longjmp leaves this target.

#include "unmask_decoding.h"

typedef struct unmask_jpeg unmask_jpeg;

typedef struct {
    size_t width, height;
    size_t channels;       ///< of the decoded pixels: 1 (gray) or 3 (RGB; CMYK and YCCK are converted)
    size_t scans;          ///< passes over the image that the file holds
    size_t working_bytes;  ///< what libjpeg takes while it decodes: coefficients of several scans, rows on their way
} unmask_jpeg_header;

/// Reads the header, and counts the scans. `bytes` must stay valid and unchanged until `unmask_jpeg_close`.
///
/// *decoder is set on success and on failure, so that its message can be read, and NULL only where there is no memory
/// for it. Nothing that grows with the image's size is allocated.
unmask_decoding_status unmask_jpeg_open(
    const uint8_t *bytes, size_t count, unmask_jpeg **decoder, unmask_jpeg_header *header);

/// What went wrong, in libjpeg's words; valid until `unmask_jpeg_close`.
const char *unmask_jpeg_message(const unmask_jpeg *decoder);

/// The APP1 segment number `index` that precedes the image data (EXIF and XMP travel there), without its length
/// field; NULL past the last one, and after decoding.
const uint8_t *unmask_jpeg_app1(const unmask_jpeg *decoder, size_t index, size_t *count);

/// Makes every side a `factor`th (2, 4 or 8), rounded up, and says so in the header: no more than that is then computed of
/// each block. After opening, before the start.
unmask_decoding_status unmask_jpeg_reduce(unmask_jpeg *decoder, size_t factor, unmask_jpeg_header *header);

/// Reads all scans of a file that has several, and makes ready for the first row. Once only. `stop` may be NULL, and
/// is asked after every row of blocks of every scan; it and its context stay in use until `unmask_jpeg_close`.
///
/// Settings are libjpeg's defaults, which are Pillow's: the accurate integer DCT and smooth chroma upsampling. CMYK is
/// taken as inverted, as Adobe writes it and Pillow assumes. Damage that libjpeg conceals is concealed.
unmask_decoding_status unmask_jpeg_start(unmask_jpeg *decoder, unmask_decoding_stop stop, void *context);

/// Decodes the next row into `row`, [width, channels] as the header said; `height` times.
unmask_decoding_status unmask_jpeg_read_row(unmask_jpeg *decoder, uint8_t *row);

void unmask_jpeg_close(unmask_jpeg *decoder);

#endif
