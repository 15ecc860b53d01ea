#include "refusal.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "unmask_memory.h"

/// Requests of this thread up to the one to refuse; 0: none is.
static _Thread_local size_t remaining;

size_t unmask_memory_refuse(size_t request) {
    size_t left = remaining;
    remaining = request;
    return left;
}

/// Where the environment says which request of the process fails.
static bool process_refuses(void) {
    static atomic_size_t made;
    const char *text = getenv("UNMASK_REFUSE_MEMORY");
    return text && strtoull(text, NULL, 10) == atomic_fetch_add(&made, 1) + 1;
}

bool unmask_memory_is_refused(void) {
    bool thread_refuses = remaining > 0 && --remaining == 0;
    return process_refuses() || thread_refuses;
}
