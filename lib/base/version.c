/* SPDX-License-Identifier: BSD-2-Clause */
#include <diffmm/version.h>
#include <stdio.h>

#include "linalg/gemm.h"
#include "linalg/kernels.h"

int diffmm_version(void)
{
    return DIFFMM_VERSION_MAJOR * 1000000 + DIFFMM_VERSION_MINOR * 1000 + DIFFMM_VERSION_PATCH;
}

const char *diffmm_build_info(void)
{
    static _Thread_local char text[256];
#ifdef DIFFMM__HAVE_LIBZIP
    const char *npz = "with .npz";
#else
    const char *npz = "without .npz";
#endif
    snprintf(text, sizeof text, "libdiffmm %d.%d.%d, BLIS %s (%s), vector kernels %s, %s",
             DIFFMM_VERSION_MAJOR, DIFFMM_VERSION_MINOR, DIFFMM_VERSION_PATCH,
             diffmm__gemm_version(), diffmm__gemm_architecture(), diffmm__kernels()->name, npz);
    return text;
}
