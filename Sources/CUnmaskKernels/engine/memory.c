#define _GNU_SOURCE

#include "unmask_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "refusal.h"

enum { ALIGNMENT = 64, HUGE_PAGE = 2 * 1024 * 1024 };

/// Whole small pages below a huge page's size, whole huge pages from there on; 0 on overflow.
static size_t mapped_bytes(size_t bytes) {
    size_t unit = bytes < HUGE_PAGE ? 4096 : HUGE_PAGE;
    return bytes > PTRDIFF_MAX - 2 * (size_t)HUGE_PAGE ? 0 : (bytes + (bytes == 0) + unit - 1) / unit * unit;
}

void *unmask_memory_map(size_t bytes) {
    size_t size = mapped_bytes(bytes);
    if (size == 0 || unmask_memory_is_refused()) return NULL;
    size_t slack = size < HUGE_PAGE ? 0 : HUGE_PAGE;  // to cut an aligned piece out of
    char *mapping = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return NULL;
    if (slack == 0) return mapping;
    size_t before = (HUGE_PAGE - (uintptr_t)mapping % HUGE_PAGE) % HUGE_PAGE;
    if (before) munmap(mapping, before);
    if (slack > before) munmap(mapping + before + size, slack - before);
#if defined(MADV_HUGEPAGE)
    madvise(mapping + before, size, MADV_HUGEPAGE);
#endif
    return mapping + before;
}

void unmask_memory_unmap(void *memory, size_t bytes) {
    if (memory) munmap(memory, mapped_bytes(bytes));
}

void *unmask_memory_allocate(size_t bytes) {
    if (bytes > PTRDIFF_MAX - ALIGNMENT || unmask_memory_is_refused()) return NULL;
    return aligned_alloc(ALIGNMENT, (bytes + (bytes == 0) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

void unmask_memory_free(void *memory) { free(memory); }

bool unmask_memory_available(size_t bytes) {
    enum { SMALL = 256 * 1024 };  // what the C library's heap has at hand, or gets in steps that are as large
    size_t size = mapped_bytes(bytes);
    if (size == 0 || unmask_memory_is_refused()) return false;
    if (size <= SMALL) return true;
    void *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return false;
    munmap(mapping, size);
    return true;
}
