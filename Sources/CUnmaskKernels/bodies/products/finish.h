// From sums to results.

/// Bias, activation and scale of up to LANES sums of a row, from a column on.
INLINE vec value_of_sums(
    const unmask_gemm_panel *job, const column_terms *terms, size_t row, size_t column, size_t count, vec sum,
    const unmask_activation activation) {
    vec x = product_activate(value_of_sum(terms, job, row, sum), activation);
    return job->scale ? vec_mul(x, load_some(job->scale + column, count)) : x;
}

/// The same and residual, stored.
INLINE void finish_sum(
    const unmask_gemm_panel *job, const column_terms *terms, size_t row, size_t column, size_t count, vec sum,
    const unmask_activation activation) {
    vec x = value_of_sums(job, terms, row, column, count, sum, activation);
    if (job->residual) x = vec_add(x, load_some(job->residual + row * job->ldr + column, count));
    if (job->c_is_rounded) x = vec_rounded_bf16(x);
    store_some(job->c + row * job->ldc + column, count, x);
}
