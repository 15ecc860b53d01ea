// Rounding to units of two bfloat16 numbers in the compiler's own vectors.

/// Units of low's lanes, then of high's: lanes 2i and 2i + 1 make one.
INLINE vec vec_joined_bf16(vec low, vec high) {
    veci lows = (veci)vec_rounded_bf16(low), highs = (veci)vec_rounded_bf16(high);
    veci first = __builtin_shufflevector(lows, highs, 0, 2, 4, 6);
    veci second = __builtin_shufflevector(lows, highs, 1, 3, 5, 7);
    return (vec)(((first >> 16) & 0xffff) | second);
}

/// Unit i of lanes i of both.
INLINE vec vec_interleaved_bf16(vec low, vec high) {
    return (vec)((((veci)vec_rounded_bf16(low) >> 16) & 0xffff) | (veci)vec_rounded_bf16(high));
}
