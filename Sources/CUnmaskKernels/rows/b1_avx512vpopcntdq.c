#if defined(__x86_64__)
#include <immintrin.h>
#include "../kernels/kernels.h"

#define ISA avx512vpopcntdq

#pragma clang attribute push( \
    __attribute__((target("avx512vpopcntdq,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline, unused))
#include "../simd/bits_avx512vpopcntdq.h"
#include "../bodies/names.h"
#include "../bodies/bit_distances.h"

#pragma clang attribute pop

#endif
