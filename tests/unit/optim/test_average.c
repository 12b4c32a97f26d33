/* SPDX-License-Identifier: BSD-2-Clause */
#include "optim/average.h"

#include "support/close.h"
#include "support/contexts.h"
#include "support/draws.h"

enum { most = 100, steps = 30 };

/* The weighted mean of all values so far, by its definition. */
static double mean(double decay, size_t count, size_t i, size_t step, const float *values)
{
    double sum = 0, weights = 0;
    for (size_t s = 1; s <= step; s++) {
        double weight = pow(decay, (double)(step - s));
        sum += weight * (double)values[(s - 1) * count + i];
        weights += weight;
    }
    return sum / weights;
}

START_TEST(equals_the_weighted_mean)
{
    static const double decays[] = {0, 0.1, 0.9, 0.999, 0.999999};
    static const size_t counts[] = {0, 1, 17, most};
    static float values[steps * most];
    struct draws draws = {7};
    draw_normals(&draws, steps * most, 1.0, values);
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t d = 0; d < sizeof decays / sizeof *decays; d++) {
            float average[most];
            for (size_t i = 0; i < most; i++)
                average[i] = 1e30f; /* nothing of it remains */
            for (size_t step = 1; step <= steps; step++) {
                const float *now = values + (step - 1) * counts[c];
                expect_success(diffmm_average_step(decays[d], step, counts[c], now, average));
                for (size_t i = 0; i < counts[c]; i++)
                    expect_close("average", i, (double)average[i],
                                 mean(decays[d], counts[c], i, step, values), 1e-6);
            }
        }
}
END_TEST

/* What is not set is not read: with floating-point traps, or in a memory checker, it would show. */
START_TEST(the_first_step_is_a_copy)
{
    float x[2] = {3, -4}, average[2] = {NAN, INFINITY};
    expect_success(diffmm_average_step(0.9, 1, 2, x, average));
    ck_assert_mem_eq(average, x, sizeof x);
}
END_TEST

enum { many = 50000 };

static void average_much(diffmm_context *context, void *argument, void *out)
{
    const float *values = argument;
    for (uint64_t step = 1; step <= 2; step++)
        diffmm__average_step(context, 0.7, step, many, values + (step - 1) * many, out);
}

START_TEST(the_same_bits_on_any_number_of_threads_and_in_public)
{
    static float values[2 * many], threaded[many], average[many];
    struct draws draws = {1};
    draw_normals(&draws, 2 * many, 1.0, values);
    expect_same_bits(sizeof average, average_much, values);
    average_much(NULL, values, threaded);
    for (uint64_t step = 1; step <= 2; step++)
        expect_success(diffmm_average_step(0.7, step, many, values + (step - 1) * many, average));
    ck_assert_mem_eq(threaded, average, sizeof average);
}
END_TEST

START_TEST(bad_input)
{
    const float x[2] = {1, 1};
    float average[2] = {1, 1};
    const double bad[] = {-0.1, 1, 2, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_invalid(diffmm_average_step(bad[i], 1, 2, x, average), "decay");
    expect_invalid(diffmm_average_step(0.5, 0, 2, x, average), "step is 0");
    expect_invalid(diffmm_average_step(0.5, 1, 2, NULL, average), "parameter is NULL");
    expect_invalid(diffmm_average_step(0.5, 1, 2, x, NULL), "average is NULL");
    expect_untouched(2, average, 1.0f);
    expect_success(diffmm_average_step(0.5, 1, 0, NULL, NULL));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_weighted_mean, the_first_step_is_a_copy,
                                  the_same_bits_on_any_number_of_threads_and_in_public, bad_input};
    return run_tests("average", tests, sizeof tests / sizeof *tests) != 0;
}
