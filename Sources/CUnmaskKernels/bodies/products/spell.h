// The yardstick: multiply-adds that touch registers only, in more chains than latency times throughput. The operands come
// from volatile memory and are hidden from the compiler at every step, for it drops what it can see repeating itself;
// their bits are mixed, for processors run faster on zeros.

float PRODUCT(spell)(size_t steps) {
    enum { CHAINS = UNMASK_SPELL_CHAINS };
    static const volatile uint32_t bits[2] = {0x3f2a1b4cu, 0x3e5d7c39u};  // as float32, bfloat16 and int8 of middling size
    const union {
        uint32_t bits;
        float number;
    } left = {bits[0]}, right = {bits[1]};
    vec row = vec_set1(left.number), column = vec_set1(right.number);
    vec chains[CHAINS];
    UNROLL for (int i = 0; i < CHAINS; i++) chains[i] = vec_set1(0);
    for (size_t step = 0; step < steps; step++) {
        vec_hide(row);
        vec_hide(column);
        UNROLL for (int i = 0; i < CHAINS; i++) chains[i] = unit_fma(row, column, chains[i]);
    }
    vec sum = chains[0];
    UNROLL for (int i = 1; i < CHAINS; i++) sum = vec_add(sum, chains[i]);
    return vec_sum(sum);
}
