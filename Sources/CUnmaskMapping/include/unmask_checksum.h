#ifndef UNMASK_CHECKSUM_H
#define UNMASK_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// 64 bits that tell whether `count` bytes are what they were: any change within one aligned 8 bytes is seen for certain,
/// any other but for one in 2⁶⁴. It finds damage, not forgery. The same on every processor of little-endian order; as fast
/// as memory. NULL is allowed for no bytes.
uint64_t unmask_checksum(const void *_Nullable bytes, size_t count);

#endif
