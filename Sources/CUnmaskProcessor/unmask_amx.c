#define _GNU_SOURCE

#include "unmask_amx.h"

#include <errno.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>

bool unmask_amx_in_processor(void) {
    enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25, ALL = AMX_BF16 | AMX_TILE | AMX_INT8 };
    uint32_t eax, ebx, ecx, edx;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx & ALL) == ALL;
}

bool unmask_amx_is_saved(void) {
    enum { TILE_STATE = 1 << 17 | 1 << 18 };
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE)) return false;
    __asm__ __volatile__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return (eax & TILE_STATE) == TILE_STATE;
}

bool unmask_amx_has_palette(void) {
    enum { LEAF = 0x1d, BYTES = 8192, TILE_BYTES = 1024, ROW_BYTES = 64, NAMES = 8, ROWS = 16 };
    uint32_t eax, ebx, ecx, edx;
    if (!__get_cpuid_count(LEAF, 0, &eax, &ebx, &ecx, &edx) || eax < 1) return false;
    if (!__get_cpuid_count(LEAF, 1, &eax, &ebx, &ecx, &edx)) return false;
    return eax == (BYTES | TILE_BYTES << 16) && ebx == (ROW_BYTES | NAMES << 16) && (ecx & 0xffff) == ROWS;
}
#else
bool unmask_amx_in_processor(void) { return false; }
bool unmask_amx_is_saved(void) { return false; }
bool unmask_amx_has_palette(void) { return false; }
#endif

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

int unmask_amx_request(void) {
    enum { GET_PERMITTED = 0x1022, REQUEST = 0x1023, TILE_DATA = 18 };  // asm/prctl.h, which old systems lack
    if (syscall(SYS_arch_prctl, REQUEST, TILE_DATA) != 0) return errno;
    uint64_t permitted = 0;
    if (syscall(SYS_arch_prctl, GET_PERMITTED, &permitted) != 0) return errno;
    return permitted >> TILE_DATA & 1 ? 0 : EPERM;
}
#else
int unmask_amx_request(void) { return ENOSYS; }
#endif
