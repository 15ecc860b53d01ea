// Units of four bytes with AVX-VNNI, which multiplies bytes without signs by bytes with signs.

#define UNIT 4
#define ROW_OFFSET 128

INLINE vec unit_fma(vec row, vec column, vec sum) {
    return _mm256_castsi256_ps(_mm256_dpbusd_avx_epi32(
        _mm256_castps_si256(sum), _mm256_castps_si256(row), _mm256_castps_si256(column)));
}
