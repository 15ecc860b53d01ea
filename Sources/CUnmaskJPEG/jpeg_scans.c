#include "jpeg_scans.h"

#include <string.h>

enum { MARKER = 0xFF, STUFFED = 0x00, TEM = 0x01, RST0 = 0xD0, EOI = 0xD9, SOS = 0xDA };

/// Whether the marker is followed by a segment whose first two bytes are its length (ITU-T T.81, table B.1).
static int has_segment(uint8_t code) {
    return code != STUFFED && code != TEM && !(code >= RST0 && code <= EOI);
}

size_t jpeg_scan_count(const uint8_t *bytes, size_t count) {
    size_t scans = 0, place = 0;
    // Between segments, and in entropy-coded data, everything up to the next marker is passed over, as libjpeg does.
    for (;;) {
        const uint8_t *marker = place < count ? memchr(bytes + place, MARKER, count - place) : NULL;
        if (!marker) return scans;
        place = (size_t)(marker - bytes);
        while (place < count && bytes[place] == MARKER) place++;
        if (place == count) return scans;
        uint8_t code = bytes[place++];
        // Tables alone may come first, as a file of their own.
        if (code == EOI && scans > 0) return scans;
        if (!has_segment(code)) continue;
        if (code == SOS) scans++;
        if (count - place < 2) return scans;
        size_t length = (size_t)bytes[place] << 8 | bytes[place + 1];
        if (length > count - place) return scans;
        place += length;
    }
}
