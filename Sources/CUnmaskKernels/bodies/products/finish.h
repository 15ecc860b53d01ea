// From sums to results.

/// Bias, activation, scale and residual of up to LANES sums of a row, from a column on.
INLINE void finish_sum(
    const unmask_gemm_panel *job, const column_terms *terms, size_t row, size_t column, size_t count, vec sum,
    const unmask_activation activation) {
    vec x = product_activate(value_of_sum(terms, job, row, sum), activation);
    if (job->scale) x = vec_mul(x, load_some(job->scale + column, count));
    if (job->residual) x = vec_add(x, load_some(job->residual + row * job->ldr + column, count));
    store_some(job->c + row * job->ldc + column, count, x);
}
