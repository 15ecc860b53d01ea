#ifndef UNMASK_AVIF_H
#define UNMASK_AVIF_H

// AVIF decoding by libavif, on the calling thread.

#include "unmask_decoding.h"

typedef struct unmask_avif unmask_avif;

typedef struct {
    size_t width, height;  ///< as stored, before it is turned
    bool has_alpha;
    int orientation;       ///< EXIF's number for how the file turns and mirrors the image; 1 where it does not
    size_t working_bytes;  ///< what libavif and its decoder take beside the pixels
} unmask_avif_header;

/// Reads the container. `bytes` must stay valid and unchanged until `unmask_avif_close`.
///
/// *decoder is set on success and on failure, so that its message can be read, and NULL only where there is no memory
/// for it. Nothing that grows with the image's size is allocated.
unmask_decoding_status unmask_avif_open(
    const uint8_t *bytes, size_t count, unmask_avif **decoder, unmask_avif_header *header);

/// What went wrong, in libavif's words; valid until `unmask_avif_close`.
const char *unmask_avif_message(const unmask_avif *decoder);

/// Decodes the image, or a sequence's first, into `pixels`: [height, width, 4] where the header has alpha, else
/// [height, width, 3], 8 bits a sample. Frames larger than the header says are refused. `stop` may be NULL, and is asked
/// before and behind the decoding of the bitstream, which is one piece.
unmask_decoding_status unmask_avif_decode(
    unmask_avif *decoder, uint8_t *pixels, unmask_decoding_stop stop, void *context);

/// The EXIF block; NULL where there is none.
const uint8_t *unmask_avif_exif(const unmask_avif *decoder, size_t *count);

/// The XMP packet; NULL where there is none.
const uint8_t *unmask_avif_xmp(const unmask_avif *decoder, size_t *count);

void unmask_avif_close(unmask_avif *decoder);

#endif
