/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_CONTRASTIVE_LOG_SUM_H
#define DIFFMM_CONTRASTIVE_LOG_SUM_H

#include <math.h>

/* log(1 + sum of factor exp(x)) over some x, of which few or none are large: `most` is taken off
 * them all where exp would overflow. */
struct diffmm__log_sum {
    double most, rest;
};

static inline void diffmm__log_sum_add(struct diffmm__log_sum *sum, double factor, double x)
{
    if (x - sum->most > 600.0) {
        sum->rest *= exp(sum->most - x);
        sum->most = x;
    }
    sum->rest += factor * exp(x - sum->most);
}

static inline double diffmm__log_sum_value(const struct diffmm__log_sum *sum)
{
    return sum->most > 0.0 ? sum->most + log(exp(-sum->most) + sum->rest) : log1p(sum->rest);
}

#endif
