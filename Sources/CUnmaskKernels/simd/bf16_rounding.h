// Rounding to units of two bfloat16 numbers in the compiler's own vectors.

/// The nearest bfloat16 numbers, ties to even, in the upper halves of the lanes; NaN stays NaN.
INLINE veci bf16_bits(vec x) {
    veci bits = (veci)x;
    veci rounded = bits + 0x7fff + ((bits >> 16) & 1);
    veci isNumber = x == x;
    return ((rounded & isNumber) | ((bits | 0x400000) & ~isNumber)) & (int32_t)0xffff0000;
}

/// Units of low's lanes, then of high's: lanes 2i and 2i + 1 make one.
INLINE vec vec_joined_bf16(vec low, vec high) {
    veci lows = bf16_bits(low), highs = bf16_bits(high);
    veci first = __builtin_shufflevector(lows, highs, 0, 2, 4, 6);
    veci second = __builtin_shufflevector(lows, highs, 1, 3, 5, 7);
    return (vec)(((first >> 16) & 0xffff) | second);
}

/// Unit i of lanes i of both.
INLINE vec vec_interleaved_bf16(vec low, vec high) {
    return (vec)(((bf16_bits(low) >> 16) & 0xffff) | bf16_bits(high));
}
