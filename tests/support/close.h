/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing float results with double oracles. */
#ifndef DIFFMM_TESTS_CLOSE_H
#define DIFFMM_TESTS_CLOSE_H

#include <check.h>
#include <math.h>
#include <stddef.h>

/* |got - want| <= tolerance; NaN is never close. */
static inline void expect_close(const char *what, size_t index, double got, double want,
                                double tolerance)
{
    ck_assert_msg(fabs(got - want) <= tolerance, "%s[%zu] is %.9g, not %.9g within %.3g", what,
                  index, got, want, tolerance);
}

static inline double largest_of(size_t count, const double *x)
{
    double largest = 0.0;
    for (size_t i = 0; i < count; i++)
        if (fabs(x[i]) > largest)
            largest = fabs(x[i]);
    return largest;
}

/* Each entry within `relative` of the array's largest. */
static inline void expect_near(const char *what, size_t count, const float *got, const double *want,
                               double relative)
{
    double tolerance = relative * largest_of(count, want);
    for (size_t i = 0; i < count; i++)
        expect_close(what, i, (double)got[i], want[i], tolerance);
}

static inline void fill(size_t count, float value, float *x)
{
    for (size_t i = 0; i < count; i++)
        x[i] = value;
}

/* Every entry still is `value`: an output that was to be left alone. */
static inline void expect_untouched(size_t count, const float *x, float value)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(x[i] == value, "entry %zu was changed to %.9g", i, (double)x[i]);
}

#endif
