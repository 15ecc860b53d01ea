// Depthwise convolutions of channels-last grids. A vector of channels keeps a run of neighbouring results in registers, so
// that a number of x is read once for all of a line's taps that it meets. Each result sums its taps in one order: rows
// from the top, columns from the left, those beyond the edge left out.

enum { RUN = 7, USUAL_KERNEL = 7 };

INLINE void depthwise_run(
    const unmask_depthwise *call, const float *x, size_t row, size_t channel, size_t left, size_t column,
    const size_t run, const size_t kernel, float *y) {
    const ptrdiff_t reach = (ptrdiff_t)(kernel / 2), height = (ptrdiff_t)call->height, width = (ptrdiff_t)call->width;
    const size_t C = call->channels;
    vec sums[RUN];
    vec bias = call->bias ? load_some(call->bias + channel, left) : vec_set1(0);
    UNROLL for (size_t i = 0; i < run; i++) sums[i] = bias;
    for (size_t down = 0; down < kernel; down++) {
        ptrdiff_t from = (ptrdiff_t)(row + down) - reach;
        if (from < 0 || from >= height) continue;
        const float *line = x + (size_t)from * call->width * C + channel;
        vec taps[USUAL_KERNEL];
        UNROLL for (size_t i = 0; i < kernel; i++)
            taps[i] = load_some(call->weight + (down * kernel + i) * C + channel, left);
        UNROLL for (size_t place = 0; place < run + kernel - 1; place++) {
            ptrdiff_t at = (ptrdiff_t)(column + place) - reach;
            if (at < 0 || at >= width) continue;
            vec v = load_some(line + (size_t)at * C, left);
            UNROLL for (size_t i = 0; i < run; i++) {
                if (place >= i && place - i < kernel) sums[i] = vec_fma(v, taps[place - i], sums[i]);
            }
        }
    }
    float *out = y + (row * call->width + column) * C + channel;
    UNROLL for (size_t i = 0; i < run; i++) store_some(out + i * C, left, sums[i]);
}

/// Whole runs, and single results behind them.
INLINE void depthwise_row(
    const unmask_depthwise *call, const float *x, size_t row, size_t channel, const size_t left, float *y) {
    size_t column = 0;
    if (call->kernel == USUAL_KERNEL) {
        for (; column + RUN <= call->width; column += RUN)
            depthwise_run(call, x, row, channel, left, column, RUN, USUAL_KERNEL, y);
        for (; column < call->width; column++)
            depthwise_run(call, x, row, channel, left, column, 1, USUAL_KERNEL, y);
        return;
    }
    const ptrdiff_t reach = (ptrdiff_t)(call->kernel / 2);
    const size_t C = call->channels;
    for (; column < call->width; column++) {
        vec sum = call->bias ? load_some(call->bias + channel, left) : vec_set1(0);
        for (size_t tap = 0; tap < call->kernel * call->kernel; tap++) {
            ptrdiff_t from = (ptrdiff_t)(row + tap / call->kernel) - reach;
            ptrdiff_t at = (ptrdiff_t)(column + tap % call->kernel) - reach;
            if (from < 0 || from >= (ptrdiff_t)call->height || at < 0 || at >= (ptrdiff_t)call->width) continue;
            vec v = load_some(x + ((size_t)from * call->width + (size_t)at) * C + channel, left);
            sum = vec_fma(v, load_some(call->weight + tap * C + channel, left), sum);
        }
        store_some(y + (row * call->width + column) * C + channel, left, sum);
    }
}

void ROW(unmask_f32_depthwise)(
    const unmask_depthwise *call, const float *x, size_t row, size_t first, size_t end, float *y) {
    size_t channel = first;
    for (; channel + LANES <= end; channel += LANES) depthwise_row(call, x, row, channel, LANES, y);
    if (channel < end) depthwise_row(call, x, row, channel, end - channel, y);
}

void ROW(unmask_f32_add_squares)(size_t rows, size_t width, const float *x, size_t ldx, float *sums) {
    for (size_t i = 0; i < width; i += LANES) {
        size_t left = lanes_left(width, i);
        vec sum = vec_set1(0);
        for (size_t r = 0; r < rows; r++) {
            vec v = load_some(x + r * ldx + i, left);
            sum = vec_fma(v, v, sum);
        }
        store_some(sums + i, left, vec_add(load_some(sums + i, left), sum));
    }
}
