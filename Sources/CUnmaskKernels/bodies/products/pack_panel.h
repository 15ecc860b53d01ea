// A panel of weights by the arithmetic's own pack_panel_stored, one copy of it for each storage.

void PRODUCT(pack_panel)(
    size_t columns, size_t k, const void *w, size_t start, size_t ldw, unmask_storage storage, bool transposed,
    const float *scales, float *panel) {
    switch (storage) {  // the storage a constant in each copy
        case UNMASK_STORAGE_F32:
            return pack_panel_stored(columns, k, w, start, ldw, UNMASK_STORAGE_F32, transposed, scales, panel);
        case UNMASK_STORAGE_F16:
            return pack_panel_stored(columns, k, w, start, ldw, UNMASK_STORAGE_F16, transposed, scales, panel);
        case UNMASK_STORAGE_BF16:
            return pack_panel_stored(columns, k, w, start, ldw, UNMASK_STORAGE_BF16, transposed, scales, panel);
        case UNMASK_STORAGE_I8:
            return pack_panel_stored(columns, k, w, start, ldw, UNMASK_STORAGE_I8, transposed, scales, panel);
        case UNMASK_STORAGE_I16:
            return pack_panel_stored(columns, k, w, start, ldw, UNMASK_STORAGE_I16, transposed, scales, panel);
    }
}
