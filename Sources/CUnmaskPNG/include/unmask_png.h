#ifndef UNMASK_PNG_H
#define UNMASK_PNG_H

// PNG reading and writing by libpng, its errors as values: no longjmp leaves this target.

#include "unmask_decoding.h"

typedef enum {
    UNMASK_PNG_GRAY,
    UNMASK_PNG_RGB,
    UNMASK_PNG_PALETTE,
    UNMASK_PNG_GRAY_ALPHA,
    UNMASK_PNG_RGB_ALPHA,
} unmask_png_color;

typedef struct {
    size_t width, height;
    unmask_png_color color;
    size_t bits;      ///< of a sample in the file: 1, 2, 4, 8 or 16
    size_t samples;   ///< of a pixel: 1, 3, 1, 2 or 4, by color
    bool is_interlaced;
    bool has_transparent;     ///< a gray or RGB image names a transparent color
    uint16_t transparent[3];  ///< that color as the file has it: gray in [0], or R, G, B
    uint8_t palette[256][4];  ///< R, G, B, alpha; entries that the file lacks are opaque black, as in Pillow
} unmask_png_header;

typedef struct unmask_png unmask_png;

/// Reads everything up to the image data. `bytes` must stay valid and unchanged until `unmask_png_close`.
///
/// *decoder is set on success and on failure, so that its message can be read, and NULL only where there is no memory
/// for it. Nothing that grows with the image's size is allocated.
unmask_decoding_status unmask_png_open(
    const uint8_t *bytes, size_t count, unmask_png **decoder, unmask_png_header *header);

/// What went wrong, in libpng's words; valid until `unmask_png_close`.
const char *unmask_png_message(const unmask_png *decoder);

/// Makes ready for the first row. Once only.
unmask_decoding_status unmask_png_start(unmask_png *decoder);

/// Reads the next row into `samples`, [width, samples], one byte a sample: unpacked but not scaled (0…3 at two bits), two
/// bytes big-endian at 16 bits. Gamma and colour profiles are left alone.
///
/// The rows of an interlaced image are those of its seven passes, one after the other, as `unmask_png_pass_of` says; the
/// buffer has room for `width` pixels all the same, and what is behind a pass's own is arbitrary.
unmask_decoding_status unmask_png_read_row(unmask_png *decoder, uint8_t *samples);

/// Reads on behind the last row, for the metadata that may stand there. What is wrong there costs nothing else: the
/// pixels are complete.
void unmask_png_finish(unmask_png *decoder);

/// The number of passes of an interlaced image (PNG specification, section 8).
enum { UNMASK_PNG_PASSES = 7 };

/// Which pixels a pass has. Passes without rows or columns are not in the file.
typedef struct {
    size_t first_row, row_step, rows;
    size_t first_column, column_step, columns;
} unmask_png_pass;

unmask_png_pass unmask_png_pass_of(const unmask_png_header *header, int pass);

/// The eXIf chunk as far as the file has been read; NULL where there is none.
const uint8_t *unmask_png_exif(const unmask_png *decoder, size_t *count);

/// EXIF as ImageMagick and ExifTool put it into a text, `Raw profile type exif`, as far as the file has been read: an empty
/// line, the profile's name, its length, and hexadecimal lines. NULL where there is none.
const uint8_t *unmask_png_raw_exif(const unmask_png *decoder, size_t *count);

/// The XMP packet as far as the file has been read; NULL where there is none.
const uint8_t *unmask_png_xmp(const unmask_png *decoder, size_t *count);

void unmask_png_close(unmask_png *decoder);

/// Writes `pixels`, [height, width, channels], as an 8-bit gray (1 channel) or RGB (3) PNG into memory; or, where there is a
/// `palette` of 256 entries R, G, B, one channel as its indices.
///
/// On success *encoded holds *count bytes, to be given to `free`.
unmask_decoding_status unmask_png_encode(
    const uint8_t *pixels, size_t width, size_t height, size_t channels, const uint8_t *palette, uint8_t **encoded,
    size_t *count);

#endif
