/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/elbo.h"

#include "support/differences.h"
#include "support/failure.h"
#include "support/loss_terms.h"

static double elbo_of(void *argument)
{
    const struct terms *s = argument;
    double loss = NAN;
    expect_success(diffmm_elbo(s->schedule, s->batch.rows, s->batch.items, s->batch.x0, s->x_hat,
                               s->batch.t, NULL, &loss, NULL));
    return loss;
}

START_TEST(elbo)
{
    for (size_t i = 0; i < terms_shape_count; i++) {
        struct terms s;
        double loss = NAN;
        terms_begin(&s, terms_shapes[i].rows, terms_shapes[i].items, terms_shapes[i].d);
        double want = oracle_elbo(&s.exact_schedule, s.batch.rows, s.batch.items, s.batch.x0,
                                  s.exact_hat, s.batch.t, 1.0, s.want_per_user, s.want_gradient);
        expect_success(diffmm_elbo(s.schedule, s.batch.rows, s.batch.items, s.batch.x0, s.x_hat,
                                   s.batch.t, s.per_user, &loss, s.gradient));
        expect_terms(&s, loss, want);
        ck_assert(elbo_of(&s) == loss);
        /* Quadratic: a long step is exact but for rounding. */
        expect_gradient("x_hat", elbo_of, &s, s.size, s.x_hat, s.gradient, 0.25f, 2e-4);
        terms_end(&s);
    }
}
END_TEST

/* Training sums the squares of a row in lanes; its gradient has the bits of the public function. */
START_TEST(a_row_as_training_computes_it)
{
    struct terms s;
    double loss;
    terms_begin(&s, 5, 31, 16);
    size_t rows = s.batch.rows, items = s.batch.items;
    expect_success(diffmm_elbo(s.schedule, rows, items, s.batch.x0, s.x_hat, s.batch.t, s.per_user,
                               &loss, s.gradient));
    for (size_t b = 0; b < rows; b++) {
        float *residual = s.x_hat + b * items;
        double weight = diffmm__elbo_weight(s.schedule, s.batch.t[b], items);
        for (size_t i = 0; i < items; i++)
            residual[i] -= s.batch.x0[b * items + i];
        expect_close("term", b, diffmm__elbo_row(weight, rows, items, residual), s.per_user[b],
                     1e-6 * s.per_user[b]);
    }
    ck_assert_mem_eq(s.x_hat, s.gradient, s.size * sizeof(float));
    terms_end(&s);
}
END_TEST

START_TEST(bad_input)
{
    enum { rows = 2, items = 3 };
    diffmm_schedule *s = test_schedule(4, 0.1, 1);
    static const float x[rows * items] = {1};
    static const int32_t t[] = {0, 3}, high[] = {0, 4}, low[] = {-1, 0};
    double user[rows] = {7, 7}, loss = 7;
    float g[rows * items];
    fill(rows * items, 7.0f, g);
    expect_invalid(diffmm_elbo(NULL, rows, items, x, x, t, user, &loss, g), "schedule is NULL");
    expect_invalid(diffmm_elbo(s, rows, items, NULL, x, t, user, &loss, g), "x0 is NULL");
    expect_invalid(diffmm_elbo(s, rows, items, x, NULL, t, user, &loss, g), "x_hat is NULL");
    expect_invalid(diffmm_elbo(s, rows, items, x, x, NULL, user, &loss, g), "t is NULL");
    expect_invalid(diffmm_elbo(s, 0, items, x, x, t, user, &loss, g), "rows is 0");
    expect_invalid(diffmm_elbo(s, rows, 0, x, x, t, user, &loss, g), "items is 0");
    expect_invalid(diffmm_elbo(s, rows, items, x, x, high, user, &loss, g), "t[1] is 4");
    expect_invalid(diffmm_elbo(s, rows, items, x, x, low, user, &loss, g), "t[0] is -1");
    expect_untouched(rows * items, g, 7.0f);
    ck_assert(user[0] == 7 && user[1] == 7 && loss == 7);
    diffmm_schedule_destroy(s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {elbo, a_row_as_training_computes_it, bad_input};
    return run_tests("elbo", tests, sizeof tests / sizeof *tests) != 0;
}
