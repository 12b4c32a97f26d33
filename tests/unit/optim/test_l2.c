/* SPDX-License-Identifier: BSD-2-Clause */
#include <diffmm/optim.h>

#include "support/differences.h"
#include "support/draws.h"
#include "support/failure.h"

enum { most = 1000 };

struct norm {
    size_t count;
    double weight;
    float x[most];
};

static double value_of(void *argument)
{
    const struct norm *norm = argument;
    double loss = NAN;
    expect_success(diffmm_l2(norm->count, norm->x, norm->weight, &loss, NULL));
    return loss;
}

START_TEST(value_and_gradient)
{
    static const size_t counts[] = {1, 15, 16, 17, most};
    static const double weights[] = {1.0, 1e-5, -2.0};
    static struct norm norm;
    static float gradient[most];
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t w = 0; w < 3; w++) {
            struct draws draws = {c + 1};
            double exact = 0.0, loss = NAN;
            norm.count = counts[c];
            norm.weight = weights[w];
            draw_normals(&draws, norm.count, 1.0, norm.x);
            for (size_t i = 0; i < norm.count; i++)
                exact += norm.weight * (double)norm.x[i] * (double)norm.x[i];
            fill(norm.count, NAN, gradient);
            expect_success(diffmm_l2(norm.count, norm.x, norm.weight, &loss, gradient));
            expect_close("loss", c, loss, exact, 1e-6 * fabs(exact));
            for (size_t i = 0; i < norm.count; i++) {
                double slope = 2.0 * norm.weight * (double)norm.x[i];
                expect_close("gradient", i, (double)gradient[i], slope, 1e-7 * fabs(slope));
            }
            /* Quadratic, so that a long step is exact but for rounding. */
            expect_gradient("x", value_of, &norm, norm.count < 20 ? norm.count : 20, norm.x,
                            gradient, 1.0f, 2e-3);
        }
}
END_TEST

START_TEST(squares_that_are_no_floats)
{
    const float x[] = {3e30f, -4e30f, 1};
    float gradient[3];
    double loss = NAN;
    expect_success(diffmm_l2(3, x, 2.0, &loss, gradient));
    ck_assert(fabs(loss / 50e60 - 1.0) < 1e-6 && gradient[1] == -16e30f && gradient[2] == 4.0f);
}
END_TEST

START_TEST(nothing_has_no_norm)
{
    double loss = NAN;
    expect_success(diffmm_l2(0, NULL, 1.0, &loss, NULL));
    ck_assert(loss == 0.0);
    const float x[] = {1, 2};
    float gradient[2] = {NAN, NAN};
    expect_success(diffmm_l2(2, x, 0.0, &loss, gradient));
    ck_assert(loss == 0.0);
    expect_untouched(2, gradient, 0.0f);
    expect_success(diffmm_l2(2, x, 1.0, NULL, NULL));
}
END_TEST

START_TEST(bad_input)
{
    const float x[] = {1, 2};
    float gradient[] = {7, 7};
    double loss = 7.0;
    expect_invalid(diffmm_l2(2, NULL, 1.0, &loss, gradient), "x is NULL");
    expect_invalid(diffmm_l2(2, x, NAN, &loss, gradient), "weight");
    expect_invalid(diffmm_l2(2, x, INFINITY, &loss, gradient), "weight");
    expect_untouched(2, gradient, 7.0f);
    ck_assert(loss == 7.0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {value_and_gradient, squares_that_are_no_floats,
                                  nothing_has_no_norm, bad_input};
    return run_tests("l2", tests, sizeof tests / sizeof *tests) != 0;
}
