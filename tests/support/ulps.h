/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of floats. */
#ifndef DIFFMM_TESTS_ULPS_H
#define DIFFMM_TESTS_ULPS_H

#include <math.h>

/* |got - want| in units of the last place of want, as a float. */
static inline double ulps(float got, double want)
{
    int exponent;
    if ((double)got == want)
        return 0;
    frexp(want, &exponent);
    if (exponent < -125)
        exponent = -125;
    return fabs((double)got - want) / ldexp(1, exponent - 24);
}

#endif
