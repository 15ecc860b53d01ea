// One number in, one number out.

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
    }
}

void ROW(unmask_f32_widen)(size_t count, const void *x, size_t start, unmask_storage storage, float *y) {
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = lanes_left(count, i);
        store_some(y + i, left, load_stored(x, start + i, left, storage));
    }
}
