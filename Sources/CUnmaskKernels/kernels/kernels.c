#include "kernels.h"

// Declares every kernel with the type of its slot.
#define UNMASK_KERNEL(isa, slot, name) extern __typeof__(*((unmask_kernels *)0)->slot) name;
#include "kernels.inc"

// The designators of the tables: [isa][slot].
enum { ROW_scalar = UNMASK_ISA_SCALAR, ROW_avx2 = UNMASK_ISA_AVX2, ROW_avx512 = UNMASK_ISA_AVX512 };

static const unmask_kernels rows[UNMASK_ISA_COUNT] = {
#define UNMASK_KERNEL(isa, slot, name) [ROW_##isa].slot = name,
#include "kernels.inc"
};

const unmask_kernels *unmask_kernels_of(unmask_isa isa) { return &rows[isa]; }
