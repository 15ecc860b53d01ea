#include "share.h"
#include "unmask_grids.h"

typedef struct units_job {
    const unmask_units *units;
    ptrdiff_t first, last;
    int32_t *out;
} units_job;

/// For each unit of an image's grid, where it stands among the kept ones, or -1.
static const int32_t *ranks_of(const unmask_units *units, size_t image) {
    size_t count = units->rows / units->side * (units->columns / units->side);
    int32_t *ranks = units->scratch + image * count;
    for (size_t unit = 0; unit < count; unit++) ranks[unit] = -1;
    for (size_t rank = 0; rank < units->kept; rank++) ranks[units->ids_keep[image * units->kept + rank]] = (int32_t)rank;
    return ranks;
}

/// Every other bit of a nested token's number, the lowest included: its column within the unit; of half the number, its row.
static size_t every_other_bit(size_t number) {
    size_t result = 0;
    for (size_t bit = 0; number >> (2 * bit); bit++) result |= (number >> (2 * bit) & 1) << bit;
    return result;
}

/// The number whose every other bit, the lowest included, are those of `value`.
static size_t spread_bits(size_t value) {
    size_t result = 0;
    for (size_t bit = 0; value >> bit; bit++) result |= (value >> bit & 1) << (2 * bit);
    return result;
}

static void tokens_task(void *context, size_t image, uint32_t worker) {
    (void)worker;
    const units_job *job = context;
    const unmask_units *units = job->units;
    size_t side = units->side, across = units->columns / side, reach = (size_t)(job->last - job->first + 1);
    const int32_t *ranks = ranks_of(units, image);
    int32_t *out = job->out + image * units->kept * side * side * reach * reach;
    for (size_t rank = 0; rank < units->kept; rank++) {
        size_t unit = (size_t)units->ids_keep[image * units->kept + rank];
        for (size_t token = 0; token < side * side; token++) {
            ptrdiff_t row = (ptrdiff_t)(unit / across * side + every_other_bit(token / 2));
            ptrdiff_t column = (ptrdiff_t)(unit % across * side + every_other_bit(token));
            for (ptrdiff_t down = job->first; down <= job->last; down++) {
                for (ptrdiff_t right = job->first; right <= job->last; right++) {
                    // Where a sum is negative it becomes a number beyond every edge.
                    size_t y = (size_t)(row + down), x = (size_t)(column + right);
                    int is_kept = y < units->rows && x < units->columns && ranks[y / side * across + x / side] >= 0;
                    *out++ = is_kept ? (int32_t)(y * units->columns + x) : -1;
                }
            }
        }
    }
}

void unmask_unit_tokens(unmask_engine *engine, const unmask_units *units, ptrdiff_t first, ptrdiff_t last, int32_t *out) {
    units_job job = {.units = units, .first = first, .last = last, .out = out};
    unmask_engine_run(engine, units->batch, tokens_task, &job);
}

static void places_task(void *context, size_t image, uint32_t worker) {
    (void)worker;
    const units_job *job = context;
    const unmask_units *units = job->units;
    size_t side = units->side, across = units->columns / side;
    const int32_t *ranks = ranks_of(units, image);
    int32_t *out = job->out + image * units->kept * side * side, *end = out + units->kept * side * side;
    for (size_t y = 0; y < units->rows; y++) {
        for (size_t x = 0; x < units->columns; x++) {
            int32_t rank = ranks[y / side * across + x / side];
            if (rank >= 0)
                *out++ = rank * (int32_t)(side * side) + (int32_t)(2 * spread_bits(y % side) + spread_bits(x % side));
        }
    }
    // Of a unit that is named twice.
    while (out < end) *out++ = -1;
}

void unmask_unit_places(unmask_engine *engine, const unmask_units *units, int32_t *out) {
    units_job job = {.units = units, .out = out};
    unmask_engine_run(engine, units->batch, places_task, &job);
}
