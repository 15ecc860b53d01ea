// A model of AMX's tile registers in plain C that gives their bits: it stands for them in tests, and they are compared with it
// before they are used. What each macro does is said in tmm_amx.h.
//
// Source: Intel's Instruction Set Reference, TDPBF16PS and TDPBSSD.

enum { TMM_ROWS = 16, TMM_UNITS = 16 };

static _Thread_local uint32_t tmm_registers[8][TMM_ROWS][TMM_UNITS];

INLINE void tmm_load(int t, const void *p, size_t stride) {
    for (size_t r = 0; r < TMM_ROWS; r++) {
        memcpy(tmm_registers[t][r], (const char *)p + r * stride, sizeof tmm_registers[t][r]);
    }
}

INLINE void tmm_store(int t, void *p, size_t stride) {
    for (size_t r = 0; r < TMM_ROWS; r++) {
        memcpy((char *)p + r * stride, tmm_registers[t][r], sizeof tmm_registers[t][r]);
    }
}

/// Denormal numbers, of operands and of results, count as zeros.
INLINE float tmm_flushed(float x) { return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0, x) : x; }

INLINE float tmm_number(uint32_t bits) {
    float number;
    memcpy(&number, &bits, sizeof number);
    return tmm_flushed(number);
}

INLINE uint32_t tmm_bits(float number) {
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/// The units' first numbers and their second ones are summed apart, each in one chain of fused multiply-adds from zero;
/// then both chains are added, and then what was there.
INLINE void tmm_multiply_bf16(int sums, int rows, int columns) {
    for (size_t r = 0; r < TMM_ROWS; r++) {
        float first[TMM_UNITS] = {0}, second[TMM_UNITS] = {0};
        for (size_t k = 0; k < TMM_UNITS; k++) {
            const uint32_t row = tmm_registers[rows][r][k], *column = tmm_registers[columns][k];
            const float low = tmm_number(row << 16), high = tmm_number(row & 0xffff0000);
            for (size_t i = 0; i < TMM_UNITS; i++) {
                first[i] = tmm_flushed(__builtin_fmaf(low, tmm_number(column[i] << 16), first[i]));
                second[i] = tmm_flushed(__builtin_fmaf(high, tmm_number(column[i] & 0xffff0000), second[i]));
            }
        }
        uint32_t *sum = tmm_registers[sums][r];
        for (size_t i = 0; i < TMM_UNITS; i++) {
            sum[i] = tmm_bits(tmm_flushed(tmm_number(sum[i]) + tmm_flushed(first[i] + second[i])));
        }
    }
}

/// Four bytes with signs of a row times four of a column, added to a whole number of 32 bits that wraps.
INLINE void tmm_multiply_i8(int sums, int rows, int columns) {
    for (size_t r = 0; r < TMM_ROWS; r++) {
        uint32_t *sum = tmm_registers[sums][r];
        for (size_t k = 0; k < TMM_UNITS; k++) {
            const uint32_t row = tmm_registers[rows][r][k], *column = tmm_registers[columns][k];
            for (size_t i = 0; i < TMM_UNITS; i++) {
                for (unsigned bit = 0; bit < 32; bit += 8) {
                    sum[i] += (uint32_t)((int8_t)(row >> bit) * (int8_t)(column[i] >> bit));
                }
            }
        }
    }
}

#define TMM_ZERO(t) memset(tmm_registers[t], 0, sizeof tmm_registers[t])
#define TMM_LOAD(t, p, stride) tmm_load(t, p, stride)
#define TMM_LOAD_FAR(t, p, stride) tmm_load(t, p, stride)
#define TMM_STORE(t, p, stride) tmm_store(t, p, stride)
#define TMM_PRODUCT_bf16(sums, rows, columns) tmm_multiply_bf16(sums, rows, columns)
#define TMM_PRODUCT_i8(sums, rows, columns) tmm_multiply_i8(sums, rows, columns)
