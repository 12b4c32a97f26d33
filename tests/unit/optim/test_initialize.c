/* SPDX-License-Identifier: BSD-2-Clause */
#include <diffmm/optim.h>

#include "support/close.h"
#include "support/failure.h"

enum { many = 40000 };

static float x[many], y[many];

static double mean_of(size_t count, const float *values, int power)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += pow((double)values[i], power);
    return sum / (double)count;
}

static double share_below(size_t count, const float *values, double limit)
{
    size_t below = 0;
    for (size_t i = 0; i < count; i++)
        below += (double)values[i] < limit;
    return (double)below / (double)count;
}

/* Moments and quarters of a uniform distribution, each within five standard deviations. */
static void expect_uniform(size_t count, double bound)
{
    double root = sqrt((double)count);
    for (size_t i = 0; i < count; i++)
        ck_assert(fabs((double)x[i]) <= bound);
    expect_close("mean", 0, mean_of(count, x, 1), 0.0, 5.0 * bound / sqrt(3.0) / root);
    expect_close("square", 0, mean_of(count, x, 2), bound * bound / 3.0,
                 5.0 * bound * bound * sqrt(4.0 / 45.0) / root);
    expect_close("quarter", 1, share_below(count, x, -bound / 2), 0.25, 5.0 * sqrt(0.1875) / root);
    expect_close("quarter", 3, share_below(count, x, bound / 2), 0.75, 5.0 * sqrt(0.1875) / root);
}

START_TEST(uniform)
{
    expect_success(diffmm_initialize_uniform(many, 0.25, 3, 1, x));
    expect_uniform(many, 0.25);
    expect_success(diffmm_initialize_uniform(many, 0.0, 3, 1, x));
    expect_untouched(many, x, 0.0f);
}
END_TEST

START_TEST(xavier)
{
    expect_success(diffmm_initialize_xavier(400, 100, 3, 2, x));
    expect_uniform(many, sqrt(6.0 / 500.0));
    expect_success(diffmm_initialize_xavier(1, 2, 3, 2, x));
    for (size_t i = 0; i < 2; i++)
        ck_assert(fabs((double)x[i]) <= sqrt(2.0));
}
END_TEST

START_TEST(normal)
{
    double root = sqrt((double)many), s = 0.02;
    expect_success(diffmm_initialize_normal(many, s, 3, 4, x));
    expect_close("mean", 0, mean_of(many, x, 1), 0.0, 5.0 * s / root);
    expect_close("square", 0, mean_of(many, x, 2), s * s, 5.0 * s * s * sqrt(2.0) / root);
    expect_close("cube", 0, mean_of(many, x, 3), 0.0, 5.0 * s * s * s * sqrt(15.0) / root);
    expect_close("fourth", 0, mean_of(many, x, 4), 3.0 * pow(s, 4),
                 5.0 * pow(s, 4) * sqrt(96.0) / root);
    expect_close("one sigma", 0, share_below(many, x, s), 0.841345, 5.0 * sqrt(0.1335) / root);
    expect_success(diffmm_initialize_normal(many, 0.0, 3, 4, x));
    for (size_t i = 0; i < many; i++)
        ck_assert(x[i] == 0.0f);
}
END_TEST

typedef diffmm_status (*initialize)(size_t count, double spread, uint64_t seed, uint64_t stream,
                                    float *out);

static diffmm_status xavier_of_count(size_t count, double spread, uint64_t seed, uint64_t stream,
                                     float *out)
{
    (void)spread;
    return diffmm_initialize_xavier(count, 1, seed, stream, out);
}

static const initialize all[] = {diffmm_initialize_uniform, diffmm_initialize_normal,
                                 xavier_of_count};

START_TEST(a_seed_and_a_stream_say_all)
{
    for (size_t k = 0; k < 3; k++) {
        enum { count = 1000 };
        expect_success(all[k](count, 1.0, 5, 6, x));
        expect_success(all[k](count, 1.0, 5, 6, y));
        ck_assert_mem_eq(x, y, count * sizeof *x);
        double square = mean_of(count, x, 2);
        for (size_t other = 0; other < 2; other++) {
            double product = 0.0;
            expect_success(all[k](count, 1.0, other ? 5 : 7, other ? 7 : 6, y));
            for (size_t i = 0; i < count; i++)
                product += (double)x[i] * (double)y[i] / (double)count;
            /* Draws of another seed or stream are independent of these. */
            expect_close("product", other, product / square, 0.0, 5.0 / sqrt((double)count));
        }
    }
}
END_TEST

START_TEST(bad_input)
{
    float out[4];
    fill(4, 7.0f, out);
    for (size_t k = 0; k < 3; k++) {
        expect_invalid(all[k](4, 1.0, 1, 1, NULL), "out is NULL");
        expect_invalid(all[k](4, 1.0, 1, UINT64_C(1) << 56, out), "stream");
        expect_success(all[k](0, 1.0, 1, 1, NULL));
    }
    const double spreads[] = {-1.0, NAN, INFINITY};
    for (size_t s = 0; s < 3; s++) {
        expect_invalid(diffmm_initialize_uniform(4, spreads[s], 1, 1, out), "bound");
        expect_invalid(diffmm_initialize_normal(4, spreads[s], 1, 1, out), "deviation");
    }
    expect_invalid(diffmm_initialize_xavier(SIZE_MAX / 2, 3, 1, 1, out), "rows");
    expect_untouched(4, out, 7.0f);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {uniform, xavier, normal, a_seed_and_a_stream_say_all, bad_input};
    return run_tests("initialize", tests, sizeof tests / sizeof *tests) != 0;
}
