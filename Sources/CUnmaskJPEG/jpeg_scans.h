#ifndef JPEG_SCANS_H
#define JPEG_SCANS_H

#include <stddef.h>
#include <stdint.h>

/// The start-of-scan markers of a JPEG file, found by its segments' lengths and without decoding anything.
size_t jpeg_scan_count(const uint8_t *bytes, size_t count);

#endif
