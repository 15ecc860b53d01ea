// Units of two whole numbers of 16 bits in the compiler's own vectors.

#define UNIT 2
#define ROW_OFFSET 0

/// sum + row · column for both numbers, in int32 lanes that travel as float32 ones.
INLINE vec unit_fma(vec row, vec column, vec sum) {
    veci rows = (veci)row, columns = (veci)column;
    veci first = ((rows << 16) >> 16) * ((columns << 16) >> 16);
    return (vec)((veci)sum + first + (rows >> 16) * (columns >> 16));
}
