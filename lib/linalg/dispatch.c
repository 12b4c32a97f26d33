/* SPDX-License-Identifier: BSD-2-Clause */
/* Which variant of the vector kernels this CPU runs. */
#include "linalg/kernels.h"

extern const struct diffmm__kernels diffmm__kernels_portable;

#if defined(__x86_64__)
extern const struct diffmm__kernels diffmm__kernels_avx2;
extern const struct diffmm__kernels diffmm__kernels_avx512;
#endif

const struct diffmm__kernels *diffmm__kernels(void)
{
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return &diffmm__kernels_portable;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return &diffmm__kernels_avx512;
    return &diffmm__kernels_avx2;
#else
    return &diffmm__kernels_portable;
#endif
}
