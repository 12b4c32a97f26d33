/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/first_pass_code.h"

#include <math.h>

#include "base/numbers.h"

bool diffmm__first_pass_norm_fits(double norm)
{
    return diffmm__within(norm, 0x1p-50, 0x1p50);
}

/* A quotient of a float and the scale is computed with an error of at most two roundings, of values
 * up to 127. */
struct diffmm__first_pass_code diffmm__first_pass_encode(const struct diffmm__byte_kernels *kernels,
                                                         size_t n, const float *x, int8_t *codes)
{
    const float least = 0x1p-90f; /* keeps the quotients of what is next to nothing in range */
    float largest = 0.0f, squares[2];
    for (size_t j = 0; j < n; j++)
        largest = fabsf(x[j]) > largest ? fabsf(x[j]) : largest;
    float scale = largest / 127.0f > least ? largest / 127.0f : least;
    kernels->encode(n, 1.0f / scale, x, codes, squares);
    const double up = 1.0 + 0x1p-12;
    return (struct diffmm__first_pass_code){.scale = scale,
                                            .norm = up * sqrt((double)squares[0]),
                                            .rest = up * sqrt((double)squares[1]) +
                                                    sqrt((double)n) * 0x1p-15};
}
