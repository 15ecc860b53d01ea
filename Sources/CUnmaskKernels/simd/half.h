#ifndef UNMASK_HALF_H
#define UNMASK_HALF_H

#include <stdint.h>
#include <string.h>

/// An IEEE 754 binary16 number as float32, exactly.
static inline float unmask_f16_to_f32(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = (half >> 10) & 0x1f, fraction = half & 0x3ff;
    if (exponent == 0) {  // zero or subnormal: fraction · 2⁻²⁴
        float magnitude = (float)fraction * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    uint32_t bits = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112) << 23) | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
