#ifndef UNMASK_MEMORY_H
#define UNMASK_MEMORY_H

#include <stddef.h>

/// Zeroed memory for packed weights and arenas, aligned to at least 64 bytes, on huge pages where the system has them:
/// weights that stream from memory lose an eighth of their speed to address translation on small pages.
/// NULL where it cannot be had.
void *unmask_memory_map(size_t bytes);

/// Gives back what unmask_memory_map returned for the same `bytes`; NULL is allowed.
void unmask_memory_unmap(void *memory, size_t bytes);

#endif
