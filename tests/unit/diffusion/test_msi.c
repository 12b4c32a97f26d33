/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/msi.h"

#include "support/contexts.h"
#include "support/differences.h"
#include "support/failing.h"
#include "support/loss_terms.h"

static double msi_of(void *argument)
{
    const struct terms *s = argument;
    double loss = NAN;
    expect_success(diffmm_msi(NULL, s->batch.rows, s->batch.items, s->batch.d, s->batch.x0,
                              s->x_hat, s->batch.features, s->batch.embedding, NULL, &loss, NULL));
    return loss;
}

START_TEST(msi)
{
    for (size_t i = 0; i < terms_shape_count; i++) {
        struct terms s;
        double loss = NAN;
        terms_begin(&s, terms_shapes[i].rows, terms_shapes[i].items, terms_shapes[i].d);
        double want =
            oracle_msi(s.batch.rows, s.batch.items, s.batch.d, s.batch.x0, s.exact_hat,
                       s.batch.features, s.batch.embedding, 1.0, s.want_per_user, s.want_gradient);
        expect_success(diffmm_msi(NULL, s.batch.rows, s.batch.items, s.batch.d, s.batch.x0, s.x_hat,
                                  s.batch.features, s.batch.embedding, s.per_user, &loss,
                                  s.gradient));
        expect_terms(&s, loss, want);
        ck_assert(msi_of(&s) == loss);
        expect_gradient("x_hat", msi_of, &s, s.size, s.x_hat, s.gradient, 0.25f, 1e-3);
        terms_end(&s);
    }
}
END_TEST

static void msi_of_much(diffmm_context *context, void *argument, void *out)
{
    const struct loss_batch *b = argument;
    double *loss = out;
    expect_success(diffmm_msi(context, b->rows, b->items, b->d, b->x0, b->noise, b->features,
                              b->embedding, loss + 1, loss, (float *)(void *)(loss + 1 + b->rows)));
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    static struct loss_batch batch;
    loss_batch_begin(&batch, 260, 700, 20, 4, 0.0, 5);
    expect_same_bits((1 + batch.rows) * sizeof(double) + batch.rows * batch.items * sizeof(float),
                     msi_of_much, &batch);
    loss_batch_end(&batch);
}
END_TEST

START_TEST(bad_input)
{
    enum { rows = 2, items = 3, d = 2 };
    static const float x[rows * items] = {1}, f[items * d] = {1};
    double user[rows] = {7, 7}, loss = 7;
    float g[rows * items];
    fill(rows * items, 7.0f, g);
    expect_invalid(diffmm_msi(NULL, rows, items, d, NULL, x, f, f, user, &loss, g), "x0 is NULL");
    expect_invalid(diffmm_msi(NULL, rows, items, d, x, NULL, f, f, user, &loss, g),
                   "x_hat is NULL");
    expect_invalid(diffmm_msi(NULL, rows, items, d, x, x, NULL, f, user, &loss, g),
                   "features is NULL");
    expect_invalid(diffmm_msi(NULL, rows, items, d, x, x, f, NULL, user, &loss, g),
                   "item_embedding is NULL");
    expect_invalid(diffmm_msi(NULL, 0, items, d, x, x, f, f, user, &loss, g), "rows is 0");
    expect_invalid(diffmm_msi(NULL, rows, 0, d, x, x, f, f, user, &loss, g), "items is 0");
    expect_invalid(diffmm_msi(NULL, rows, items, 0, x, x, f, f, user, &loss, g), "d is 0");
    expect_untouched(rows * items, g, 7.0f);
    ck_assert(user[0] == 7 && user[1] == 7 && loss == 7);
}
END_TEST

static struct {
    diffmm_context *context;
    struct loss_batch batch;
} short_of_memory;

static diffmm_status msi_once(void *argument)
{
    (void)argument;
    const struct loss_batch *b = &short_of_memory.batch;
    double loss = 7, user[2] = {7, 7};
    float gradient[2 * 5];
    fill(10, 7.0f, gradient);
    diffmm_status status = diffmm_msi(short_of_memory.context, 2, 5, 3, b->x0, b->noise,
                                      b->features, b->embedding, user, &loss, gradient);
    if (status) {
        ck_assert(loss == 7 && user[0] == 7 && user[1] == 7);
        expect_untouched(10, gradient, 7.0f);
    }
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    short_of_memory.context = failing_context(&failing, 2);
    loss_batch_begin(&short_of_memory.batch, 2, 5, 3, 4, 0.0, 5);
    ck_assert_uint_gt(fail_each_allocation(&failing, msi_once, NULL), 0);
    loss_batch_end(&short_of_memory.batch);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {msi, the_same_bits_on_any_number_of_threads, bad_input,
                                  out_of_memory};
    return run_tests("msi", tests, sizeof tests / sizeof *tests) != 0;
}
