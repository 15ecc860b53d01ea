// Preloaded into a program, counts its requests for memory and prints the number when it ends: scripts/check-allocations.

#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_size_t requests;

static void *counted(void *memory) {
    atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed);
    return memory;
}

void *malloc(size_t bytes) { return counted(__libc_malloc(bytes)); }
void *calloc(size_t count, size_t bytes) { return counted(__libc_calloc(count, bytes)); }
void *realloc(void *old, size_t bytes) { return counted(__libc_realloc(old, bytes)); }
void *memalign(size_t alignment, size_t bytes) { return counted(__libc_memalign(alignment, bytes)); }
void *aligned_alloc(size_t alignment, size_t bytes) { return counted(__libc_memalign(alignment, bytes)); }
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
    *memory = counted(__libc_memalign(alignment, bytes));
    return *memory ? 0 : 12;
}

static void tell(void) {
    const char *path = getenv("COUNT_ALLOCATIONS");
    FILE *file = path ? fopen(path, "w") : NULL;
    size_t found = requests;
    if (!file) return;
    fprintf(file, "%zu\n", found);
    fclose(file);
}

// The program runs no library's exit handlers, and so no destructor of this one.
void _Exit(int status) {
    tell();
    for (;;) syscall(SYS_exit_group, status);
}
