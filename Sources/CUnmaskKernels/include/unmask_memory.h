#ifndef UNMASK_MEMORY_H
#define UNMASK_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/// Zeroed memory for packed weights and arenas, aligned to at least 64 bytes, on huge pages where the system has them:
/// weights that stream from memory lose an eighth of their speed to address translation on small pages.
/// NULL where it cannot be had.
void *unmask_memory_map(size_t bytes);

/// Gives back what unmask_memory_map returned for the same `bytes`; NULL is allowed.
void unmask_memory_unmap(void *memory, size_t bytes);

/// Memory of any contents, aligned to 64 bytes, for what is small or lives for one operation. NULL where it cannot be
/// had.
void *unmask_memory_allocate(size_t bytes);

/// Gives back what unmask_memory_allocate returned; NULL is allowed.
void unmask_memory_free(void *memory);

/// Whether so much memory can be had at this moment; none is kept. For callers that take it next from an allocator which
/// ends the process where it fails, as Swift's does.
bool unmask_memory_available(size_t bytes);

/// For tests of failure: refuses the `request`-th request for memory or for a thread that the calling thread makes of
/// the functions above and of unmask_engine_create from now on, once; 0 refuses none.
///
/// The request whose number UNMASK_REFUSE_MEMORY gives is refused too, counted over the process.
///
/// Returns what was left of the number set before: 0 where that request was refused or none was to be.
size_t unmask_memory_refuse(size_t request);

#endif
