// Units of two bfloat16 numbers with AVX512-BF16; what each function does is said in bf16_portable.h. The instructions
// take denormal numbers for zeros.

INLINE vec vec_joined_bf16(vec low, vec high) { return (vec)_mm512_cvtne2ps_pbh(high, low); }

INLINE vec vec_interleaved_bf16(vec low, vec high) {
    const __m512i order = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16,
        0);
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(high, low)));
}

/// Numbers 0…15 and 16…31 of two lines of 32, each line's next to the other's: lanes are units of both.
INLINE vec vec_zipped_low_bf16(vec even, vec odd) {
    const __m512i order = _mm512_set_epi16(
        47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7, 38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32,
        0);
    return _mm512_castsi512_ps(_mm512_permutex2var_epi16(_mm512_castps_si512(even), order, _mm512_castps_si512(odd)));
}
INLINE vec vec_zipped_high_bf16(vec even, vec odd) {
    const __m512i order = _mm512_set_epi16(
        63, 31, 62, 30, 61, 29, 60, 28, 59, 27, 58, 26, 57, 25, 56, 24, 55, 23, 54, 22, 53, 21, 52, 20, 51, 19, 50, 18, 49,
        17, 48, 16);
    return _mm512_castsi512_ps(_mm512_permutex2var_epi16(_mm512_castps_si512(even), order, _mm512_castps_si512(odd)));
}

INLINE vec unit_fma(vec row, vec column, vec sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)row, (__m512bh)column);
}
