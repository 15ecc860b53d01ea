#ifndef UNMASK_AMX_H
#define UNMASK_AMX_H

#include <stdbool.h>

// What AMX's tile registers take beside the instructions: each question alone, so that whoever asks can tell what is missing.

/// Whether the processor multiplies tiles of bfloat16 and of int8 numbers (CPUID leaf 7).
bool unmask_amx_in_processor(void);

/// Whether the operating system saves tile registers and their configuration (XCR0, bits 17 and 18).
bool unmask_amx_is_saved(void);

/// Whether palette 1 is eight registers of 16 rows of 64 bytes, as kernels use them (CPUID leaf 1DH).
bool unmask_amx_has_palette(void);

/// Asks Linux, which gives the registers' state to those processes alone that ask for it, and looks whether it did. Holds for
/// all threads of the process.
///
/// Returns 0, or why not, as errno has it: EINVAL and ENOSYS of kernels before 5.16 and of systems that play Linux, EPERM of
/// sandboxes, ENOSPC where a thread has an alternate signal stack too small for the registers.
int unmask_amx_request(void);

#endif
