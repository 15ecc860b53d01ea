#include "tile_registers.h"

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("amx-tile"))), apply_to = function)

static void begin(void) {
    /// What LDTILECFG loads: Intel's Instruction Set Reference.
    static const struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t row_bytes[16];
        uint8_t rows[16];
    } whole = {
        .palette = 1,
        .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
        .rows = {16, 16, 16, 16, 16, 16, 16, 16},
    };
    _Static_assert(sizeof whole == 64, "a configuration is 64 bytes");
    _tile_loadconfig(&whole);
}

static void end(void) { _tile_release(); }

#pragma clang attribute pop

#else
static void begin(void) {}
static void end(void) {}
#endif

const unmask_bracket unmask_tile_bracket = {begin, end};
