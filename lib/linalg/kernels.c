/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/kernels.h"

#include <stdbool.h>

extern const struct diffmm__vector_kernels diffmm__vector_kernels_portable;

#if defined(__x86_64__)
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx2;
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx512;
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx512_wide;

/* AMD's Zen 4 (family 25) computes vectors of 64 bytes in two halves: vectors of 32 bytes, in as
 * many registers, are a sixth faster there. On Zen 5, vectors of 64 bytes are up to twice as
 * fast. */
static bool halves_wide_vectors(void)
{
    return __builtin_cpu_is("amdfam19h");
}
#endif

const struct diffmm__vector_kernels *diffmm__kernels(void)
{
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return &diffmm__vector_kernels_portable;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return halves_wide_vectors() ? &diffmm__vector_kernels_avx512
                                     : &diffmm__vector_kernels_avx512_wide;
    return &diffmm__vector_kernels_avx2;
#else
    return &diffmm__vector_kernels_portable;
#endif
}
