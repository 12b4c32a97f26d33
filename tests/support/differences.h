/* SPDX-License-Identifier: BSD-2-Clause */
/* Gradients against central differences of the same library's forward values. */
#ifndef DIFFMM_TESTS_DIFFERENCES_H
#define DIFFMM_TESTS_DIFFERENCES_H

#include "close.h"

/* (f(x + step) - f(x - step)) / the difference of the two x, as they are once rounded to float. */
static inline double central_difference(double (*value)(void *argument), void *argument, float *x,
                                        float step)
{
    float middle = *x, above = middle + step, below = middle - step;
    *x = above;
    double high = value(argument);
    *x = below;
    double low = value(argument);
    *x = middle;
    return (high - low) / ((double)above - (double)below);
}

/* `gradient` against the differences of value() in each of x. An entry must be right within
 * `relative` of itself or, where it is small among the others, of a tenth of the largest. */
static inline void expect_gradient(const char *what, double (*value)(void *argument),
                                   void *argument, size_t count, float *x, const float *gradient,
                                   float step, double relative)
{
    double largest = 0.0;
    for (size_t i = 0; i < count; i++)
        if (fabs((double)gradient[i]) > largest)
            largest = fabs((double)gradient[i]);
    ck_assert_msg(count == 0 || (largest > 0.0 && isfinite(largest)), "%s: largest entry %g", what,
                  largest);
    for (size_t i = 0; i < count; i++) {
        double difference = central_difference(value, argument, &x[i], step);
        expect_close(what, i, (double)gradient[i], difference,
                     relative * fmax(fabs(difference), 0.1 * largest));
    }
}

#endif
