#include "unmask_jpeg.h"

#include "jpeg_scans.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jerror.h>
#include <jpeglib.h>

struct unmask_jpeg {
    struct jpeg_decompress_struct library;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    size_t scans;
    unmask_decoding_stop stop;
    void *stop_context;
    JSAMPARRAY cmyk;  ///< a row before its conversion; NULL where there is none
    jmp_buf failed;
    unmask_decoding_status status;
    unmask_decoding_message message;
};

static void fail(j_common_ptr library) {
    unmask_jpeg *decoder = library->client_data;
    char text[JMSG_LENGTH_MAX];
    library->err->format_message(library, text);
    unmask_decoding_status status;
    switch (library->err->msg_code) {
    case JERR_OUT_OF_MEMORY: status = UNMASK_DECODING_NO_MEMORY; break;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED: status = UNMASK_DECODING_UNSUPPORTED; break;
    default: status = UNMASK_DECODING_CORRUPT;
    }
    decoder->status = unmask_decoding_fail(&decoder->message, status, "%s", text);
    longjmp(decoder->failed, 1);
}

static void ignore_message(j_common_ptr library) { (void)library; }

static void ignore(j_decompress_ptr library) { (void)library; }

// All bytes are there from the start: asking for more suspends the decoder, which is how truncation shows.
static boolean suspend(j_decompress_ptr library) {
    (void)library;
    return FALSE;
}

static void skip(j_decompress_ptr library, long count) {
    struct jpeg_source_mgr *source = library->src;
    size_t skipped = count <= 0 ? 0 : (size_t)count;
    if (skipped > source->bytes_in_buffer) skipped = source->bytes_in_buffer;
    source->next_input_byte += skipped;
    source->bytes_in_buffer -= skipped;
}

/// libjpeg comes by after every row of blocks of every scan, and after every row of pixels.
static void monitor(j_common_ptr library) {
    unmask_jpeg *decoder = library->client_data;
    // Scans were counted before anything was decoded, and limits stand on that count: a file that libjpeg reads
    // otherwise is not to have more.
    bool is_deceived = decoder->library.input_scan_number > 0
        && (size_t)decoder->library.input_scan_number > decoder->scans;
    if (is_deceived) {
        decoder->status = unmask_decoding_fail(
            &decoder->message, UNMASK_DECODING_CORRUPT, "more scans than the %zu it shows", decoder->scans);
        longjmp(decoder->failed, 1);
    }
    if (decoder->stop && decoder->stop(decoder->stop_context)) {
        decoder->status = UNMASK_DECODING_STOPPED;
        longjmp(decoder->failed, 1);
    }
}

/// The coefficients of all components where there are several scans, and the rows that upsampling and colour conversion
/// hold: for each component, three rows of blocks.
static size_t working_bytes(j_decompress_ptr library) {
    size_t bytes = 0;
    for (int i = 0; i < library->num_components; i++) {
        const jpeg_component_info *component = library->comp_info + i;
        size_t across = (size_t)component->h_samp_factor, down = (size_t)component->v_samp_factor;
        size_t columns = (component->width_in_blocks + across - 1) / across * across;
        size_t rows = (component->height_in_blocks + down - 1) / down * down;
        if (jpeg_has_multiple_scans(library)) bytes += columns * rows * sizeof(JBLOCK);
        bytes += 3 * DCTSIZE * (size_t)library->max_v_samp_factor * ((size_t)library->image_width + DCTSIZE);
    }
    return bytes;
}

unmask_decoding_status unmask_jpeg_open(
    const uint8_t *bytes, size_t count, unmask_jpeg **opened, unmask_jpeg_header *header) {
    unmask_jpeg *decoder = *opened = calloc(1, sizeof *decoder);
    if (!decoder) return UNMASK_DECODING_NO_MEMORY;
    struct jpeg_decompress_struct *library = &decoder->library;
    library->err = jpeg_std_error(&decoder->errors);
    library->client_data = decoder;
    decoder->errors.error_exit = fail;
    decoder->errors.output_message = ignore_message;
    if (setjmp(decoder->failed)) return decoder->status;

    jpeg_create_decompress(library);
    decoder->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes,
        .bytes_in_buffer = count,
        .init_source = ignore,
        .fill_input_buffer = suspend,
        .skip_input_data = skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = ignore,
    };
    library->src = &decoder->source;
    decoder->scans = jpeg_scan_count(bytes, count);
    decoder->progress.progress_monitor = monitor;
    library->progress = &decoder->progress;
    jpeg_save_markers(library, JPEG_APP0 + 1, 0xFFFF);

    int found;
    do found = jpeg_read_header(library, FALSE);
    while (found == JPEG_HEADER_TABLES_ONLY);
    if (found == JPEG_SUSPENDED) return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_TRUNCATED, "the header is incomplete");

    switch (library->num_components) {
    case 1: library->out_color_space = JCS_GRAYSCALE; break;
    case 3: library->out_color_space = JCS_RGB; break;
    case 4: library->out_color_space = JCS_CMYK; break;
    default: return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_UNSUPPORTED, "not 1, 3 or 4 components");
    }
    header->width = library->image_width;
    header->height = library->image_height;
    header->channels = library->num_components == 1 ? 1 : 3;
    header->scans = decoder->scans;
    header->working_bytes = working_bytes(library);
    return UNMASK_DECODING_OK;
}

const char *unmask_jpeg_message(const unmask_jpeg *decoder) { return decoder->message.text; }

const uint8_t *unmask_jpeg_app1(const unmask_jpeg *decoder, size_t index, size_t *count) {
    for (jpeg_saved_marker_ptr marker = decoder->library.marker_list; marker; marker = marker->next) {
        if (index-- > 0) continue;
        *count = marker->data_length;
        return marker->data;
    }
    return NULL;
}

unmask_decoding_status unmask_jpeg_reduce(unmask_jpeg *decoder, size_t factor, unmask_jpeg_header *header) {
    struct jpeg_decompress_struct *library = &decoder->library;
    if (setjmp(decoder->failed)) return decoder->status;
    library->scale_num = 1;
    library->scale_denom = (unsigned)factor;
    jpeg_calc_output_dimensions(library);
    header->width = library->output_width;
    header->height = library->output_height;
    return UNMASK_DECODING_OK;
}

static const char truncated[] = "the image data ends before the last row";

unmask_decoding_status unmask_jpeg_start(unmask_jpeg *decoder, unmask_decoding_stop stop, void *context) {
    struct jpeg_decompress_struct *library = &decoder->library;
    decoder->stop = stop;
    decoder->stop_context = context;
    if (setjmp(decoder->failed)) return decoder->status;
    if (!jpeg_start_decompress(library)) return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_TRUNCATED, "%s", truncated);
    if (library->out_color_space == JCS_CMYK) {
        decoder->cmyk =
            library->mem->alloc_sarray((j_common_ptr)library, JPOOL_IMAGE, 4 * library->output_width, 1);
    }
    return UNMASK_DECODING_OK;
}

unmask_decoding_status unmask_jpeg_read_row(unmask_jpeg *decoder, uint8_t *row) {
    struct jpeg_decompress_struct *library = &decoder->library;
    if (setjmp(decoder->failed)) return decoder->status;
    JSAMPROW target = decoder->cmyk ? decoder->cmyk[0] : row;
    if (jpeg_read_scanlines(library, &target, 1) != 1) return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_TRUNCATED, "%s", truncated);
    if (decoder->cmyk) {
        size_t width = library->output_width;
        for (size_t i = 0; i < 4 * width; i++) target[i] = (uint8_t)~target[i];  // inverted, as Adobe writes it
        unmask_rgb_from_cmyk(target, width, row);
    }
    // A missing end-of-image marker after the last row suspends here: harmless, and Pillow forgives it too.
    if (library->output_scanline == library->output_height) jpeg_finish_decompress(library);
    return UNMASK_DECODING_OK;
}

void unmask_jpeg_close(unmask_jpeg *decoder) {
    if (!decoder) return;
    jpeg_destroy_decompress(&decoder->library);
    free(decoder);
}
