/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/schedule.h"

#include "support/close.h"
#include "support/draws.h"
#include "support/failing.h"
#include "support/oracle_schedule.h"

static void expect_values(const diffmm_schedule *schedule, diffmm_schedule_quantity quantity,
                          const char *what, const double *want)
{
    const double *got = diffmm_schedule_values(schedule, quantity);
    for (size_t i = 0; i < diffmm_schedule_steps(schedule); i++)
        expect_close(what, i, got[i], want[i], 1e-9 * fabs(want[i]));
}

START_TEST(equals_the_posterior_by_bayes)
{
    static const size_t steps[] = {1, 2, 3, 5, 50};
    static const double scales[] = {0.1, 1.0, 3.0};
    for (size_t k = 0; k < 5; k++)
        for (size_t c = 0; c < 3; c++)
            for (int beta_fixed = 0; beta_fixed < 2; beta_fixed++) {
                diffmm_schedule *schedule = test_schedule(steps[k], scales[c], beta_fixed);
                struct oracle_schedule want = test_oracle(steps[k], scales[c], beta_fixed);
                ck_assert_uint_eq(diffmm_schedule_steps(schedule), steps[k]);
                expect_values(schedule, DIFFMM_SCHEDULE_BETA, "beta", want.beta);
                expect_values(schedule, DIFFMM_SCHEDULE_ALPHA_BAR, "alpha_bar", want.abar);
                expect_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_VARIANCE, "variance",
                              want.variance);
                expect_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0, "c1", want.c1);
                expect_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT, "c2", want.c2);
                expect_values(schedule, DIFFMM_SCHEDULE_ELBO_WEIGHT, "weight", want.weight);
                diffmm_schedule_destroy(schedule);
            }
}
END_TEST

START_TEST(noise_grows_in_a_line)
{
    diffmm_schedule *schedule;
    expect_success(diffmm_schedule_create(NULL, 6, 0.1, 1e-4, 0.02, 0, &schedule));
    const double *abar = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_ALPHA_BAR);
    for (size_t i = 0; i < 6; i++)
        expect_close("1 - alpha_bar", i, 1.0 - abar[i], 1e-5 + (2e-3 - 1e-5) * (double)i / 5.0,
                     1e-14);
    diffmm_schedule_destroy(schedule);
}
END_TEST

START_TEST(beta_is_at_most_0_999)
{
    diffmm_schedule *schedule;
    expect_success(diffmm_schedule_create(NULL, 2, 1.0, 1e-4, 0.99999, 0, &schedule));
    ck_assert(diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_BETA)[1] == 0.999);
    expect_close("alpha_bar", 1, diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_ALPHA_BAR)[1],
                 0.9999 * 0.001, 1e-15);
    diffmm_schedule_destroy(schedule);
}
END_TEST

START_TEST(the_first_log_variance_repeats_the_second)
{
    diffmm_schedule *schedule = test_schedule(4, 0.1, 1), *single = test_schedule(1, 0.1, 1);
    const double *logs = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE);
    const double *variance = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_VARIANCE);
    ck_assert(logs[0] == logs[1]);
    for (size_t i = 1; i < 4; i++)
        expect_close("log variance", i, logs[i], log(variance[i]), 1e-12);
    ck_assert_ptr_nonnull(diffmm_schedule_values(single, DIFFMM_SCHEDULE_POSTERIOR_LOG_VARIANCE));
    diffmm_schedule_destroy(schedule);
    diffmm_schedule_destroy(single);
}
END_TEST

START_TEST(noise_that_hardly_grows)
{
    /* All variances alike: only the first step adds noise; in reverse, the others keep x. */
    diffmm_schedule *schedule;
    expect_success(diffmm_schedule_create(NULL, 3, 1.0, 0.01, 0.01, 0, &schedule));
    const double *c1 = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_MEAN_X0);
    const double *c2 = diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_POSTERIOR_MEAN_XT);
    for (size_t i = 1; i < 3; i++) {
        expect_close("c1", i, c1[i], 0.0, 1e-12);
        expect_close("c2", i, c2[i], 1.0, 1e-12);
    }
    diffmm_schedule_destroy(schedule);
}
END_TEST

START_TEST(q_sample_mixes_signal_and_noise)
{
    enum { rows = 6, items = 19, steps = 3, size = rows * items };
    float x0[size], noise[size], x_t[size];
    const int32_t t[rows] = {0, 1, 2, 2, 1, 0};
    struct draws draws = {1};
    draw_mask(&draws, size, 0.5, 1.0f, x0);
    draw_normals(&draws, size, 1.0, noise);
    for (int beta_fixed = 0; beta_fixed < 2; beta_fixed++) {
        diffmm_schedule *schedule = test_schedule(steps, 2.0, beta_fixed);
        struct oracle_schedule exact = test_oracle(steps, 2.0, beta_fixed);
        fill(size, NAN, x_t);
        expect_success(diffmm_q_sample(schedule, rows, items, x0, t, noise, x_t));
        for (size_t i = 0; i < size; i++) {
            double abar = exact.abar[t[i / items]];
            expect_close("x_t", i, (double)x_t[i],
                         sqrt(abar) * (double)x0[i] + sqrt(1.0 - abar) * (double)noise[i], 3e-7);
        }
        expect_success(diffmm_q_sample(schedule, 0, items, x0, t, noise, x_t));
        diffmm_schedule_destroy(schedule);
    }
}
END_TEST

START_TEST(a_schedule_outlives_its_context)
{
    diffmm_context *context;
    diffmm_schedule *schedule;
    expect_success(diffmm_context_create(NULL, &context));
    expect_success(diffmm_schedule_create(context, 5, 0.1, 1e-4, 0.02, 1, &schedule));
    diffmm_context_destroy(context);
    ck_assert(diffmm_schedule_values(schedule, DIFFMM_SCHEDULE_BETA)[0] == 1e-4);
    diffmm_schedule_destroy(schedule);
    diffmm_schedule_destroy(NULL);
}
END_TEST

START_TEST(bad_settings)
{
    static const struct {
        double scale, min, max;
    } bad[] = {{0, 1e-4, 0.02},
               {-0.1, 1e-4, 0.02},
               {NAN, 1e-4, 0.02},
               {INFINITY, 1e-4, 0.02},
               {0.1, 0, 0.02},
               {0.1, 1e-30, 0.02},
               {0.1, -1, 0.02},
               {0.1, NAN, 0.02},
               {0.1, 1e-4, 1e-5},
               {0.1, 1e-4, 10.0},
               {0.1, 1e-4, NAN},
               {0.1, 1e-4, INFINITY},
               /* Each is wrong, though the products are in range. */
               {-0.1, -1e-4, -0.02},
               {-1, -0.02, -0.02},
               {-1e-8, -1000, -1000},
               {0.1, -0.02, -1e-4},
               {-0.1, 1e-4, -0.02},
               {-0.1, -0.02, 1e-4},
               {INFINITY, 1e-320, 1e-320},
               {-INFINITY, -1e-4, -0.02},
               {NAN, NAN, NAN},
               {1e300, 1e-301, 1e-300},
               {-0.0, 1e-4, 0.02},
               {1, 0.5, 1},
               {2, 0.1, 0.5}};
    diffmm_schedule *out = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_invalid(
            diffmm_schedule_create(NULL, 5, bad[i].scale, bad[i].min, bad[i].max, 1, &out),
            "noise_scale");
    expect_invalid(diffmm_schedule_create(NULL, 0, 0.1, 1e-4, 0.02, 1, &out), "steps is 0");
    expect_invalid(diffmm_schedule_create(NULL, SIZE_MAX, 0.1, 1e-4, 0.02, 1, &out), "steps");
    expect_invalid(diffmm_schedule_create(NULL, 5, 0.1, 1e-4, 0.02, 1, NULL), "out is NULL");
    ck_assert_ptr_null(out);
}
END_TEST

START_TEST(unknown_quantities)
{
    diffmm_schedule *schedule = test_schedule(2, 0.1, 1);
    ck_assert_ptr_null(diffmm_schedule_values(NULL, DIFFMM_SCHEDULE_BETA));
    ck_assert_ptr_null(diffmm_schedule_values(schedule, (diffmm_schedule_quantity)7));
    ck_assert_ptr_null(diffmm_schedule_values(schedule, (diffmm_schedule_quantity)-1));
    ck_assert_uint_eq(diffmm_schedule_steps(NULL), 0);
    diffmm_schedule_destroy(schedule);
}
END_TEST

START_TEST(bad_samples)
{
    diffmm_schedule *schedule = test_schedule(2, 0.1, 1);
    const float x[2] = {1, 0};
    float out[2] = {7, 7};
    const int32_t good[] = {0, 1}, high[] = {0, 2}, low[] = {-1, 0};
    expect_invalid(diffmm_q_sample(NULL, 2, 1, x, good, x, out), "schedule is NULL");
    expect_invalid(diffmm_q_sample(schedule, 2, 1, NULL, good, x, out), "x0 is NULL");
    expect_invalid(diffmm_q_sample(schedule, 2, 1, x, NULL, x, out), "t is NULL");
    expect_invalid(diffmm_q_sample(schedule, 2, 1, x, good, NULL, out), "noise is NULL");
    expect_invalid(diffmm_q_sample(schedule, 2, 1, x, good, x, NULL), "x_t is NULL");
    expect_invalid(diffmm_q_sample(schedule, 2, 1, x, high, x, out), "t[1] is 2");
    expect_invalid(diffmm_q_sample(schedule, 2, 1, x, low, x, out), "t[0] is -1");
    expect_untouched(2, out, 7.0f);
    diffmm_schedule_destroy(schedule);
}
END_TEST

static diffmm_status create(void *argument)
{
    diffmm_schedule *schedule = NULL;
    diffmm_status status = diffmm_schedule_create(argument, 5, 0.1, 1e-4, 0.02, 1, &schedule);
    ck_assert((status == DIFFMM_OK) == (schedule != NULL));
    diffmm_schedule_destroy(schedule);
    return status;
}

START_TEST(out_of_memory)
{
    expect_survives_no_memory(create);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_posterior_by_bayes,
                                  noise_grows_in_a_line,
                                  beta_is_at_most_0_999,
                                  the_first_log_variance_repeats_the_second,
                                  noise_that_hardly_grows,
                                  q_sample_mixes_signal_and_noise,
                                  a_schedule_outlives_its_context,
                                  bad_settings,
                                  unknown_quantities,
                                  bad_samples,
                                  out_of_memory};
    return run_tests("schedule", tests, sizeof tests / sizeof *tests) != 0;
}
