// Units of four bytes with NEON's dot product, which multiplies bytes with signs: rows need no offset.

#define UNIT 4
#define ROW_OFFSET 0

INLINE vec unit_fma(vec row, vec column, vec sum) {
    return (vec)vdotq_s32((int32x4_t)sum, (int8x16_t)row, (int8x16_t)column);
}
