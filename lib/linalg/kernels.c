/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/kernels.h"

#include <stdbool.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

extern const struct diffmm__vector_kernels diffmm__vector_kernels_portable;
extern const struct diffmm__byte_kernels diffmm__byte_kernels_portable;

#if defined(__x86_64__)
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx2;
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx512;
extern const struct diffmm__vector_kernels diffmm__vector_kernels_avx512_wide;

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}

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
    if (!has_avx2())
        return &diffmm__vector_kernels_portable;
    if (has_avx512())
        return halves_wide_vectors() ? &diffmm__vector_kernels_avx512
                                     : &diffmm__vector_kernels_avx512_wide;
    return &diffmm__vector_kernels_avx2;
#else
    return &diffmm__vector_kernels_portable;
#endif
}

#if defined(__x86_64__)
extern const struct diffmm__byte_kernels diffmm__byte_kernels_avx2;
extern const struct diffmm__byte_kernels diffmm__byte_kernels_avx_vnni;
extern const struct diffmm__byte_kernels diffmm__byte_kernels_avx512_vnni;

/* Not every compiler that knows the instructions knows the question. */
static bool has_avx_vnni(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
#elif defined(__aarch64__)
extern const struct diffmm__byte_kernels diffmm__byte_kernels_dot_product;

static bool has_dot_product(void)
{
#if defined(__linux__)
    enum { asimddp = 1 << 20 }; /* HWCAP_ASIMDDP */
    return (getauxval(AT_HWCAP) & asimddp) != 0;
#else
    return false;
#endif
}
#endif

const struct diffmm__byte_kernels *diffmm__kernels_for_bytes(void)
{
#if defined(__x86_64__)
    if (!has_avx2())
        return &diffmm__byte_kernels_portable;
    if (has_avx512() && __builtin_cpu_supports("avx512vnni"))
        return &diffmm__byte_kernels_avx512_vnni;
    return has_avx_vnni() ? &diffmm__byte_kernels_avx_vnni : &diffmm__byte_kernels_avx2;
#elif defined(__aarch64__)
    return has_dot_product() ? &diffmm__byte_kernels_dot_product : &diffmm__byte_kernels_portable;
#else
    return &diffmm__byte_kernels_portable;
#endif
}
