// libtiff over a file in memory, and what it says of it.

#include <stdio.h>
#include <string.h>

#include "tiff_decoder.h"

static tmsize_t read_bytes(thandle_t handle, void *target, tmsize_t count) {
    unmask_tiff *decoder = handle;
    size_t left = decoder->place < decoder->count ? decoder->count - (size_t)decoder->place : 0;
    size_t given = count < 0 ? 0 : (size_t)count < left ? (size_t)count : left;
    if (count > 0 && given < (size_t)count) decoder->is_exhausted = true;
    if (given > 0) memcpy(target, decoder->bytes + decoder->place, given);
    decoder->place += given;
    return (tmsize_t)given;
}

static tmsize_t write_nothing(thandle_t handle, void *source, tmsize_t count) {
    (void)handle;
    (void)source;
    (void)count;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    unmask_tiff *decoder = handle;
    toff_t base = whence == SEEK_CUR ? decoder->place : whence == SEEK_END ? decoder->count : 0;
    return decoder->place = base + offset;
}

static int close_nothing(thandle_t handle) {
    (void)handle;
    return 0;
}

static toff_t size(thandle_t handle) { return ((unmask_tiff *)handle)->count; }

// Not mapped, although it is in memory: only what is read shows where a file is cut short.
static int map_nothing(thandle_t handle, void **start, toff_t *count) {
    (void)handle;
    (void)start;
    (void)count;
    return 0;
}

static void unmap_nothing(thandle_t handle, void *start, toff_t count) {
    (void)handle;
    (void)start;
    (void)count;
}

/// The first error is the cause of those that follow.
static int keep_error(TIFF *library, void *context, const char *module, const char *format, va_list arguments) {
    (void)library;
    (void)module;
    unmask_tiff *decoder = context;
    if (decoder->message.text[0] == '\0') {
        vsnprintf(decoder->message.text, sizeof decoder->message.text, format, arguments);
    }
    return 1;
}

static int ignore_warning(TIFF *library, void *context, const char *module, const char *format, va_list arguments) {
    (void)library;
    (void)context;
    (void)module;
    (void)format;
    (void)arguments;
    return 1;
}

/// The longest piece that libtiff takes at once for a table or a strip; what an image needs is counted beforehand.
enum { LONGEST_PIECE = 1 << 30 };

TIFF *tiff_open_library(unmask_tiff *decoder) {
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return NULL;
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, LONGEST_PIECE);
    TIFFOpenOptionsSetErrorHandlerExtR(options, keep_error, decoder);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore_warning, decoder);
    // As Pillow does it: strips stay as they are (C).
    TIFF *library = TIFFClientOpenExt(
        "image", "rC", decoder, read_bytes, write_nothing, seek, close_nothing, size, map_nothing, unmap_nothing,
        options);
    TIFFOpenOptionsFree(options);
    return library;
}

unmask_decoding_status tiff_fail(unmask_tiff *decoder, const char *text) {
    unmask_decoding_status status = decoder->is_exhausted ? UNMASK_DECODING_TRUNCATED : UNMASK_DECODING_CORRUPT;
    if (decoder->message.text[0] != '\0') return status;
    return unmask_decoding_fail(&decoder->message, status, "%s", text);
}

unmask_decoding_status tiff_refuse(unmask_tiff *decoder, const char *text) {
    return unmask_decoding_fail(&decoder->message, UNMASK_DECODING_UNSUPPORTED, "%s", text);
}
