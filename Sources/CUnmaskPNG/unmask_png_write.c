#include "unmask_png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
    jmp_buf failed;
} output;

static void fail(png_structp library, png_const_charp message) {
    (void)message;
    output *out = png_get_error_ptr(library);
    longjmp(out->failed, 1);
}

static void write_bytes(png_structp library, png_bytep bytes, size_t count) {
    output *out = png_get_io_ptr(library);
    if (count > out->capacity - out->count) {
        size_t capacity = 2 * out->capacity + count + 4096;
        uint8_t *grown = realloc(out->bytes, capacity);
        if (!grown) png_error(library, "no memory");
        out->bytes = grown;
        out->capacity = capacity;
    }
    memcpy(out->bytes + out->count, bytes, count);
    out->count += count;
}

static void flush(png_structp library) { (void)library; }

static void write_rows(png_structp library, const uint8_t *pixels, size_t height, size_t stride) {
    for (size_t y = 0; y < height; y++) png_write_row(library, pixels + y * stride);
}

static void write_palette(png_structp library, png_infop info, const uint8_t *palette) {
    png_color entries[256];
    for (size_t i = 0; i < 256; i++) {
        entries[i] = (png_color){palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]};
    }
    png_set_PLTE(library, info, entries, 256);
}

unmask_decoding_status unmask_png_encode(
    const uint8_t *pixels, size_t width, size_t height, size_t channels, const uint8_t *palette, uint8_t **encoded,
    size_t *count) {
    // Both survive a longjmp, being reached through pointers that do not change.
    output *out = calloc(1, sizeof *out);
    if (!out) return UNMASK_DECODING_NO_MEMORY;
    png_structp library = png_create_write_struct(PNG_LIBPNG_VER_STRING, out, fail, NULL);
    png_infop info = library ? png_create_info_struct(library) : NULL;
    unmask_decoding_status status = UNMASK_DECODING_NO_MEMORY;
    if (info && setjmp(out->failed) == 0) {
        png_set_write_fn(library, out, write_bytes, flush);
        png_set_user_limits(library, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
        int color = palette ? PNG_COLOR_TYPE_PALETTE : channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
        png_set_IHDR(
            library, info, (png_uint_32)width, (png_uint_32)height, 8, color, PNG_INTERLACE_NONE,
            PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
        if (palette) write_palette(library, info, palette);
        png_write_info(library, info);
        write_rows(library, pixels, height, width * channels);
        png_write_end(library, info);
        *encoded = out->bytes;
        *count = out->count;
        out->bytes = NULL;
        status = UNMASK_DECODING_OK;
    }
    png_destroy_write_struct(&library, &info);
    free(out->bytes);
    free(out);
    return status;
}
