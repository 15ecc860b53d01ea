// Units of two bfloat16 numbers with AVX512-BF16; what each function does is said in bf16_portable.h. The instructions
// take denormal numbers for zeros.

INLINE vec vec_joined_bf16(vec low, vec high) { return (vec)_mm512_cvtne2ps_pbh(high, low); }

INLINE vec vec_interleaved_bf16(vec low, vec high) {
    const __m512i order = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16,
        0);
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(high, low)));
}

INLINE vec unit_fma(vec row, vec column, vec sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)row, (__m512bh)column);
}
