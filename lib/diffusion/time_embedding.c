/* SPDX-License-Identifier: BSD-2-Clause */
/* The sinusoidal embedding of a step t, with half = floor(size / 2):
 *
 *     cos(t f_j) for all j < half, then sin(t f_j),
 *     f_j = exp(-ln(10000) j / half),
 *
 * and a last 0 where size is odd. */
#include "diffusion/time_embedding.h"

#include <diffmm/diffusion.h>
#include <math.h>

#include "base/check.h"
#include "base/sizes.h"
#include "base/status.h"
#include "diffusion/layers.h"

void diffmm__time_embedding(double t, size_t size, float *out)
{
    size_t half = size / 2;
    for (size_t j = 0; j < half; j++) {
        /* The frequency and the angle are rounded to float, as the authors' program does. */
        float frequency = (float)exp(-log(10000.0) * (double)j / (double)half);
        float angle = (float)t * frequency;
        out[j] = (float)cos((double)angle);
        out[half + j] = (float)sin((double)angle);
    }
    if (size % 2)
        out[size - 1] = 0.0f;
}

diffmm_status diffmm_time_embedding(size_t rows, const int32_t *t, size_t size, float *out)
{
    if (rows > 0 && (!t || !out))
        return diffmm__null(!t ? "t" : "out");
    diffmm_status status = diffmm__check_size("rows", rows, 0, INT32_MAX);
    if (!status)
        status = diffmm__check_size("size", size, 1, diffmm__most_columns);
    if (!status)
        status = diffmm__size_check_array("rows", rows, "size", size, sizeof *out);
    if (status)
        return status;
    for (size_t b = 0; b < rows; b++)
        diffmm__time_embedding((double)t[b], size, out + b * size);
    return DIFFMM_OK;
}
