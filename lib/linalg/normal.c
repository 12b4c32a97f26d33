/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/normal.h"

#include <string.h>

#include "linalg/kernels.h"

void diffmm__normal_draws(uint64_t seed, uint64_t stream, uint64_t position, size_t count,
                          float *out)
{
    const struct diffmm__vector_kernels *kernels = diffmm__kernels();
    size_t blocks = count / 64;
    kernels->normal(seed, stream, position, blocks, out);
    if (count % 64) {
        float last[64];
        kernels->normal(seed, stream, position + blocks, 1, last);
        memcpy(out + blocks * 64, last, count % 64 * sizeof *out);
    }
}
