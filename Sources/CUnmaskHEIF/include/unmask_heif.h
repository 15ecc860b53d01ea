#ifndef UNMASK_HEIF_H
#define UNMASK_HEIF_H

// HEIC decoding by libheif, on the calling thread.

#include "unmask_decoding.h"

typedef struct unmask_heif unmask_heif;

typedef struct {
    size_t width, height;  ///< upright: turned, mirrored and cropped as the file says
    bool has_alpha;
    size_t decoded_pixels; ///< of the largest picture that is decoded on the way: uncropped, filled up to whole blocks
    size_t working_bytes;  ///< what libheif and its decoder take beside the pixels
} unmask_heif_header;

/// Reads the container, and finds its primary image. `bytes` must stay valid and unchanged until `unmask_heif_close`.
///
/// *decoder is set on success and on failure, so that its message can be read, and NULL only where there is no memory
/// for it. Nothing that grows with the image's size is allocated.
///
/// @param longest_side of an image or of a part of one; libheif refuses what is longer
unmask_decoding_status unmask_heif_open(
    const uint8_t *bytes, size_t count, size_t longest_side, unmask_heif **decoder, unmask_heif_header *header);

/// What went wrong, in libheif's words; valid until `unmask_heif_close`.
const char *unmask_heif_message(const unmask_heif *decoder);

/// Decodes the image into `pixels`: [height, width, 4] where the header has alpha, else [height, width, 3], 8 bits a
/// sample. `stop` may be NULL, and is asked before and behind the decoding of the bitstream, which is one piece.
unmask_decoding_status unmask_heif_decode(
    unmask_heif *decoder, uint8_t *pixels, unmask_decoding_stop stop, void *context);

void unmask_heif_close(unmask_heif *decoder);

#endif
