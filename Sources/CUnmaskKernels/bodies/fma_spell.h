// The yardstick: multiply-adds that touch registers only, in more chains than latency times throughput. The numbers
// come from volatile memory, for the compiler drops a chain that it can see standing still.

enum { SPELL_CHAINS = UNMASK_SPELL_CHAINS };

float ROW(unmask_f32_fma_spell)(size_t steps) {
    static const volatile float numbers[3] = {0.7f, 0.999f, 0.0011f};
    const vec factor = vec_set1(numbers[1]), term = vec_set1(numbers[2]);
    vec chains[SPELL_CHAINS];
    UNROLL for (int i = 0; i < SPELL_CHAINS; i++) chains[i] = vec_set1(numbers[0] * (float)(i + 1));
    for (size_t step = 0; step < steps; step++) {
        UNROLL for (int i = 0; i < SPELL_CHAINS; i++) chains[i] = vec_fma(chains[i], factor, term);
    }
    vec sum = chains[0];
    UNROLL for (int i = 1; i < SPELL_CHAINS; i++) sum = vec_add(sum, chains[i]);
    return vec_sum(sum);
}
