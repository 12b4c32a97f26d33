/* SPDX-License-Identifier: BSD-2-Clause */
#include <diffmm/version.h>
#include <stdio.h>
#include <string.h>

#include "linalg/blis.h"
#include "linalg/kernels.h"

#ifdef DIFFMM__HAVE_LIBZIP
#define NPZ "with .npz"
#else
#define NPZ "without .npz"
#endif

#ifdef DIFFMM__HAVE_ZLIB
#define GZIP "with .gz"
#else
#define GZIP "without .gz"
#endif

#ifdef DIFFMM__HAVE_ZSTD
#define ZSTD "with .zst"
#else
#define ZSTD "without .zst"
#endif

#ifdef __OPTIMIZE__
#define OPTIMISED "optimised"
#else
#define OPTIMISED "not optimised"
#endif

#ifdef __clang__
#define COMPILER "" /* __VERSION__ names it */
#else
#define COMPILER "gcc "
#endif

int diffmm_version(void)
{
    return DIFFMM_VERSION;
}

static void append(char *text, size_t size, const char *word)
{
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s", *text ? " " : "", word);
}

/* The features of the processor by which kernels (those of BLIS and ours) are chosen. */
static void processor(char *text, size_t size)
{
    *text = '\0';
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        append(text, size, "sse4.2");
    if (__builtin_cpu_supports("avx"))
        append(text, size, "avx");
    if (__builtin_cpu_supports("avx2"))
        append(text, size, "avx2");
    if (__builtin_cpu_supports("fma"))
        append(text, size, "fma");
    if (__builtin_cpu_supports("fma4"))
        append(text, size, "fma4");
    if (__builtin_cpu_supports("avx512f"))
        append(text, size, "avx512f");
    if (__builtin_cpu_supports("avx512dq"))
        append(text, size, "avx512dq");
    if (__builtin_cpu_supports("avx512vl"))
        append(text, size, "avx512vl");
    if (__builtin_cpu_supports("avx512bw"))
        append(text, size, "avx512bw");
#endif
    if (!*text)
        append(text, size, "no vector features known");
}

const char *diffmm_build_info(void)
{
    static _Thread_local char text[512];
    char features[128];
    processor(features, sizeof features);
    snprintf(text, sizeof text,
             "libdiffmm %d.%d.%d, BLIS %s (%s), vector kernels %s, processor: %s, "
             "built by %s%s, %s, %s, %s, %s",
             DIFFMM_VERSION_MAJOR, DIFFMM_VERSION_MINOR, DIFFMM_VERSION_PATCH,
             diffmm__blis_version(), diffmm__blis_architecture(), diffmm__kernels()->name, features,
             COMPILER, __VERSION__, OPTIMISED, NPZ, GZIP, ZSTD);
    return text;
}
