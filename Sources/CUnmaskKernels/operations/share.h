#ifndef UNMASK_SHARE_H
#define UNMASK_SHARE_H

#include "../engine/engine.h"

/// Numbers that one task of a light operation handles, about ten microseconds' worth.
enum { UNMASK_TASK_NUMBERS = 16 * 1024 };

/// Items of `size` numbers each that one task handles; at least 1.
static inline size_t unmask_items_per_task(size_t size) {
    return size < UNMASK_TASK_NUMBERS ? UNMASK_TASK_NUMBERS / (size ? size : 1) : 1;
}

/// A run of items [start, end) of a task.
typedef struct unmask_run {
    size_t start, end;
} unmask_run;

static inline unmask_run unmask_run_of(size_t index, size_t per_task, size_t count) {
    size_t start = index * per_task;
    return (unmask_run){start, unmask_min(count - start, per_task) + start};
}

/// Items of which those in the middle are cut into pieces. Threads take tasks from both ends and meet there, so that those that
/// began their last task early or late end together. Tasks are the whole items before, the pieces, the whole items behind.
typedef struct unmask_cut {
    size_t items, before, cut, pieces;
} unmask_cut;

/// A task's share: piece `piece` of `pieces` of an item.
typedef struct unmask_piece {
    size_t item, piece, pieces;
} unmask_piece;

static inline unmask_cut unmask_cut_of(size_t items, size_t cut, size_t pieces, size_t threads) {
    bool all_whole = threads == 1 || pieces <= 1;
    if (all_whole) return (unmask_cut){items, items, 0, 1};
    if (cut > items) cut = items;
    return (unmask_cut){items, (items - cut + 1) / 2, cut, pieces};
}

static inline size_t unmask_cut_tasks(const unmask_cut *cut) {
    return cut->items - cut->cut + cut->cut * cut->pieces;
}

static inline unmask_piece unmask_piece_of(const unmask_cut *cut, size_t task) {
    if (task < cut->before) return (unmask_piece){task, 0, 1};
    size_t rest = task - cut->before, pieces = cut->cut * cut->pieces;
    if (rest < pieces) return (unmask_piece){cut->before + rest / cut->pieces, rest % cut->pieces, cut->pieces};
    return (unmask_piece){cut->before + cut->cut + (rest - pieces), 0, 1};
}

#endif
