#include "resample_body.h"

void unmask_u8_resample_across__scalar(
    const unmask_resample_table *table, size_t channels, size_t rows, const uint8_t *in, size_t in_stride,
    const uint8_t *in_end, uint8_t *out, size_t out_stride) {
    (void)in_end;
    for (size_t y = 0; y < rows; y++) {
        for (size_t i = 0; i < table->count; i++) {
            const uint8_t *pixel = in + y * in_stride + (size_t)table->first[i] * channels;
            const int32_t *weights = table->weights + i * table->taps;
            for (size_t c = 0; c < channels; c++) {
                int32_t sum = UNMASK_RESAMPLE_HALF;
                for (int32_t t = 0; t < table->length[i]; t++) sum += pixel[(size_t)t * channels + c] * weights[t];
                out[y * out_stride + i * channels + c] = resample_rounded(sum);
            }
        }
    }
}

void unmask_u8_resample_down__scalar(
    const unmask_resample_table *table, size_t row_bytes, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride) {
    resample_down(table, row_bytes, in, in_stride, out, out_stride);
}
