#include "unmask_engine.h"

#if defined(__x86_64__)
#include <cpuid.h>

/// The bits of XCR0: which registers the operating system saves.
enum {
    XCR0_XMM = 1 << 1,
    XCR0_YMM = 1 << 2,
    XCR0_OPMASK = 1 << 5,
    XCR0_ZMM_UPPER = 1 << 6,
    XCR0_ZMM16_31 = 1 << 7,
};

static uint32_t saved_registers(void) {
    uint32_t eax, edx;
    __asm__ __volatile__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return eax;
}

static bool all(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

static bool x86_has(unmask_isa isa) {
    uint32_t eax, ebx, ecx1, edx, ebx7, ecx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx1, &edx) || !all(ecx1, bit_OSXSAVE)) return false;
    if (!__get_cpuid_count(7, 0, &eax, &ebx7, &ecx, &edx)) return false;
    uint32_t saved = saved_registers();
    if (!all(saved, XCR0_XMM | XCR0_YMM) || !all(ecx1, bit_AVX | bit_FMA | bit_F16C) || !all(ebx7, bit_AVX2)) {
        return false;
    }
    if (isa == UNMASK_ISA_AVX2) return true;
    return all(saved, XCR0_OPMASK | XCR0_ZMM_UPPER | XCR0_ZMM16_31)
        && all(ebx7, bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ);
}
#endif

const char *unmask_isa_name(unmask_isa isa) {
    switch (isa) {
        case UNMASK_ISA_SCALAR: return "scalar";
        case UNMASK_ISA_AVX2: return "avx2";
        case UNMASK_ISA_AVX512: return "avx512";
    }
    return "unknown";
}

bool unmask_isa_available(unmask_isa isa) {
    if (isa == UNMASK_ISA_SCALAR) return true;
#if defined(__x86_64__)
    if (isa == UNMASK_ISA_AVX2 || isa == UNMASK_ISA_AVX512) return x86_has(isa);
#endif
    return false;
}

unmask_isa unmask_isa_best(void) {
    for (int isa = UNMASK_ISA_COUNT - 1; isa > 0; isa--) {
        if (unmask_isa_available((unmask_isa)isa)) return (unmask_isa)isa;
    }
    return UNMASK_ISA_SCALAR;
}
