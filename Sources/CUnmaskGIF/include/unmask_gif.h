#ifndef UNMASK_GIF_H
#define UNMASK_GIF_H

// GIF decoding by giflib: the first frame of a file.

#include "unmask_decoding.h"

typedef struct unmask_gif unmask_gif;

typedef struct {
    size_t width, height;                            ///< of the canvas, grown where the frame reaches beyond it
    size_t left, top, frame_width, frame_height;     ///< where the frame lies on it
    bool is_interlaced;
    bool has_palette;         ///< else an index is its gray
    uint8_t palette[256][3];  ///< R, G, B of the frame; entries that the file lacks are black, as in Pillow
    int transparent;          ///< the index that is transparent, -1 where none is
} unmask_gif_header;

/// Reads up to the first frame's data. `bytes` must stay valid and unchanged until `unmask_gif_close`.
///
/// *decoder is set on success and on failure, so that its message can be read, and NULL only where there is no memory
/// for it. Nothing that grows with the image's size is allocated.
unmask_decoding_status unmask_gif_open(
    const uint8_t *bytes, size_t count, unmask_gif **decoder, unmask_gif_header *header);

/// What went wrong; valid until `unmask_gif_close`.
const char *unmask_gif_message(const unmask_gif *decoder);

/// Decodes the frame's next row, in the order of the file, into `indices`, [frame_width]; `frame_height` times.
unmask_decoding_status unmask_gif_read_row(unmask_gif *decoder, uint8_t *indices);

void unmask_gif_close(unmask_gif *decoder);

#endif
