#include "unmask_decoding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

unmask_decoding_status unmask_decoding_fail(
    unmask_decoding_message *message, unmask_decoding_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message->text, sizeof message->text, format, arguments);
    va_end(arguments);
    return status;
}

bool unmask_decoding_read(unmask_decoding_input *input, void *target, size_t count) {
    if (count > input->left) {
        input->is_exhausted = true;
        return false;
    }
    memcpy(target, input->next, count);
    input->next += count;
    input->left -= count;
    return true;
}

/// a·b / 255, rounded.
static uint32_t scaled(uint32_t a, uint32_t b) {
    uint32_t product = a * b + 128;
    return ((product >> 8) + product) >> 8;
}

void unmask_rgb_from_cmyk(const uint8_t *cmyk, size_t width, uint8_t *rgb) {
    for (size_t x = 0; x < width; x++) {
        uint32_t light = 255u - cmyk[4 * x + 3];
        for (size_t c = 0; c < 3; c++) rgb[3 * x + c] = (uint8_t)(light - scaled(cmyk[4 * x + c], light));
    }
}

void unmask_decoding_silence_libraries(void) {
    FILE *nowhere = fopen("/dev/null", "we");
    if (nowhere) stderr = nowhere;
}
