#ifndef HEVC_SIZE_H
#define HEVC_SIZE_H

#include <stddef.h>
#include <stdint.h>

/// The most pixels that a sequence parameter set of HEVC in the file says that a picture has, found by its looks in the
/// whole file; 0 where there is none.
///
/// The decoder takes memory for pictures of that size whatever the container says, and libheif has no limit on it.
size_t hevc_largest_picture(const uint8_t *bytes, size_t count);

#endif
