// Units of two whole numbers of 16 bits: AVX2's multiply-add of bytes saturates, that of 16 bits is exact.

#define UNIT 2
#define ROW_OFFSET 0

INLINE vec unit_fma(vec row, vec column, vec sum) {
    __m256i products = _mm256_madd_epi16(_mm256_castps_si256(row), _mm256_castps_si256(column));
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(sum), products));
}
