#include "unmask_png.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unmask_png {
    png_structp library;
    png_infop info;
    const uint8_t *next;
    size_t left, width, height;
    size_t row_bytes;
    bool is_truncated;
    jmp_buf failed;
    char message[128];
};

static void fail(png_structp library, png_const_charp message) {
    unmask_png *decoder = png_get_error_ptr(library);
    snprintf(decoder->message, sizeof decoder->message, "%s", message);
    longjmp(decoder->failed, 1);
}

static void ignore(png_structp library, png_const_charp message) {
    (void)library;
    (void)message;
}

static void read_bytes(png_structp library, png_bytep target, size_t count) {
    unmask_png *decoder = png_get_io_ptr(library);
    if (count > decoder->left) {
        decoder->is_truncated = true;
        png_error(library, "the data ends early");
    }
    memcpy(target, decoder->next, count);
    decoder->next += count;
    decoder->left -= count;
}

static unmask_png_status failure(const unmask_png *decoder) {
    return decoder->is_truncated ? UNMASK_PNG_TRUNCATED : UNMASK_PNG_CORRUPT;
}

static void read_palette(unmask_png *decoder, unmask_png_header *header) {
    png_colorp colors = NULL;
    png_bytep alpha = NULL;
    int color_count = 0, alpha_count = 0;
    png_get_PLTE(decoder->library, decoder->info, &colors, &color_count);
    png_get_tRNS(decoder->library, decoder->info, &alpha, &alpha_count, NULL);
    for (int i = 0; i < 256; i++) {
        bool is_listed = i < color_count;
        header->palette[i][0] = is_listed ? colors[i].red : 0;
        header->palette[i][1] = is_listed ? colors[i].green : 0;
        header->palette[i][2] = is_listed ? colors[i].blue : 0;
        header->palette[i][3] = i < alpha_count ? alpha[i] : 255;
    }
}

static void read_transparent_color(unmask_png *decoder, unmask_png_header *header) {
    png_color_16p color = NULL;
    if (!png_get_tRNS(decoder->library, decoder->info, NULL, NULL, &color) || !color) return;
    header->has_transparent = true;
    header->transparent[0] = header->color == UNMASK_PNG_GRAY ? color->gray : color->red;
    header->transparent[1] = color->green;
    header->transparent[2] = color->blue;
}

unmask_png_status unmask_png_open(
    const uint8_t *bytes, size_t count, unmask_png **opened, unmask_png_header *header) {
    unmask_png *decoder = *opened = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_PNG_NO_MEMORY;
    decoder->next = bytes;
    decoder->left = count;
    if (setjmp(decoder->failed)) return failure(decoder);
    decoder->library = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, fail, ignore);
    if (!decoder->library) return UNMASK_PNG_NO_MEMORY;
    decoder->info = png_create_info_struct(decoder->library);
    if (!decoder->info) return UNMASK_PNG_NO_MEMORY;
    // The caller's limits come after the header; libpng's own would refuse wide images for another reason.
    png_set_user_limits(decoder->library, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_read_fn(decoder->library, decoder, read_bytes);
    png_read_info(decoder->library, decoder->info);

    memset(header, 0, sizeof *header);
    header->width = decoder->width = png_get_image_width(decoder->library, decoder->info);
    header->height = decoder->height = png_get_image_height(decoder->library, decoder->info);
    header->bits = png_get_bit_depth(decoder->library, decoder->info);
    header->samples = png_get_channels(decoder->library, decoder->info);
    switch (png_get_color_type(decoder->library, decoder->info)) {
    case PNG_COLOR_TYPE_GRAY: header->color = UNMASK_PNG_GRAY; break;
    case PNG_COLOR_TYPE_PALETTE: header->color = UNMASK_PNG_PALETTE; break;
    case PNG_COLOR_TYPE_GRAY_ALPHA: header->color = UNMASK_PNG_GRAY_ALPHA; break;
    case PNG_COLOR_TYPE_RGB_ALPHA: header->color = UNMASK_PNG_RGB_ALPHA; break;
    default: header->color = UNMASK_PNG_RGB;
    }
    if (header->color == UNMASK_PNG_PALETTE) read_palette(decoder, header);
    else read_transparent_color(decoder, header);
    return UNMASK_PNG_OK;
}

const char *unmask_png_message(const unmask_png *decoder) { return decoder->message; }

static void read_rows(unmask_png *decoder, uint8_t *samples, int passes) {
    for (int pass = 0; pass < passes; pass++) {
        for (size_t y = 0; y < decoder->height; y++) {
            png_read_row(decoder->library, samples + y * decoder->row_bytes, NULL);
        }
    }
}

unmask_png_status unmask_png_decode(unmask_png *decoder, uint8_t *samples) {
    if (setjmp(decoder->failed)) return failure(decoder);
    png_set_packing(decoder->library);
    int passes = png_set_interlace_handling(decoder->library);
    png_read_update_info(decoder->library, decoder->info);
    decoder->row_bytes = png_get_rowbytes(decoder->library, decoder->info);
    read_rows(decoder, samples, passes);
    // The pixels are complete: what is wrong behind them costs only the metadata that may stand there.
    if (setjmp(decoder->failed) == 0) png_read_end(decoder->library, decoder->info);
    return UNMASK_PNG_OK;
}

const uint8_t *unmask_png_exif(const unmask_png *decoder, size_t *count) {
    png_bytep exif = NULL;
    png_uint_32 length = 0;
    if (!png_get_eXIf_1(decoder->library, decoder->info, &length, &exif)) return NULL;
    *count = length;
    return exif;
}

const uint8_t *unmask_png_xmp(const unmask_png *decoder, size_t *count) {
    png_textp texts = NULL;
    int text_count = png_get_text(decoder->library, decoder->info, &texts, NULL);
    for (int i = text_count - 1; i >= 0; i--) {
        bool is_international = texts[i].compression >= PNG_ITXT_COMPRESSION_NONE;
        if (!is_international || strcmp(texts[i].key, "XML:com.adobe.xmp") != 0) continue;
        *count = texts[i].itxt_length;
        return (const uint8_t *)texts[i].text;
    }
    return NULL;
}

void unmask_png_close(unmask_png *decoder) {
    if (!decoder) return;
    png_destroy_read_struct(&decoder->library, &decoder->info, NULL);
    free(decoder);
}
