#ifndef UNMASK_JPEG_H
#define UNMASK_JPEG_H

// JPEG decoding by libjpeg-turbo, its errors as values: no longjmp leaves this target.

#include <stddef.h>
#include <stdint.h>

typedef enum {
    UNMASK_JPEG_OK,
    UNMASK_JPEG_TRUNCATED,    ///< the bytes end before the last row
    UNMASK_JPEG_CORRUPT,      ///< libjpeg cannot go on
    UNMASK_JPEG_UNSUPPORTED,  ///< a JPEG process, bit depth or component count that is not decoded here
    UNMASK_JPEG_NO_MEMORY,
} unmask_jpeg_status;

typedef struct unmask_jpeg unmask_jpeg;

typedef struct {
    size_t width, height;
    size_t channels;  ///< of the decoded pixels: 1 (gray) or 3 (RGB; CMYK and YCCK are converted)
} unmask_jpeg_header;

/// Reads the header. `bytes` must stay valid and unchanged until `unmask_jpeg_close`.
///
/// *decoder is set on success and on failure, so that its message can be read, and NULL only where there is no memory
/// for it. Nothing that grows with the image's size is allocated.
unmask_jpeg_status unmask_jpeg_open(
    const uint8_t *bytes, size_t count, unmask_jpeg **decoder, unmask_jpeg_header *header);

/// What went wrong, in libjpeg's words; valid until `unmask_jpeg_close`.
const char *unmask_jpeg_message(const unmask_jpeg *decoder);

/// The APP1 segment number `index` that precedes the image data (EXIF and XMP travel there), without its length
/// field; NULL past the last one, and after decoding.
const uint8_t *unmask_jpeg_app1(const unmask_jpeg *decoder, size_t index, size_t *count);

/// Decodes into `pixels`, [height, width, channels] as the header said. Once only.
///
/// Settings are libjpeg's defaults, which are Pillow's: the accurate integer DCT and smooth chroma upsampling. CMYK is
/// taken as inverted, as Adobe writes it and Pillow assumes. Damage that libjpeg conceals is concealed.
unmask_jpeg_status unmask_jpeg_decode(unmask_jpeg *decoder, uint8_t *pixels);

void unmask_jpeg_close(unmask_jpeg *decoder);

#endif
