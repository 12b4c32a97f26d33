/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/score_spread.h"

#include <float.h>
#include <math.h>

#include "linalg/kernels.h"

/* A variance below this share of |h|^2 trace(C) may be nothing but rounding. */
static const double rounding = 1e-6;

double diffmm__score_spread_trace(size_t n, const float *covariance)
{
    double trace = 0.0;
    for (size_t c = 0; c < n; c++)
        trace += (double)covariance[c * n + c];
    return trace;
}

double diffmm__score_spread(size_t n, const float *h, const float *ch, double trace)
{
    double variance = diffmm__kernels()->dot(n, h, ch),
           least = rounding * trace * diffmm__kernels()->dot(n, h, h);
    return isgreater(variance, least) && isfinite(variance) ? sqrt(variance) : 0.0;
}

float diffmm__score_spread_factor(double blend, size_t modalities, double own, double denoiser)
{
    if (denoiser == 0.0)
        return 0.0f;
    double factor = blend * (own > 0.0 ? own : 1.0) / ((double)modalities * denoiser);
    return factor <= (double)FLT_MAX ? (float)factor : 0.0f;
}
