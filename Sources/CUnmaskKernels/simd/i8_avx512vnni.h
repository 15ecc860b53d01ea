// Units of four bytes with AVX512-VNNI, which multiplies bytes without signs by bytes with signs.

#define UNIT 4
#define ROW_OFFSET 128

INLINE vec unit_fma(vec row, vec column, vec sum) {
    return _mm512_castsi512_ps(_mm512_dpbusd_epi32(
        _mm512_castps_si512(sum), _mm512_castps_si512(row), _mm512_castps_si512(column)));
}
