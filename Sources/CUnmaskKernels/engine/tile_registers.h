#ifndef UNMASK_TILE_REGISTERS_INTERNAL_H
#define UNMASK_TILE_REGISTERS_INTERNAL_H

#include "pool.h"
#include "unmask_tile_registers.h"

/// Configures the calling thread's tile registers whole, and releases them, after which a switch of threads need not save them.
extern const unmask_bracket unmask_tile_bracket;

#endif
