#include "CUnmaskZlib.h"

#include <zlib.h>

/// zlib counts in 32 bits: it is handed at most this much at a time.
static const size_t most_at_once = 1u << 30;

static uInt portion(size_t bytes) { return (uInt)(bytes < most_at_once ? bytes : most_at_once); }

unmask_gunzip_status unmask_gunzip(
    const void *source, size_t source_bytes, void *target, size_t target_bytes, size_t *written) {
    const Bytef *input = source;
    size_t consumed = 0;
    // zlib needs one byte of room to notice the end of data that fill the target.
    Bytef beyond;
    z_stream stream = {0};
    *written = 0;
    // 16: gzip and nothing else.
    if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) return UNMASK_GUNZIP_CORRUPT;
    int code = Z_OK;
    while (code == Z_OK) {
        const int full = *written == target_bytes;
        const uInt in = portion(source_bytes - consumed);
        const uInt out = full ? 1 : portion(target_bytes - *written);
        stream.next_in = (Bytef *)input + consumed;
        stream.avail_in = in;
        stream.next_out = full ? &beyond : (Bytef *)target + *written;
        stream.avail_out = out;
        code = inflate(&stream, Z_NO_FLUSH);
        consumed += in - stream.avail_in;
        if (full && stream.avail_out == 0) {
            inflateEnd(&stream);
            return UNMASK_GUNZIP_MORE;
        }
        if (!full) *written += out - stream.avail_out;
    }
    inflateEnd(&stream);
    if (code == Z_STREAM_END) return consumed == source_bytes ? UNMASK_GUNZIP_DONE : UNMASK_GUNZIP_TRAILING;
    return code == Z_BUF_ERROR ? UNMASK_GUNZIP_TRUNCATED : UNMASK_GUNZIP_CORRUPT;
}
