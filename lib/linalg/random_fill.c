/* SPDX-License-Identifier: BSD-2-Clause */
#include "linalg/random_fill.h"

#include <math.h>

#include "base/numbers.h"
#include "base/random.h"
#include "linalg/normal.h"

void diffmm__random_fill_uniform(size_t count, double bound, uint64_t seed, uint64_t stream,
                                 float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = diffmm__narrow(bound * (2.0 * diffmm__random_real(seed, stream, i) - 1.0));
}

void diffmm__random_fill_xavier(size_t rows, size_t columns, uint64_t seed, uint64_t stream,
                                float *out)
{
    diffmm__random_fill_uniform(rows * columns, sqrt(6.0 / (double)(rows + columns)), seed, stream,
                                out);
}

void diffmm__random_fill_normal(size_t count, double deviation, uint64_t seed, uint64_t stream,
                                float *out)
{
    diffmm__normal_draws(seed, stream, 0, count, out);
    for (size_t i = 0; i < count; i++)
        out[i] = diffmm__narrow(deviation * (double)out[i]);
}
