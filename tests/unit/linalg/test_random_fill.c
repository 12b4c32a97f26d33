/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include "linalg/normal.h"
#include "linalg/random_fill.h"
#include "support/failure.h"

enum { rows = 300, columns = 200, count = rows * columns };

/* Mean and mean square of the values, in units of `scale`. */
static void moments(const float *x, double scale, double *mean, double *square)
{
    *mean = *square = 0;
    for (size_t i = 0; i < count; i++) {
        *mean += (double)x[i] / scale / count;
        *square += (double)x[i] / scale * (double)x[i] / scale / count;
    }
}

/* Uniform between -1 and 1: variance 1/3, and the variance of the square is 4/45. */
static void expect_uniform(const float *x, double bound)
{
    float smallest = 0, largest = 0;
    double mean, square;
    for (size_t i = 0; i < count; i++) {
        smallest = fminf(smallest, x[i]);
        largest = fmaxf(largest, x[i]);
    }
    ck_assert((double)largest <= bound * (1 + 0x1p-24) && (double)largest > 0.999 * bound);
    ck_assert((double)-smallest <= bound * (1 + 0x1p-24) && (double)-smallest > 0.999 * bound);
    moments(x, bound, &mean, &square);
    ck_assert(fabs(mean) < 5 * sqrt(1.0 / 3 / count));
    ck_assert(fabs(square - 1.0 / 3) < 5 * sqrt(4.0 / 45 / count));
}

START_TEST(uniform_within_a_bound)
{
    static float x[count];
    static const double bounds[] = {1, 0.05, 1e-20, 3e20};
    for (size_t b = 0; b < 4; b++) {
        diffmm__random_fill_uniform(count, bounds[b], b, 1, x);
        expect_uniform(x, bounds[b]);
    }
    diffmm__random_fill_uniform(count, 0, 1, 1, x);
    for (size_t i = 0; i < count; i++)
        if (x[i] != 0.0f)
            ck_abort_msg("%g", (double)x[i]);
}
END_TEST

START_TEST(xavier_takes_its_bound_from_the_shape)
{
    static float x[count], y[count];
    diffmm__random_fill_xavier(rows, columns, 7, 2, x);
    expect_uniform(x, sqrt(6.0 / (rows + columns)));
    diffmm__random_fill_xavier(columns, rows, 7, 2, y);
    ck_assert_mem_eq(x, y, sizeof x);
    diffmm__random_fill_uniform(count, sqrt(6.0 / (rows + columns)), 7, 2, y);
    ck_assert_mem_eq(x, y, sizeof x);
    diffmm__random_fill_xavier(count, 1, 7, 2, x);
    expect_uniform(x, sqrt(6.0 / (count + 1)));
}
END_TEST

START_TEST(normal_with_a_deviation)
{
    static float x[count], normals[count];
    static const double deviations[] = {1, 0.01, 1e-20, 3e20, 0};
    diffmm__normal_draws(9, 3, 0, count, normals);
    for (size_t d = 0; d < 5; d++) {
        diffmm__random_fill_normal(count, deviations[d], 9, 3, x);
        size_t wrong = 0;
        for (size_t i = 0; i < count; i++)
            wrong += x[i] != (float)(deviations[d] * (double)normals[i]);
        ck_assert_uint_eq(wrong, 0);
        if (deviations[d] == 0.0)
            continue;
        double mean, square;
        moments(x, deviations[d], &mean, &square);
        ck_assert(fabs(mean) < 5 / sqrt(count));
        ck_assert(fabs(square - 1) < 5 * sqrt(2.0 / count));
    }
}
END_TEST

static void uniform(size_t n, uint64_t seed, uint64_t stream, float *out)
{
    diffmm__random_fill_uniform(n, 1, seed, stream, out);
}

static void normal(size_t n, uint64_t seed, uint64_t stream, float *out)
{
    diffmm__random_fill_normal(n, 1, seed, stream, out);
}

/* The first values are the same however many are asked for, and no more are written. */
START_TEST(values_depend_on_seed_stream_and_place)
{
    static float all[count], some[count];
    static void (*const fill[])(size_t, uint64_t, uint64_t, float *) = {uniform, normal};
    static const size_t lengths[] = {0, 1, 63, 64, 65, 1000};
    for (size_t f = 0; f < 2; f++) {
        fill[f](count, 5, 6, all);
        for (size_t l = 0; l < 6; l++) {
            some[lengths[l]] = 77;
            fill[f](lengths[l], 5, 6, some);
            ck_assert_mem_eq(some, all, lengths[l] * sizeof *some);
            ck_assert(some[lengths[l]] == 77);
        }
        fill[f](count, 4, 6, some);
        ck_assert_mem_ne(some, all, sizeof all);
        fill[f](count, 5, 7, some);
        ck_assert_mem_ne(some, all, sizeof all);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {uniform_within_a_bound, xavier_takes_its_bound_from_the_shape,
                                  normal_with_a_deviation, values_depend_on_seed_stream_and_place};
    return run_tests("random_fill", tests, sizeof tests / sizeof *tests) != 0;
}
