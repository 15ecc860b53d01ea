#include "unmask_features.h"

#include <stdatomic.h>
#include <stddef.h>

/// The names of the bits of `unmask_features`, in their order.
static const char *const names[UNMASK_FEATURE_COUNT] = {
    "avx2",        "fma",         "f16c",        "avx_vnni", "avx512f",  "avx512bw", "avx512vl", "avx512dq", "avx512_vnni",
    "avx512_bf16", "avx512_fp16", "amx_tile",    "amx_bf16", "amx_int8", "asimd",    "asimddp",  "bf16",
    "amx_model",   "avx512_vpopcntdq",
};

const char *unmask_feature_name(uint32_t index) { return index < UNMASK_FEATURE_COUNT ? names[index] : NULL; }

#if defined(__x86_64__)
#include <cpuid.h>

/// The bits of XCR0: which registers the operating system saves.
enum {
    XCR0_XMM = 1 << 1,
    XCR0_YMM = 1 << 2,
    XCR0_OPMASK = 1 << 5,
    XCR0_ZMM_UPPER = 1 << 6,
    XCR0_ZMM16_31 = 1 << 7,
    XCR0_TILE_CONFIGURATION = 1 << 17,
    XCR0_TILES = 1 << 18,
    XCR0_AVX = XCR0_XMM | XCR0_YMM,
    XCR0_AVX512 = XCR0_AVX | XCR0_OPMASK | XCR0_ZMM_UPPER | XCR0_ZMM16_31,
    XCR0_AMX = XCR0_TILE_CONFIGURATION | XCR0_TILES,
};

static uint32_t saved_registers(void) {
    uint32_t eax, edx;
    __asm__ __volatile__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return eax;
}

/// One feature: the bit of CPUID that tells of it, and the registers that it needs.
typedef struct feature {
    unmask_features bit_of_set;
    enum { LEAF_1, LEAF_7_0, LEAF_7_1, LEAVES } leaf;
    enum { EAX, EBX, ECX, EDX } word;
    uint8_t bit;
    uint32_t registers;
} feature;

/// CPUID's bits: Intel's manual, volume 2A, CPUID.
static const feature features[] = {
    {UNMASK_FEATURE_AVX2, LEAF_7_0, EBX, 5, XCR0_AVX},
    {UNMASK_FEATURE_FMA, LEAF_1, ECX, 12, XCR0_AVX},
    {UNMASK_FEATURE_F16C, LEAF_1, ECX, 29, XCR0_AVX},
    {UNMASK_FEATURE_AVX_VNNI, LEAF_7_1, EAX, 4, XCR0_AVX},
    {UNMASK_FEATURE_AVX512F, LEAF_7_0, EBX, 16, XCR0_AVX512},
    {UNMASK_FEATURE_AVX512BW, LEAF_7_0, EBX, 30, XCR0_AVX512},
    {UNMASK_FEATURE_AVX512VL, LEAF_7_0, EBX, 31, XCR0_AVX512},
    {UNMASK_FEATURE_AVX512DQ, LEAF_7_0, EBX, 17, XCR0_AVX512},
    {UNMASK_FEATURE_AVX512_VNNI, LEAF_7_0, ECX, 11, XCR0_AVX512},
    {UNMASK_FEATURE_AVX512_VPOPCNTDQ, LEAF_7_0, ECX, 14, XCR0_AVX512},
    {UNMASK_FEATURE_AVX512_BF16, LEAF_7_1, EAX, 5, XCR0_AVX512},
    {UNMASK_FEATURE_AVX512_FP16, LEAF_7_0, EDX, 23, XCR0_AVX512},
    {UNMASK_FEATURE_AMX_TILE, LEAF_7_0, EDX, 24, XCR0_AMX},
    {UNMASK_FEATURE_AMX_BF16, LEAF_7_0, EDX, 22, XCR0_AMX},
    {UNMASK_FEATURE_AMX_INT8, LEAF_7_0, EDX, 25, XCR0_AMX},
};

static unmask_features detect(void) {
    uint32_t words[LEAVES][4] = {{0}};
    uint32_t *one = words[LEAF_1], *seven = words[LEAF_7_0], *more = words[LEAF_7_1];
    if (!__get_cpuid(1, &one[EAX], &one[EBX], &one[ECX], &one[EDX]) || !(one[ECX] & bit_OSXSAVE)) return 0;
    if (__get_cpuid_count(7, 0, &seven[EAX], &seven[EBX], &seven[ECX], &seven[EDX]) && seven[EAX] >= 1) {
        __get_cpuid_count(7, 1, &more[EAX], &more[EBX], &more[ECX], &more[EDX]);
    }
    uint32_t saved = saved_registers();
    unmask_features found = 0;
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        const feature *f = &features[i];
        bool has = words[f->leaf][f->word] >> f->bit & 1;
        if (has && (saved & f->registers) == f->registers) found |= f->bit_of_set;
    }
    return found;
}
#elif defined(__aarch64__)
#if defined(__linux__)
#include <sys/auxv.h>
#endif

static unmask_features detect(void) {
    unmask_features found = UNMASK_FEATURE_NEON;
#if defined(__linux__)
    enum { HAS_DOTPROD = 1 << 20, HAS_BF16 = 1 << 14 };  // asm/hwcap.h, which old systems lack
    if (getauxval(AT_HWCAP) & HAS_DOTPROD) found |= UNMASK_FEATURE_NEON_DOTPROD;
    if (getauxval(AT_HWCAP2) & HAS_BF16) found |= UNMASK_FEATURE_NEON_BF16;
#endif
    return found;
}
#else
static unmask_features detect(void) { return 0; }
#endif

unmask_features unmask_features_detected(void) {
    // CPUID takes microseconds in a virtual machine. A thread that asks at the same time finds the same.
    static _Atomic uint64_t known;
    const uint64_t isKnown = (uint64_t)1 << 32;
    uint64_t found = atomic_load_explicit(&known, memory_order_relaxed);
    if (!(found & isKnown)) {
        found = isKnown | detect();
        atomic_store_explicit(&known, found, memory_order_relaxed);
    }
    return (unmask_features)found;
}

unmask_features unmask_isa_features(unmask_isa isa) {
    const unmask_features avx2 = UNMASK_FEATURE_AVX2 | UNMASK_FEATURE_FMA | UNMASK_FEATURE_F16C;
    switch (isa) {
        case UNMASK_ISA_SCALAR: return 0;
        case UNMASK_ISA_AVX2: return avx2;
        case UNMASK_ISA_AVX512:
            return avx2 | UNMASK_FEATURE_AVX512F | UNMASK_FEATURE_AVX512BW | UNMASK_FEATURE_AVX512VL
                 | UNMASK_FEATURE_AVX512DQ;
    }
    return ~(unmask_features)0;
}

unmask_isa unmask_isa_of(unmask_features features) {
    for (int isa = UNMASK_ISA_COUNT - 1; isa > 0; isa--) {
        unmask_features needed = unmask_isa_features((unmask_isa)isa);
        if ((features & needed) == needed) return (unmask_isa)isa;
    }
    return UNMASK_ISA_SCALAR;
}
