// Products whose sums are float32 numbers: nothing but a bias is between a sum and its value.

typedef struct column_terms {
    vec bias;
} column_terms;

INLINE column_terms terms_of_columns(const unmask_gemm_panel *job, size_t column, size_t count) {
    return (column_terms){job->bias ? load_some(job->bias + column, count) : vec_set1(0)};
}

INLINE vec value_of_sum(const column_terms *terms, const unmask_gemm_panel *job, size_t row, vec sum) {
    (void)job, (void)row;
    return vec_add(sum, terms->bias);
}
