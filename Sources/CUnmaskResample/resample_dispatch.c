#include "unmask_features.h"
#include "unmask_resample.h"

bool unmask_resample_has_avx2(void) { return unmask_features_detected() & UNMASK_FEATURE_AVX2; }

void unmask_u8_resample_across(
    const unmask_resample_table *table, size_t channels, size_t rows, const uint8_t *in, size_t in_stride,
    const uint8_t *in_end, uint8_t *out, size_t out_stride) {
#if defined(__x86_64__)
    if (unmask_resample_has_avx2()) {
        unmask_u8_resample_across__avx2(table, channels, rows, in, in_stride, in_end, out, out_stride);
        return;
    }
#endif
    unmask_u8_resample_across__scalar(table, channels, rows, in, in_stride, in_end, out, out_stride);
}

void unmask_u8_resample_down(
    const unmask_resample_table *table, size_t row_bytes, const uint8_t *in, size_t in_stride, uint8_t *out,
    size_t out_stride) {
#if defined(__x86_64__)
    if (unmask_resample_has_avx2()) {
        unmask_u8_resample_down__avx2(table, row_bytes, in, in_stride, out, out_stride);
        return;
    }
#endif
    unmask_u8_resample_down__scalar(table, row_bytes, in, in_stride, out, out_stride);
}
