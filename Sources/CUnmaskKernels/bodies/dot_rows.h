// Products of stored rows of bytes with a vector of 16-bit numbers: a search's first look at an index. The sums are exact,
// so every processor gives the same.

void ROW(unmask_i8_dot_rows)(
    size_t rows, size_t width, const int8_t *x, size_t ldx, const int16_t *y, int32_t *sums) {
    enum { STEP = 2 * LANES };
    for (size_t r = 0; r < rows; r++, x += ldx) {
        vec even = vec_set1(0), odd = vec_set1(0);
        size_t i = 0;
        for (; i + 2 * STEP <= width; i += 2 * STEP) {
            even = vec_whole_sum(even, vec_pair_products(x + i, y + i));
            odd = vec_whole_sum(odd, vec_pair_products(x + i + STEP, y + i + STEP));
        }
        int32_t sum = vec_whole_total(vec_whole_sum(even, odd));
        for (; i < width; i++) sum += x[i] * y[i];
        sums[r] = sum;
    }
}
