// Numbers on a grid of whole numbers with one scale and zero point.

/// x / scale, rounded to the nearest whole number, ties to even, and kept so that the zero point may be added. NaN stays.
INLINE vec whole_on_grid(const unmask_grid *grid, vec x) {
    vec least = vec_set1((float)(grid->least - grid->zero)), most = vec_set1((float)(grid->most - grid->zero));
    return vec_round(vec_min(most, vec_max(least, vec_div(x, vec_set1(grid->scale)))));
}
