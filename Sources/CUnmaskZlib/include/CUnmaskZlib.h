#ifndef CUNMASK_ZLIB_H
#define CUNMASK_ZLIB_H

#include <stddef.h>
#include <stdint.h>

typedef enum unmask_inflate_status {
    UNMASK_INFLATE_DONE = 0,       ///< the data ended with a right checksum, and the source with them
    UNMASK_INFLATE_MORE = 1,       ///< the target is full, the data may go on
    UNMASK_INFLATE_TRUNCATED = 2,  ///< the source ends before the data do
    UNMASK_INFLATE_TRAILING = 3,   ///< bytes follow the data in the source
    UNMASK_INFLATE_CORRUPT = 4,    ///< the source is no such data, or memory ran out
} unmask_inflate_status;

/// What stands around deflated data.
typedef enum unmask_wrapper {
    UNMASK_WRAPPER_ZLIB = 0,   ///< RFC 1950
    UNMASK_WRAPPER_GZIP = 16,  ///< RFC 1952, one member
} unmask_wrapper;

typedef struct unmask_inflater unmask_inflater;

/// Begins to inflate `source`, which must outlive what is returned. NULL where memory ran out.
unmask_inflater *unmask_inflater_open(unmask_wrapper wrapper, const void *source, size_t source_bytes);

/// Inflates the next `target_bytes`, at least one, or as many as there are. `written` receives how many, whatever the
/// status. To be called again only after `UNMASK_INFLATE_MORE`; where the data ended with the target, the next call
/// writes none.
unmask_inflate_status unmask_inflater_next(
    unmask_inflater *inflater, void *target, size_t target_bytes, size_t *written);

void unmask_inflater_close(unmask_inflater *inflater);

/// Inflates the one gzip member that `source` consists of into `target`, never beyond `target_bytes`: the status is
/// `UNMASK_INFLATE_MORE` only where the data do go on. `written` receives the bytes written, whatever the status.
unmask_inflate_status unmask_gunzip(
    const void *source, size_t source_bytes, void *target, size_t target_bytes, size_t *written);

#endif
