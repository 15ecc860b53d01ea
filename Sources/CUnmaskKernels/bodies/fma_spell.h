// The yardstick: multiply-adds that touch registers only, in more chains than latency times throughput.

enum { SPELL_CHAINS = UNMASK_SPELL_CHAINS };

float ROW(unmask_f32_fma_spell)(size_t steps) {
    vec chains[SPELL_CHAINS];
    UNROLL for (int i = 0; i < SPELL_CHAINS; i++) chains[i] = vec_set1((float)i);
    const vec factor = vec_set1(0.999f), term = vec_set1(0.001f);
    for (size_t step = 0; step < steps; step++) {
        UNROLL for (int i = 0; i < SPELL_CHAINS; i++) chains[i] = vec_fma(chains[i], factor, term);
    }
    vec sum = chains[0];
    UNROLL for (int i = 1; i < SPELL_CHAINS; i++) sum = vec_add(sum, chains[i]);
    return vec_sum(sum);
}
