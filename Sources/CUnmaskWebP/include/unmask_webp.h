#ifndef UNMASK_WEBP_H
#define UNMASK_WEBP_H

// WebP decoding by libwebp.

#include "unmask_decoding.h"

typedef struct unmask_webp unmask_webp;

typedef struct {
    size_t width, height;  ///< of the canvas
    bool has_alpha;
    bool covers_canvas;    ///< whether the first frame does
    size_t working_bytes;  ///< what libwebp takes beside the pixels
} unmask_webp_header;

/// Reads the container. `bytes` must stay valid and unchanged until `unmask_webp_close`.
///
/// *decoder is set on success and on failure, so that its message can be read, and NULL only where there is no memory
/// for it.
unmask_decoding_status unmask_webp_open(
    const uint8_t *bytes, size_t count, unmask_webp **decoder, unmask_webp_header *header);

/// What went wrong; valid until `unmask_webp_close`.
const char *unmask_webp_message(const unmask_webp *decoder);

/// Decodes the image, or an animation's first frame, into `pixels`: [height, width, 4] where the header has alpha,
/// else [height, width, 3]. Where the frame does not cover its canvas, the pixels must be zero before. `stop` may be NULL,
/// and is asked between pieces of the file.
unmask_decoding_status unmask_webp_decode(
    unmask_webp *decoder, uint8_t *pixels, unmask_decoding_stop stop, void *context);

/// The EXIF chunk; NULL where there is none.
const uint8_t *unmask_webp_exif(const unmask_webp *decoder, size_t *count);

/// The XMP chunk; NULL where there is none.
const uint8_t *unmask_webp_xmp(const unmask_webp *decoder, size_t *count);

void unmask_webp_close(unmask_webp *decoder);

#endif
