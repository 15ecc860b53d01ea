#include "CUnmaskZlib.h"

#include <stdlib.h>
#include <zlib.h>

/// zlib counts in 32 bits: it is handed at most this much at a time.
static const size_t most_at_once = 1u << 30;

static uInt portion(size_t bytes) { return (uInt)(bytes < most_at_once ? bytes : most_at_once); }

struct unmask_inflater {
    z_stream stream;
    const Bytef *source;
    size_t left;
};

unmask_inflater *unmask_inflater_open(unmask_wrapper wrapper, const void *source, size_t source_bytes) {
    unmask_inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater) return NULL;
    inflater->source = source;
    inflater->left = source_bytes;
    if (inflateInit2(&inflater->stream, MAX_WBITS + (int)wrapper) == Z_OK) return inflater;
    free(inflater);
    return NULL;
}

unmask_inflate_status unmask_inflater_next(
    unmask_inflater *inflater, void *target, size_t target_bytes, size_t *written) {
    z_stream *stream = &inflater->stream;
    int code;
    *written = 0;
    do {
        const uInt in = portion(inflater->left);
        const uInt out = portion(target_bytes - *written);
        stream->next_in = (Bytef *)inflater->source;
        stream->avail_in = in;
        stream->next_out = (Bytef *)target + *written;
        stream->avail_out = out;
        code = inflate(stream, Z_NO_FLUSH);
        inflater->source += in - stream->avail_in;
        inflater->left -= in - stream->avail_in;
        *written += out - stream->avail_out;
    } while (code == Z_OK && *written < target_bytes);
    if (code == Z_OK) return UNMASK_INFLATE_MORE;
    if (code == Z_STREAM_END) return inflater->left == 0 ? UNMASK_INFLATE_DONE : UNMASK_INFLATE_TRAILING;
    return code == Z_BUF_ERROR ? UNMASK_INFLATE_TRUNCATED : UNMASK_INFLATE_CORRUPT;
}

void unmask_inflater_close(unmask_inflater *inflater) {
    inflateEnd(&inflater->stream);
    free(inflater);
}

unmask_inflate_status unmask_gunzip(
    const void *source, size_t source_bytes, void *target, size_t target_bytes, size_t *written) {
    *written = 0;
    unmask_inflater *inflater = unmask_inflater_open(UNMASK_WRAPPER_GZIP, source, source_bytes);
    if (!inflater) return UNMASK_INFLATE_CORRUPT;
    unmask_inflate_status status = UNMASK_INFLATE_MORE;
    if (target_bytes > 0) status = unmask_inflater_next(inflater, target, target_bytes, written);
    if (status == UNMASK_INFLATE_MORE) {
        // zlib needs one byte of room to notice the end of data that fill the target.
        Bytef beyond;
        size_t more;
        const unmask_inflate_status end = unmask_inflater_next(inflater, &beyond, 1, &more);
        if (more == 0) status = end;
    }
    unmask_inflater_close(inflater);
    return status;
}
