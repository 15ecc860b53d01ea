#include "hevc_size.h"

#include <stdbool.h>

/// The bits of a NAL unit's payload (ITU-T H.265, 7.3.1.1): a 3 behind two zeros is no part of it.
typedef struct {
    const uint8_t *bytes;
    size_t count, place;
    unsigned zeros, bits_left;
    uint8_t byte;
    bool is_exhausted;
} bits;

static unsigned next_bit(bits *in) {
    if (in->bits_left == 0) {
        if (in->place < in->count && in->zeros >= 2 && in->bytes[in->place] == 3) {
            in->place++;
            in->zeros = 0;
        }
        if (in->place >= in->count) {
            in->is_exhausted = true;
            return 0;
        }
        in->byte = in->bytes[in->place++];
        in->zeros = in->byte == 0 ? in->zeros + 1 : 0;
        in->bits_left = 8;
    }
    return in->byte >> --in->bits_left & 1;
}

static uint32_t next_bits(bits *in, unsigned count) {
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++) value = value << 1 | next_bit(in);
    return value;
}

/// ue(v), 9.2.
static uint32_t next_number(bits *in) {
    unsigned zeros = 0;
    while (!in->is_exhausted && next_bit(in) == 0) {
        if (++zeros > 31) {
            in->is_exhausted = true;
            return 0;
        }
    }
    return (uint32_t)((1ull << zeros) - 1 + next_bits(in, zeros));
}

enum { SEQUENCE_PARAMETERS = 33, HEADER_BYTES = 2, LONGEST_SIDE = 70000 };  // libde265 takes none longer

/// Pixels of a sequence parameter set (7.3.2.2.1), 0 where it is none.
static size_t picture_size(const uint8_t *unit, size_t count) {
    bits in = {.bytes = unit, .count = count, .place = HEADER_BYTES};
    next_bits(&in, 4);
    uint32_t layers = next_bits(&in, 3);  // but one
    next_bits(&in, 1);
    // profile_tier_level, 7.3.3: 88 bits and the level, then each lower layer's.
    for (unsigned i = 0; i < 96; i++) next_bit(&in);
    bool has_profile[8], has_level[8];
    for (uint32_t i = 0; i < layers; i++) {
        has_profile[i] = next_bit(&in);
        has_level[i] = next_bit(&in);
    }
    if (layers > 0) next_bits(&in, 2 * (8 - layers));
    for (uint32_t i = 0; i < layers; i++) {
        for (unsigned j = 0; j < (has_profile[i] ? 88u : 0u) + (has_level[i] ? 8u : 0u); j++) next_bit(&in);
    }
    uint32_t identity = next_number(&in), chroma = next_number(&in);
    if (chroma == 3) next_bits(&in, 1);
    size_t width = next_number(&in), height = next_number(&in);
    if (in.is_exhausted || identity > 15 || chroma > 3) return 0;
    // Sides beyond any level are refused by the decoder; so are their products here, far from overflow.
    if (width > LONGEST_SIDE || height > LONGEST_SIDE) return 0;
    return width * height;
}

size_t hevc_largest_picture(const uint8_t *bytes, size_t count) {
    size_t largest = 0;
    for (size_t i = 0; i + HEADER_BYTES <= count; i++) {
        if (bytes[i] != SEQUENCE_PARAMETERS << 1 || bytes[i + 1] >> 3 != 0) continue;
        // Its length stands in front: two bytes in the decoder's configuration, four among the pictures, of which the
        // first two are zero in any that is real.
        if (i < 2) continue;
        size_t length = (size_t)bytes[i - 2] << 8 | bytes[i - 1];
        if (length <= HEADER_BYTES || length > count - i) continue;
        size_t pixels = picture_size(bytes + i, length);
        if (pixels > largest) largest = pixels;
    }
    return largest;
}
