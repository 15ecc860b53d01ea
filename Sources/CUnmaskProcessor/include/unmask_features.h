#ifndef UNMASK_FEATURES_H
#define UNMASK_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

/// A set of what a processor can do, as far as kernels are written for it or reports tell of it.
typedef uint32_t unmask_features;

enum {
    UNMASK_FEATURE_AVX2 = 1 << 0,
    UNMASK_FEATURE_FMA = 1 << 1,
    UNMASK_FEATURE_F16C = 1 << 2,
    UNMASK_FEATURE_AVX_VNNI = 1 << 3,
    UNMASK_FEATURE_AVX512F = 1 << 4,
    UNMASK_FEATURE_AVX512BW = 1 << 5,
    UNMASK_FEATURE_AVX512VL = 1 << 6,
    UNMASK_FEATURE_AVX512DQ = 1 << 7,
    UNMASK_FEATURE_AVX512_VNNI = 1 << 8,
    UNMASK_FEATURE_AVX512_BF16 = 1 << 9,
    UNMASK_FEATURE_AVX512_FP16 = 1 << 10,
    UNMASK_FEATURE_AMX_TILE = 1 << 11,
    UNMASK_FEATURE_AMX_BF16 = 1 << 12,
    UNMASK_FEATURE_AMX_INT8 = 1 << 13,
    // aarch64, whose NEON with fused multiply-adds every processor has
    UNMASK_FEATURE_NEON = 1 << 14,
    UNMASK_FEATURE_NEON_DOTPROD = 1 << 15,
    UNMASK_FEATURE_NEON_BF16 = 1 << 16,
    // A model of AMX in plain C, on the vectors of AVX-512: what kernels by tile registers are tested with where there are no
    // tile registers. No processor has it, and no engine takes it unasked.
    UNMASK_FEATURE_AMX_MODEL = 1 << 17,
    UNMASK_FEATURE_AVX512_VPOPCNTDQ = 1 << 18,
};

/// How many bits `unmask_features` has a name for.
enum { UNMASK_FEATURE_COUNT = 19 };

/// The name of bit `index`, as Linux spells it in /proc/cpuinfo: `avx512_vnni`, `asimddp`. NULL where there is none.
const char *unmask_feature_name(uint32_t index);

/// What the processor has (CPUID) of which the operating system saves the registers (XCR0); on aarch64 what Linux tells of
/// it (HWCAP). Whether the system lets this process use AMX's tiles is not asked here.
unmask_features unmask_features_detected(void);

/// The vector widths that the plain kernels are written for, narrowest first.
typedef enum unmask_isa {
    UNMASK_ISA_SCALAR = 0,
    UNMASK_ISA_AVX2 = 1,    ///< AVX2, FMA and F16C
    UNMASK_ISA_AVX512 = 2,  ///< AVX-512 F, BW, VL and DQ besides
} unmask_isa;

/// How many values `unmask_isa` has; rows of kernel tables are indexed by it.
enum { UNMASK_ISA_COUNT = 3 };

/// What the kernels of a width need.
unmask_features unmask_isa_features(unmask_isa isa);

/// The widest that these features carry.
unmask_isa unmask_isa_of(unmask_features features);

#endif
