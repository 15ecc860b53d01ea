// AMX where the processor has none: its instructions raise SIGILL, and the handler does what Intel's Instruction Set Reference
// says of them. So the kernels' own machine code runs, written by the compiler for the real registers. Linked by
// scripts/check-amx, which lets the functions below answer for what the processor and the system have.
//
// What a program may not do ends it: using registers before they are configured, rows or columns that do not fit, and at
// the end threads that have not released what they configured.

#define _GNU_SOURCE

#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "unmask_amx.h"
#include "unmask_features.h"

enum { REGISTERS = 8, ROWS = 16, ROW_BYTES = 64 };

typedef struct configuration {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} configuration;

static _Thread_local configuration configured;
static _Thread_local uint8_t registers[REGISTERS][ROWS][ROW_BYTES];
static atomic_size_t emulated, configurations, releases;

static void die(const char *problem) {
    fprintf(stderr, "emulated AMX: %s\n", problem);
    _exit(4);
}

static void expect_configured(int t) {
    if (configured.palette != 1 || configured.rows[t] == 0) die("a tile register that is not configured");
}

static float number_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return fpclassify(x) == FP_SUBNORMAL ? 0 * x : x;
}

static float normal_or_zero(float x) { return fpclassify(x) == FP_SUBNORMAL ? 0 * x : x; }

static uint32_t unit_of(int t, int row, int unit) {
    uint32_t bits;
    memcpy(&bits, &registers[t][row][unit * 4], sizeof bits);
    return bits;
}

/// TDPBF16PS and TDPBSSD.
static void multiply(int to, int a, int b, bool whole) {
    expect_configured(to), expect_configured(a), expect_configured(b);
    const int depth = configured.row_bytes[a] / 4, columns = configured.row_bytes[to] / 4;
    if (configured.rows[to] != configured.rows[a] || configured.rows[b] != depth || configured.row_bytes[b] != columns * 4) {
        die("tile registers whose shapes do not make a product");
    }
    for (int row = 0; row < configured.rows[to]; row++) {
        for (int column = 0; column < columns; column++) {
            uint32_t sum = unit_of(to, row, column);
            float chains[2] = {0, 0};
            for (int k = 0; k < depth; k++) {
                uint32_t left = unit_of(a, row, k), right = unit_of(b, k, column);
                for (int part = 0; whole && part < 4; part++) {
                    sum += (uint32_t)((int8_t)(left >> 8 * part) * (int8_t)(right >> 8 * part));
                }
                for (int part = 0; !whole && part < 2; part++) {
                    float x = number_of(left >> 16 * part << 16), y = number_of(right >> 16 * part << 16);
                    chains[part] = normal_or_zero(fmaf(x, y, chains[part]));
                }
            }
            if (!whole) {
                float total = normal_or_zero(number_of(sum) + normal_or_zero(chains[0] + chains[1]));
                memcpy(&sum, &total, sizeof sum);
            }
            memcpy(&registers[to][row][column * 4], &sum, sizeof sum);
        }
    }
}

static uint64_t general(const ucontext_t *context, int number) {
    static const int places[] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
    };
    return (uint64_t)context->uc_mcontext.gregs[places[number]];
}

/// A memory operand: where it is, the distance of its rows, and the bytes that tell so.
typedef struct operand {
    uint64_t address, stride;
    size_t length;
} operand;

static operand memory_operand(const ucontext_t *context, const uint8_t *vex, const uint8_t *modrm) {
    const int mode = *modrm >> 6, high_index = vex[1] & 0x40 ? 0 : 8, high_base = vex[1] & 0x20 ? 0 : 8;
    const uint8_t *at = modrm + 1;
    operand found = {0};
    int base = (*modrm & 7) | high_base;
    if ((*modrm & 7) == 4) {
        int index = (*at >> 3 & 7) | high_index;
        if (index != 4) found.stride = general(context, index) << (*at >> 6);
        base = (*at++ & 7) | high_base;
    }
    int32_t displacement = 0;
    bool is_relative = mode == 0 && (*modrm & 7) == 5;  // to the next instruction
    if (mode == 0 && !is_relative && (base & 7) == 5) die("an address that is not read here");
    if (mode == 1) displacement = (int8_t)*at++;
    if (mode == 2 || is_relative) memcpy(&displacement, at, 4), at += 4;
    found.address = (is_relative ? (uint64_t)at : general(context, base)) + (uint64_t)(int64_t)displacement;
    found.length = (size_t)(at - modrm);
    return found;
}

static void configure(const operand *from) {
    memcpy(&configured, (const void *)from->address, sizeof configured);
    for (int t = 0; t < REGISTERS; t++) {
        if (configured.rows[t] > ROWS || configured.row_bytes[t] > ROW_BYTES) die("a configuration that is too large");
    }
    memset(registers, 0, sizeof registers);
    atomic_fetch_add(&configurations, 1);
}

static void move(int t, const operand *place, bool store) {
    expect_configured(t);
    for (int row = 0; row < configured.rows[t]; row++) {
        uint8_t *at = (uint8_t *)(place->address + (uint64_t)row * place->stride);
        memcpy(store ? at : registers[t][row], store ? registers[t][row] : at, configured.row_bytes[t]);
        if (!store) memset(registers[t][row] + configured.row_bytes[t], 0, ROW_BYTES - configured.row_bytes[t]);
    }
}

/// One instruction: VEX of three bytes, the opcode, ModRM and what follows.
static void emulate(int signal, siginfo_t *information, void *opaque) {
    (void)signal, (void)information;
    enum { NONE, P66, PF3, PF2 };
    ucontext_t *context = opaque;
    const uint8_t *code = (const uint8_t *)context->uc_mcontext.gregs[REG_RIP];
    if (code[0] != 0xc4 || (code[1] & 0x1f) != 2) die("an instruction that is not AMX's");
    const int opcode = code[3], prefix = code[2] & 3, other = ~code[2] >> 3 & 15;
    const uint8_t *modrm = code + 4;
    const int reg = *modrm >> 3 & 7, rm = *modrm & 7;
    const bool in_memory = *modrm >> 6 != 3;
    operand place = in_memory ? memory_operand(context, code, modrm) : (operand){.length = 1};
    if (opcode == 0x49 && prefix == NONE && in_memory && reg == 0) {
        configure(&place);
    } else if (opcode == 0x49 && prefix == NONE && *modrm == 0xc0) {
        memset(&configured, 0, sizeof configured);
        atomic_fetch_add(&releases, 1);
    } else if (opcode == 0x49 && prefix == PF2 && !in_memory) {
        expect_configured(reg);
        memset(registers[reg], 0, sizeof registers[reg]);
    } else if (opcode == 0x4b && in_memory && (prefix == PF2 || prefix == P66)) {
        move(reg, &place, false);
    } else if (opcode == 0x4b && in_memory && prefix == PF3) {
        move(reg, &place, true);
    } else if (opcode == 0x5c && prefix == PF3 && !in_memory) {
        multiply(reg, rm, other, false);
    } else if (opcode == 0x5e && prefix == PF2 && !in_memory) {
        multiply(reg, rm, other, true);
    } else {
        die("an instruction that is not emulated");
    }
    atomic_fetch_add(&emulated, 1);
    context->uc_mcontext.gregs[REG_RIP] += (greg_t)(4 + place.length);
}

static void report(void) {
    printf("%zu tile instructions emulated\n", atomic_load(&emulated));
    if (atomic_load(&emulated) == 0 || atomic_load(&configurations) != atomic_load(&releases)) {
        die("registers that were configured and not released, or none used");
    }
}

__attribute__((constructor)) static void start(void) {
    struct sigaction action = {.sa_sigaction = emulate, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    atexit(report);
}

// What the linker puts in the place of the functions of these names (--wrap).

unmask_features __real_unmask_features_detected(void);

unmask_features __wrap_unmask_features_detected(void) {
    return __real_unmask_features_detected() | UNMASK_FEATURE_AMX_TILE | UNMASK_FEATURE_AMX_BF16 | UNMASK_FEATURE_AMX_INT8;
}

bool __wrap_unmask_amx_in_processor(void) { return true; }

bool __wrap_unmask_amx_is_saved(void) { return true; }

bool __wrap_unmask_amx_has_palette(void) { return true; }

int __wrap_unmask_amx_request(void) { return 0; }
