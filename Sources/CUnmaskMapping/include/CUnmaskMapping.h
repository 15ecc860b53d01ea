// Guarded mappings of files: reading a page that the file has lost marks the mapping and gives zeros, where it would
// otherwise end the process with SIGBUS.

#ifndef CUNMASK_MAPPING_H
#define CUNMASK_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

#include "unmask_checksum.h"

typedef struct unmask_guard unmask_guard;

/// Guards a read-only mapping of `length` bytes. The first call installs the handler of SIGBUS, which passes what does
/// not concern a guarded mapping to the handler that was there before. NULL where that or memory fails.
///
/// Thread-safe, as all functions here are. A call of the system that is given a lost page fails with EFAULT, as ever.
unmask_guard *_Nullable unmask_guard_add(const void *_Nonnull base, size_t length);

/// Ends it. To be called before the mapping goes, once nobody reads it.
void unmask_guard_remove(unmask_guard *_Nonnull guard);

/// Marks the mapping as damaged, for good.
void unmask_guard_mark(unmask_guard *_Nonnull guard);

/// Whether a page was found lost, or the mapping was marked.
bool unmask_guard_is_damaged(const unmask_guard *_Nonnull guard);

#endif
