#ifndef CUNMASK_ZLIB_H
#define CUNMASK_ZLIB_H

#include <stddef.h>
#include <stdint.h>

typedef enum unmask_gunzip_status {
    UNMASK_GUNZIP_DONE = 0,       ///< the data ended with a right checksum, and the source with them
    UNMASK_GUNZIP_MORE = 1,       ///< the target is full, the data go on
    UNMASK_GUNZIP_TRUNCATED = 2,  ///< the source ends before the data do
    UNMASK_GUNZIP_TRAILING = 3,   ///< bytes follow the data in the source
    UNMASK_GUNZIP_CORRUPT = 4,    ///< the source is no gzip data, or memory ran out
} unmask_gunzip_status;

/// Inflates the one gzip member that `source` consists of into `target`, never beyond `target_bytes`.
/// `written` receives the bytes written, whatever the status.
unmask_gunzip_status unmask_gunzip(
    const void *source, size_t source_bytes, void *target, size_t target_bytes, size_t *written);

#endif
