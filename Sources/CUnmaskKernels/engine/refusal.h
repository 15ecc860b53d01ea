#ifndef UNMASK_REFUSAL_H
#define UNMASK_REFUSAL_H

#include <stdbool.h>

/// Whether a test wants this request for memory or for a thread to fail; asked once for each.
bool unmask_memory_is_refused(void);

#endif
