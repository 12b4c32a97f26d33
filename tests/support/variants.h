/* SPDX-License-Identifier: BSD-2-Clause */
/* The variants of the vector kernels. */
#ifndef DIFFMM_TESTS_VARIANTS_H
#define DIFFMM_TESTS_VARIANTS_H

#include "linalg/kernels.h"

extern const struct diffmm__vector_kernels diffmm__vector_kernels_portable;
#ifdef __x86_64__
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx2;
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx512;
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx512_wide;
#endif

enum { most_variants = 4 };

/* The variants that this CPU runs, the portable one first. */
static inline size_t variants(const struct diffmm__vector_kernels *out[most_variants])
{
    size_t count = 0;
    out[count++] = &diffmm__vector_kernels_portable;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        out[count++] = &diffmm__vector_kernels_avx2;
    if (diffmm__kernels() == &diffmm__vector_kernels_avx512 ||
        diffmm__kernels() == &diffmm__vector_kernels_avx512_wide) {
        out[count++] = &diffmm__vector_kernels_avx512;
        out[count++] = &diffmm__vector_kernels_avx512_wide;
    }
#endif
    return count;
}

#endif
