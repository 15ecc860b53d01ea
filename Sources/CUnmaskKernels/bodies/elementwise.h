// One number in, or two, and one number out.

INLINE void activate_all(size_t count, const float *x, const unmask_activation activation, float *y) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = lanes_left(count, i);
        store_some(y + i, left, vec_activate(load_some(x + i, left), activation));
    }
}

void ROW(unmask_f32_activate)(size_t count, const float *x, unmask_activation activation, float *y) {
    switch (activation) {  // the activation a constant in each copy
        case UNMASK_ACTIVATION_NONE: return activate_all(count, x, UNMASK_ACTIVATION_NONE, y);
        case UNMASK_ACTIVATION_GELU_ERF: return activate_all(count, x, UNMASK_ACTIVATION_GELU_ERF, y);
        case UNMASK_ACTIVATION_GELU_TANH: return activate_all(count, x, UNMASK_ACTIVATION_GELU_TANH, y);
        case UNMASK_ACTIVATION_GELU_QUICK: return activate_all(count, x, UNMASK_ACTIVATION_GELU_QUICK, y);
        case UNMASK_ACTIVATION_SILU: return activate_all(count, x, UNMASK_ACTIVATION_SILU, y);
    }
}

INLINE void gate_all(size_t count, const float *gate, const float *x, const unmask_activation activation, float *y) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = lanes_left(count, i);
        store_some(y + i, left, vec_mul(vec_activate(load_some(gate + i, left), activation), load_some(x + i, left)));
    }
}

void ROW(unmask_f32_gate)(
    size_t count, const float *gate, const float *x, unmask_activation activation, float *y) {
    switch (activation) {
        case UNMASK_ACTIVATION_NONE: return gate_all(count, gate, x, UNMASK_ACTIVATION_NONE, y);
        case UNMASK_ACTIVATION_GELU_ERF: return gate_all(count, gate, x, UNMASK_ACTIVATION_GELU_ERF, y);
        case UNMASK_ACTIVATION_GELU_TANH: return gate_all(count, gate, x, UNMASK_ACTIVATION_GELU_TANH, y);
        case UNMASK_ACTIVATION_GELU_QUICK: return gate_all(count, gate, x, UNMASK_ACTIVATION_GELU_QUICK, y);
        case UNMASK_ACTIVATION_SILU: return gate_all(count, gate, x, UNMASK_ACTIVATION_SILU, y);
    }
}

void ROW(unmask_f32_round_to_grid)(size_t count, const float *x, const unmask_grid *grid, float *y) {
    const vec scale = vec_set1(grid->scale);
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = lanes_left(count, i);
        store_some(y + i, left, vec_mul(whole_on_grid(grid, load_some(x + i, left)), scale));
    }
}

void ROW(unmask_f32_widen)(size_t count, const void *x, size_t start, unmask_storage storage, float *y) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = lanes_left(count, i);
        store_some(y + i, left, load_stored(x, start + i, left, storage));
    }
}
