// Products of one row with the rows of a table, forwards or backwards.

void ROW(unmask_f32_relate)(
    size_t count, size_t width, const float *x, const float *table, ptrdiff_t step, float scale, float *y) {
    for (size_t i = 0; i < count; i++, table += step) {
        vec even = vec_set1(0), odd = vec_set1(0);
        size_t at = 0;
        for (; at + 2 * LANES <= width; at += 2 * LANES) {
            even = vec_fma(vec_load(x + at), vec_load(table + at), even);
            odd = vec_fma(vec_load(x + at + LANES), vec_load(table + at + LANES), odd);
        }
        for (; at < width; at += LANES) {
            size_t left = lanes_left(width, at);
            even = vec_fma(load_some(x + at, left), load_some(table + at, left), even);
        }
        y[i] = scale * vec_sum(vec_add(even, odd));
    }
}
