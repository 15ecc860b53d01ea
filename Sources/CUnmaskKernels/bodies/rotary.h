// Pairs of numbers turned by their angles (Su et al. 2021). A pair's numbers follow one another, or stand half a head apart.

void ROW(unmask_f32_rotate)(
    size_t pairs, bool halves, const float *cosines, const float *sines, const float *x, float *y) {
    if (!halves) {
        for (size_t i = 0; i < pairs; i++) {
            float a = x[2 * i], b = x[2 * i + 1];
            y[2 * i] = a * cosines[i] - b * sines[i];
            y[2 * i + 1] = b * cosines[i] + a * sines[i];
        }
        return;
    }
    for (size_t i = 0; i < pairs; i += LANES) {
        size_t left = lanes_left(pairs, i);
        vec a = load_some(x + i, left), b = load_some(x + pairs + i, left);
        vec c = load_some(cosines + i, left), s = load_some(sines + i, left);
        store_some(y + i, left, vec_sub(vec_mul(a, c), vec_mul(b, s)));
        store_some(y + pairs + i, left, vec_fma(a, s, vec_mul(b, c)));
    }
}
