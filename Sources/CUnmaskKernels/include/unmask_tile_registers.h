#ifndef UNMASK_TILE_REGISTERS_H
#define UNMASK_TILE_REGISTERS_H

#include <stdbool.h>

#include "unmask_features.h"

/// Whether this process can use AMX's tile registers, else the first thing that is missing.
typedef enum unmask_tile_state {
    UNMASK_TILES_READY = 0,
    UNMASK_TILES_ABSENT = 1,      ///< The processor has none.
    UNMASK_TILES_NOT_SAVED = 2,   ///< The operating system or hypervisor does not save them.
    UNMASK_TILES_NO_PALETTE = 3,  ///< The processor or hypervisor tells of none of the shape that kernels use.
    UNMASK_TILES_REFUSED = 4,     ///< The operating system does not let this process use them.
    UNMASK_TILES_WRONG = 5,       ///< They do not multiply as their model does, to the bit.
} unmask_tile_state;

typedef struct unmask_tile_verdict {
    unmask_tile_state state;
    int error;  ///< errno of UNMASK_TILES_REFUSED, else 0
} unmask_tile_verdict;

/// What is asked, each question once the ones before it have been answered well (unmask_amx.h): tile instructions run in the
/// last one alone, and where one before it says no they end the process.
typedef struct unmask_tile_questions {
    bool (*in_processor)(void);
    bool (*saved)(void);
    bool (*have_palette)(void);
    int (*request)(void);
    bool (*multiply_as_modelled)(void);
} unmask_tile_questions;

unmask_tile_verdict unmask_tiles_examine(const unmask_tile_questions *questions);

/// This process's verdict; asked for the first time, the system is asked, and a block multiplied.
unmask_tile_verdict unmask_tiles_verdict(void);

/// Whether an engine can have these features: the processor has them, and tile registers can be used where they are among them.
/// UNMASK_FEATURE_AMX_MODEL every engine can have.
bool unmask_features_are_usable(unmask_features features);

#endif
