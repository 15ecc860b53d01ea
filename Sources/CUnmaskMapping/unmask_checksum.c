#include "unmask_checksum.h"

#include <string.h>

// Eight chains, so that the multiplier is never waited for: it runs at the speed of memory. A step of a chain,
// (chain ^ word) · odd, is reversible in the chain and in the word: of two ranges that differ in one word, or in any of
// one chain's words but by a coincidence of 2⁻⁶⁴, the results differ.
enum { CHAINS = 8 };

static const uint64_t MULTIPLIER = 0x9e3779b97f4a7c15u;  // 2⁶⁴ over the golden ratio, odd

static uint64_t step(uint64_t chain, uint64_t word) {
    chain = (chain ^ word) * MULTIPLIER;
    return chain ^ chain >> 32;
}

uint64_t unmask_checksum(const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    uint64_t chains[CHAINS] = {1, 2, 3, 4, 5, 6, 7, 8};
    size_t left = count;
    for (; left >= sizeof chains; left -= sizeof chains, at += sizeof chains) {
        uint64_t words[CHAINS];
        memcpy(words, at, sizeof words);
#pragma clang loop unroll(full)
        for (int i = 0; i < CHAINS; i++) chains[i] = step(chains[i], words[i]);
    }
    uint64_t last[CHAINS] = {0};
    if (left > 0) memcpy(last, at, left);
    uint64_t sum = count;
    for (int i = 0; i < CHAINS; i++) sum = step(sum, step(chains[i], last[i]));
    return sum;
}
