// Vectors at the end of a row: whole where they fit, masked where they do not.

/// How many of the lanes at `start` lie below `count`.
INLINE size_t lanes_left(size_t count, size_t start) {
    size_t left = count > start ? count - start : 0;
    return left < LANES ? left : LANES;
}

INLINE vec load_some(const float *p, size_t count) {
    return count == LANES ? vec_load(p) : vec_load_first(p, count);
}

INLINE void store_some(float *p, size_t count, vec v) {
    if (count == LANES) {
        vec_store(p, v);
    } else {
        vec_store_first(p, count, v);
    }
}

/// Lanes `start`… of a row of `width` numbers, zeros behind its end; `start` may lie behind it.
INLINE vec load_or_zero(const float *row, size_t start, size_t width) {
    size_t left = lanes_left(width, start);
    return left ? load_some(row + start, left) : vec_set1(0);
}

/// Whether none is NaN or infinite.
INLINE bool all_finite(size_t count, const float *x) {
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) found |= !(__builtin_fabsf(x[i]) < __builtin_inff());
    return !found;
}

/// Up to `count` (at most LANES) stored numbers from index `start`, widened, zeros behind them.
INLINE vec load_stored(const void *x, size_t start, size_t count, unmask_storage storage) {
    if (storage == UNMASK_STORAGE_F32) return load_some((const float *)x + start, count);
    if (storage == UNMASK_STORAGE_I8 || storage == UNMASK_STORAGE_I16) {
        float wide[LANES] = {0};
        const int8_t *bytes = (const int8_t *)x + start;
        const int16_t *words = (const int16_t *)x + start;
        for (size_t i = 0; i < count; i++) wide[i] = storage == UNMASK_STORAGE_I8 ? bytes[i] : words[i];
        return vec_load(wide);
    }
    uint16_t padded[LANES] = {0};
    const uint16_t *halves = (const uint16_t *)x + start;
    if (count < LANES) {
        memcpy(padded, halves, count * sizeof *halves);
        halves = padded;
    }
    return storage == UNMASK_STORAGE_F16 ? vec_load_f16(halves) : vec_load_bf16(halves);
}
