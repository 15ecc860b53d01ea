// How many bits of stored rows differ from a query's, whose numbers have four bits each: a search's first look at an index of
// signs. Counts are exact, so every processor gives the same.

void ROW(unmask_b1_distances)(size_t rows, size_t words, const uint64_t *x, const uint64_t *y, uint32_t *sums) {
    const size_t whole = words / BIT_WORDS * BIT_WORDS, rest = words - whole;
    for (size_t r = 0; r < rows; r++, x += words) {
        bits total = bits_zero();
        for (size_t w = 0; w < whole; w += BIT_WORDS) {
            const uint64_t *plane = y + w;
            bits row = bits_load(x + w), planes[BIT_PLANES];
            UNROLL for (int p = 0; p < BIT_PLANES; p++, plane += words) planes[p] = bits_load(plane);
            total = bits_add(total, bits_weighed_differences(row, planes));
        }
        if (rest > 0) {
            const uint64_t *plane = y + whole;
            bits row = bits_load_first(x + whole, rest), planes[BIT_PLANES];
            UNROLL for (int p = 0; p < BIT_PLANES; p++, plane += words) planes[p] = bits_load_first(plane, rest);
            total = bits_add(total, bits_weighed_differences(row, planes));
        }
        sums[r] = bits_total(total);
    }
}
