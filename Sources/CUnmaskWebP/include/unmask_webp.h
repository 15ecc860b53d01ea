#ifndef UNMASK_WEBP_H
#define UNMASK_WEBP_H

// WebP decoding by libwebp.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    UNMASK_WEBP_OK,
    UNMASK_WEBP_TRUNCATED,
    UNMASK_WEBP_CORRUPT,
    UNMASK_WEBP_UNSUPPORTED,
    UNMASK_WEBP_NO_MEMORY,
    UNMASK_WEBP_STOPPED,  ///< the caller said so
} unmask_webp_status;

typedef struct unmask_webp unmask_webp;

typedef struct {
    size_t width, height;  ///< of the canvas
    bool has_alpha;
    bool covers_canvas;    ///< whether the first frame does
    size_t working_bytes;  ///< what libwebp takes beside the pixels
} unmask_webp_header;

/// Asked between pieces of the file, with the context given beside it; true stops the decoding.
typedef bool (*unmask_webp_stop)(void *context);

/// Reads the container. `bytes` must stay valid and unchanged until `unmask_webp_close`. *decoder is NULL on failure.
unmask_webp_status unmask_webp_open(
    const uint8_t *bytes, size_t count, unmask_webp **decoder, unmask_webp_header *header);

/// Decodes the image, or an animation's first frame, into `pixels`: [height, width, 4] where the header has alpha,
/// else [height, width, 3]. Where the frame does not cover its canvas, the pixels must be zero before. `stop` may be NULL.
unmask_webp_status unmask_webp_decode(
    unmask_webp *decoder, uint8_t *pixels, unmask_webp_stop stop, void *context);

/// The EXIF chunk; NULL where there is none.
const uint8_t *unmask_webp_exif(const unmask_webp *decoder, size_t *count);

/// The XMP chunk; NULL where there is none.
const uint8_t *unmask_webp_xmp(const unmask_webp *decoder, size_t *count);

void unmask_webp_close(unmask_webp *decoder);

#endif
