#include "unmask_png.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct unmask_png {
    png_structp library;
    png_infop info;
    unmask_decoding_input input;
    jmp_buf failed;
    unmask_decoding_status status;
    unmask_decoding_message message;
};

static void fail(png_structp library, png_const_charp message) {
    unmask_png *decoder = png_get_error_ptr(library);
    decoder->status = unmask_decoding_fail(
        &decoder->message, decoder->input.is_exhausted ? UNMASK_DECODING_TRUNCATED : UNMASK_DECODING_CORRUPT, "%s", message);
    longjmp(decoder->failed, 1);
}

static void ignore(png_structp library, png_const_charp message) {
    (void)library;
    (void)message;
}

static void read_bytes(png_structp library, png_bytep target, size_t count) {
    unmask_png *decoder = png_get_io_ptr(library);
    if (!unmask_decoding_read(&decoder->input, target, count)) png_error(library, "the data ends early");
}

/// Chunks that are inflated or kept, and that nothing here reads.
static const png_byte unread[][5] = {"iCCP", "sPLT", "pCAL", "sCAL", "hIST"};

/// What is kept of the others, XMP packets and unused texts alike: at most 64 of 1 MiB each, which is what Pillow takes.
enum { KEPT_CHUNKS = 64, KEPT_CHUNK_BYTES = 1 << 20 };

static void limit_chunks(png_structp library) {
    const int count = sizeof unread / sizeof *unread;
    png_set_keep_unknown_chunks(library, PNG_HANDLE_CHUNK_NEVER, unread[0], count);
    png_set_chunk_cache_max(library, KEPT_CHUNKS);
    png_set_chunk_malloc_max(library, KEPT_CHUNK_BYTES);
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

unmask_decoding_status unmask_png_open(
    const uint8_t *bytes, size_t count, unmask_png **opened, unmask_png_header *header) {
    unmask_png *decoder = *opened = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_DECODING_NO_MEMORY;
    decoder->input = (unmask_decoding_input){.next = bytes, .left = count};
    if (setjmp(decoder->failed)) return decoder->status;
    decoder->library = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, fail, ignore);
    if (!decoder->library) return UNMASK_DECODING_NO_MEMORY;
    decoder->info = png_create_info_struct(decoder->library);
    if (!decoder->info) return UNMASK_DECODING_NO_MEMORY;
    // The caller's limits come after the header; libpng's own would refuse wide images for another reason.
    png_set_user_limits(decoder->library, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    limit_chunks(decoder->library);
    png_set_read_fn(decoder->library, decoder, read_bytes);
    png_read_info(decoder->library, decoder->info);

    memset(header, 0, sizeof *header);
    header->width = png_get_image_width(decoder->library, decoder->info);
    header->height = png_get_image_height(decoder->library, decoder->info);
    header->bits = png_get_bit_depth(decoder->library, decoder->info);
    header->samples = png_get_channels(decoder->library, decoder->info);
    header->is_interlaced = png_get_interlace_type(decoder->library, decoder->info) == PNG_INTERLACE_ADAM7;
    switch (png_get_color_type(decoder->library, decoder->info)) {
    case PNG_COLOR_TYPE_GRAY: header->color = UNMASK_PNG_GRAY; break;
    case PNG_COLOR_TYPE_PALETTE: header->color = UNMASK_PNG_PALETTE; break;
    case PNG_COLOR_TYPE_GRAY_ALPHA: header->color = UNMASK_PNG_GRAY_ALPHA; break;
    case PNG_COLOR_TYPE_RGB_ALPHA: header->color = UNMASK_PNG_RGB_ALPHA; break;
    default: header->color = UNMASK_PNG_RGB;
    }
    if (header->color == UNMASK_PNG_PALETTE) read_palette(decoder, header);
    else read_transparent_color(decoder, header);
    return UNMASK_DECODING_OK;
}

const char *unmask_png_message(const unmask_png *decoder) { return decoder->message.text; }

unmask_decoding_status unmask_png_start(unmask_png *decoder) {
    if (setjmp(decoder->failed)) return decoder->status;
    png_set_packing(decoder->library);
    png_read_update_info(decoder->library, decoder->info);
    return UNMASK_DECODING_OK;
}

unmask_decoding_status unmask_png_read_row(unmask_png *decoder, uint8_t *samples) {
    if (setjmp(decoder->failed)) return decoder->status;
    png_read_row(decoder->library, samples, NULL);
    return UNMASK_DECODING_OK;
}

void unmask_png_finish(unmask_png *decoder) {
    if (setjmp(decoder->failed) == 0) png_read_end(decoder->library, decoder->info);
}

unmask_png_pass unmask_png_pass_of(const unmask_png_header *header, int pass) {
    return (unmask_png_pass){
        .first_row = (size_t)PNG_PASS_START_ROW(pass),
        .first_column = (size_t)PNG_PASS_START_COL(pass),
        .row_step = (size_t)1 << PNG_PASS_ROW_SHIFT(pass),
        .column_step = (size_t)1 << PNG_PASS_COL_SHIFT(pass),
        .rows = PNG_PASS_ROWS((png_uint_32)header->height, pass),
        .columns = PNG_PASS_COLS((png_uint_32)header->width, pass),
    };
}

const uint8_t *unmask_png_exif(const unmask_png *decoder, size_t *count) {
    png_bytep exif = NULL;
    png_uint_32 length = 0;
    if (!png_get_eXIf_1(decoder->library, decoder->info, &length, &exif)) return NULL;
    *count = length;
    return exif;
}

/// The last text of that keyword; of international texts alone, or of all kinds.
static const uint8_t *text(const unmask_png *decoder, const char *key, bool only_international, size_t *count) {
    png_textp texts = NULL;
    int text_count = png_get_text(decoder->library, decoder->info, &texts, NULL);
    for (int i = text_count - 1; i >= 0; i--) {
        bool is_international = texts[i].compression >= PNG_ITXT_COMPRESSION_NONE;
        if ((only_international && !is_international) || strcmp(texts[i].key, key) != 0) continue;
        *count = is_international ? texts[i].itxt_length : texts[i].text_length;
        return (const uint8_t *)texts[i].text;
    }
    return NULL;
}

const uint8_t *unmask_png_raw_exif(const unmask_png *decoder, size_t *count) {
    return text(decoder, "Raw profile type exif", false, count);
}

const uint8_t *unmask_png_xmp(const unmask_png *decoder, size_t *count) {
    return text(decoder, "XML:com.adobe.xmp", true, count);
}

void unmask_png_close(unmask_png *decoder) {
    if (!decoder) return;
    png_destroy_read_struct(&decoder->library, &decoder->info, NULL);
    free(decoder);
}
