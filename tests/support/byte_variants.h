/* SPDX-License-Identifier: BSD-2-Clause */
/* The variants of the byte kernels. */
#ifndef DIFFMM_TESTS_BYTE_VARIANTS_H
#define DIFFMM_TESTS_BYTE_VARIANTS_H

#include <stdbool.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "linalg/kernels.h"

extern const struct diffmm__byte_kernels diffmm__byte_kernels_portable;
#if defined(__x86_64__)
extern const struct diffmm__byte_kernels diffmm__byte_kernels_avx2;
extern const struct diffmm__byte_kernels diffmm__byte_kernels_avx_vnni;
extern const struct diffmm__byte_kernels diffmm__byte_kernels_avx512_vnni;
#elif defined(__aarch64__)
extern const struct diffmm__byte_kernels diffmm__byte_kernels_dot_product;
#endif

enum { most_byte_variants = 4 };

/* The variants that this CPU runs, the portable one first, the chosen one last. */
static inline size_t byte_variants(const struct diffmm__byte_kernels *out[most_byte_variants])
{
    const struct diffmm__byte_kernels *chosen = diffmm__kernels_for_bytes();
    size_t count = 0;
    out[count++] = &diffmm__byte_kernels_portable;
#if defined(__x86_64__)
    unsigned a = 0, b, c, d;
    bool vnni = __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
    if (chosen == &diffmm__byte_kernels_avx_vnni || chosen == &diffmm__byte_kernels_avx512_vnni)
        out[count++] = &diffmm__byte_kernels_avx2;
    if (chosen == &diffmm__byte_kernels_avx512_vnni && vnni)
        out[count++] = &diffmm__byte_kernels_avx_vnni;
#endif
    if (chosen != out[0])
        out[count++] = chosen;
    return count;
}

#endif
