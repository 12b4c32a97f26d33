/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "linalg/normal.h"
#include "support/failure.h"

START_TEST(normals_have_the_right_moments)
{
    enum { draws = 1 << 18 };
    float *x = malloc(draws * sizeof *x);
    ck_assert_ptr_nonnull(x);
    diffmm__normal_draws(42, 3, 0, draws, x);
    double moments[5] = {0}, neighbours = 0, apart = 0;
    for (size_t i = 0; i < draws; i++) {
        double value = (double)x[i], power = value;
        for (size_t m = 1; m < 5; m++, power *= value)
            moments[m] += power / draws;
        neighbours += value * (double)x[(i + 1) % draws] / draws;
        /* The two normals of one radius lie 16 apart; their squares must not be correlated. */
        double other = (double)x[(i + 16) % draws];
        apart += (value * value - 1) * (other * other - 1) / draws;
    }
    double unit = 1 / sqrt(draws);
    ck_assert(fabs(moments[1]) < 5 * unit);
    ck_assert(fabs(moments[2] - 1) < 5 * unit * sqrt(2));
    ck_assert(fabs(moments[3]) < 5 * unit * sqrt(15));
    ck_assert(fabs(moments[4] - 3) < 5 * unit * sqrt(96));
    ck_assert(fabs(neighbours) < 5 * unit);
    ck_assert(fabs(apart) < 5 * unit * 2);
    free(x);
}
END_TEST

START_TEST(normals_depend_on_position_alone)
{
    enum { count = 64 * 40 + 17 };
    static float all[count], some[count + 1];
    diffmm__normal_draws(7, 8, 1000, count, all);
    for (size_t position = 0; position < 40; position++)
        for (size_t length = 0; length <= 64 * 3 && position * 64 + length <= count; length += 13) {
            some[length] = 77;
            diffmm__normal_draws(7, 8, 1000 + position, length, some);
            ck_assert_mem_eq(some, all + position * 64, length * sizeof *some);
            ck_assert(some[length] == 77);
        }
    /* Where the counter's low word overflows. */
    const uint64_t edge = (UINT64_C(1) << 28) - 20;
    diffmm__normal_draws(7, 8, edge, count, all);
    for (size_t position = 0; position < 40; position++) {
        diffmm__normal_draws(7, 8, edge + position, 64, some);
        ck_assert_mem_eq(some, all + position * 64, 64 * sizeof *some);
    }
    diffmm__normal_draws(8, 8, edge, count, some);
    ck_assert_mem_ne(some, all, sizeof all);
    diffmm__normal_draws(7, 9, edge, count, some);
    ck_assert_mem_ne(some, all, sizeof all);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {normals_have_the_right_moments, normals_depend_on_position_alone};
    return run_tests("normal", tests, sizeof tests / sizeof *tests) != 0;
}
