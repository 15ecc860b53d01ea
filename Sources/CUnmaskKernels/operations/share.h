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

#endif
