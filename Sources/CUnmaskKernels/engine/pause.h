#ifndef UNMASK_PAUSE_H
#define UNMASK_PAUSE_H

#include <stdint.h>
#include <time.h>

/// Tells the processor that this is a spin loop.
static inline void unmask_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static inline uint64_t unmask_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
