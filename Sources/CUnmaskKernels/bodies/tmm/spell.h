// The yardstick: products that touch tile registers only. Their operands' bits are mixed, for the tile unit is a fifth
// faster on zeros.

float PRODUCT(spell)(size_t steps) {
    _Alignas(64) uint32_t operands[4][TMM_NUMBERS];
    uint32_t state = 1;
    for (size_t i = 0; i < 4 * TMM_NUMBERS; i++) {
        state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
        operands[i / TMM_NUMBERS][i % TMM_NUMBERS] = (state & 0xbfffbfff) | 0x30003000;  // as bfloat16 of middling size
    }
    TMM_LOAD(4, operands[0], TMM_ROW), TMM_LOAD(5, operands[1], TMM_ROW);
    TMM_LOAD(6, operands[2], TMM_ROW), TMM_LOAD(7, operands[3], TMM_ROW);
    TMM_ZERO(0), TMM_ZERO(1), TMM_ZERO(2), TMM_ZERO(3);
    for (size_t step = 0; step < steps; step++) {
        TMM_PRODUCT(0, 4, 6);
        TMM_PRODUCT(1, 4, 7);
        TMM_PRODUCT(2, 5, 6);
        TMM_PRODUCT(3, 5, 7);
    }
    float sums[TMM_NUMBERS];
    TMM_STORE(0, sums, TMM_ROW);
    return sums[0];
}
