/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole loss as a function of arrays, through a denoiser. */
#include <diffmm/diffusion.h>

#include "support/contexts.h"
#include "support/differences.h"
#include "support/failing.h"
#include "support/oracle_loss.h"

static const size_t hidden[] = {7, 5, 6};

struct whole {
    struct denoiser denoiser;
    struct loss_batch batch;
    diffmm_schedule *schedule;
    struct oracle_schedule exact_schedule;
    const float *dropout_scale;
    float *gradient;
    double *want_gradient;
};

enum { whole_steps = 4 };

static void whole_begin(struct whole *w, size_t rows, size_t items, size_t hidden_count,
                        const size_t *sizes, size_t d, int normalize, int dropout)
{
    denoiser_begin(&w->denoiser, items, 5, hidden_count, sizes, normalize, items);
    loss_batch_begin(&w->batch, rows, items, d, whole_steps, 0.6, 5);
    w->schedule = test_schedule(whole_steps, 1.0, 0);
    w->exact_schedule = test_oracle(whole_steps, 1.0, 0);
    w->dropout_scale = dropout ? w->batch.dropout_scale : NULL;
    w->gradient = malloc(w->denoiser.size * sizeof(float));
    w->want_gradient = malloc(w->denoiser.size * sizeof(double));
    fill(w->denoiser.size, NAN, w->gradient);
}

static void whole_end(struct whole *w)
{
    denoiser_end(&w->denoiser);
    loss_batch_end(&w->batch);
    diffmm_schedule_destroy(w->schedule);
    free(w->gradient);
    free(w->want_gradient);
}

static diffmm_status whole_loss(diffmm_context *context, const struct whole *w, double *loss,
                                double *elbo_term, double *msi_term, float *gradient)
{
    const struct loss_batch *b = &w->batch;
    return diffmm_denoiser_loss(context, &w->denoiser.shape, w->schedule, w->denoiser.parameters,
                                b->rows, b->x0, b->t, b->noise, w->dropout_scale, b->d,
                                b->d ? b->features : NULL, b->d ? b->embedding : NULL, b->e_loss,
                                loss, elbo_term, msi_term, gradient);
}

static double whole_value(void *argument)
{
    double loss = NAN;
    expect_success(whole_loss(NULL, argument, &loss, NULL, NULL, NULL));
    return loss;
}

static void expect_whole(struct whole *w, int with_differences)
{
    double loss = NAN, elbo_term = NAN, msi_term = NAN;
    expect_success(whole_loss(NULL, w, &loss, &elbo_term, &msi_term, w->gradient));
    struct oracle_losses want = oracle_denoiser_loss(&w->denoiser, &w->exact_schedule, &w->batch,
                                                     w->dropout_scale, w->want_gradient);
    expect_close("elbo", 0, elbo_term, want.elbo, 5e-6 * want.elbo);
    expect_close("msi", 0, msi_term, want.msi, 5e-6 * want.msi);
    expect_close("loss", 0, loss, want.elbo + w->batch.e_loss * want.msi, 5e-6 * loss);
    expect_close("loss alone", 0, whole_value(w), loss, 1e-6 * loss);
    for (size_t p = 0; p < 2 + 4 * w->denoiser.shape.hidden_count; p++) {
        char name[64];
        size_t rows, columns, offset;
        expect_success(
            diffmm_denoiser_parameter(&w->denoiser.shape, p, name, &rows, &columns, &offset));
        expect_near(name, rows * columns, w->gradient + offset, w->want_gradient + offset, 2e-5);
        if (with_differences)
            expect_gradient(name, whole_value, w, rows * columns, w->denoiser.parameters + offset,
                            w->gradient + offset, 1e-2f, 8e-3);
    }
}

START_TEST(denoiser_loss)
{
    for (size_t hidden_count = 1; hidden_count <= 3; hidden_count += 2)
        for (int flags = 0; flags < 8; flags++) {
            struct whole w;
            whole_begin(&w, 4, 19, hidden_count, hidden, flags & 4 ? 6 : 0, flags & 1, flags & 2);
            expect_whole(&w, 1);
            whole_end(&w);
        }
}
END_TEST

START_TEST(denoiser_loss_of_wide_and_of_long_batches)
{
    static const size_t narrow[] = {12}, wide[] = {90}, two[] = {20, 33};
    struct whole w;
    whole_begin(&w, 70, 130, 1, narrow, 17, 0, 1);
    expect_whole(&w, 0);
    whole_end(&w);
    whole_begin(&w, 6, 150, 1, wide, 16, 0, 1);
    expect_whole(&w, 0);
    whole_end(&w);
    whole_begin(&w, 50, 140, 2, two, 5, 1, 1);
    expect_whole(&w, 0);
    whole_end(&w);
    whole_begin(&w, 1, 40, 1, narrow, 3, 0, 0);
    expect_whole(&w, 0);
    whole_end(&w);
}
END_TEST

START_TEST(a_weight_of_zero_leaves_the_elbo)
{
    struct whole with, without;
    double loss, elbo_term, msi_term;
    whole_begin(&with, 4, 19, 1, hidden, 6, 0, 1);
    whole_begin(&without, 4, 19, 1, hidden, 0, 0, 1);
    with.batch.e_loss = 0.0;
    expect_success(whole_loss(NULL, &with, &loss, &elbo_term, &msi_term, with.gradient));
    ck_assert(loss == elbo_term && msi_term > 0.0);
    expect_success(whole_loss(NULL, &without, &loss, NULL, &msi_term, without.gradient));
    ck_assert(msi_term == 0.0);
    expect_close("elbo", 0, loss, elbo_term, 1e-6 * loss);
    for (size_t i = 0; i < with.denoiser.size; i++)
        expect_close("gradient", i, (double)with.gradient[i], (double)without.gradient[i], 1e-6);
    whole_end(&with);
    whole_end(&without);
}
END_TEST

START_TEST(weights_of_interactions_need_not_be_one)
{
    struct whole w;
    whole_begin(&w, 5, 24, 1, hidden, 4, 0, 0);
    struct draws draws = {3};
    draw_normals(&draws, 5 * 24, 1.0, w.batch.x0);
    expect_whole(&w, 0);
    whole_end(&w);
}
END_TEST

static void loss_of_much(diffmm_context *context, void *argument, void *out)
{
    struct whole *w = argument;
    double *losses = out;
    expect_success(
        whole_loss(context, w, &losses[0], &losses[1], &losses[2], (float *)(void *)(losses + 3)));
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    static const size_t narrow[] = {60}, wide[] = {120};
    struct whole w;
    for (int k = 0; k < 2; k++) {
        whole_begin(&w, k ? 40 : 260, 700, 1, k ? wide : narrow, 20, 0, 1);
        expect_same_bits(3 * sizeof(double) + w.denoiser.size * sizeof(float), loss_of_much, &w);
        whole_end(&w);
    }
}
END_TEST

/* The arguments of a good call: tests change one of them in a copy. */
struct call {
    const diffmm_denoiser_shape *shape;
    const diffmm_schedule *schedule;
    const float *parameters;
    size_t rows;
    const float *x0;
    const int32_t *t;
    const float *noise;
    size_t d;
    const float *features, *embedding;
    double e_loss;
};

static void expect_call_invalid(struct call c, struct whole *w, const char *part)
{
    double loss = 7, elbo_term = 7, msi_term = 7;
    fill(w->denoiser.size, 7.0f, w->gradient);
    expect_invalid(diffmm_denoiser_loss(NULL, c.shape, c.schedule, c.parameters, c.rows, c.x0, c.t,
                                        c.noise, NULL, c.d, c.features, c.embedding, c.e_loss,
                                        &loss, &elbo_term, &msi_term, w->gradient),
                   part);
    ck_assert(loss == 7 && elbo_term == 7 && msi_term == 7);
    expect_untouched(w->denoiser.size, w->gradient, 7.0f);
}

START_TEST(bad_losses)
{
    struct whole w;
    whole_begin(&w, 2, 5, 1, hidden, 3, 0, 0);
    const struct loss_batch *b = &w.batch;
    const int32_t high[] = {0, whole_steps}, low[] = {0, -1};
    const struct call fine = {&w.denoiser.shape,
                              w.schedule,
                              w.denoiser.parameters,
                              2,
                              b->x0,
                              b->t,
                              b->noise,
                              3,
                              b->features,
                              b->embedding,
                              0.1};
    struct call c;
    c = fine, c.shape = NULL, expect_call_invalid(c, &w, "shape is NULL");
    c = fine, c.schedule = NULL, expect_call_invalid(c, &w, "schedule is NULL");
    c = fine, c.parameters = NULL, expect_call_invalid(c, &w, "parameters is NULL");
    c = fine, c.rows = 0, expect_call_invalid(c, &w, "rows is 0");
    c = fine, c.x0 = NULL, expect_call_invalid(c, &w, "x0 is NULL");
    c = fine, c.t = NULL, expect_call_invalid(c, &w, "t is NULL");
    c = fine, c.t = high, expect_call_invalid(c, &w, "t[1] is 4");
    c = fine, c.t = low, expect_call_invalid(c, &w, "t[1] is -1");
    c = fine, c.noise = NULL, expect_call_invalid(c, &w, "noise is NULL");
    c = fine, c.features = NULL, expect_call_invalid(c, &w, "features is NULL");
    c = fine, c.embedding = NULL, expect_call_invalid(c, &w, "item_embedding is NULL");
    c = fine, c.e_loss = NAN, expect_call_invalid(c, &w, "e_loss");
    c = fine, c.e_loss = INFINITY, expect_call_invalid(c, &w, "e_loss");
    whole_end(&w);
}
END_TEST

static struct {
    diffmm_context *context;
    struct whole whole;
} short_of_memory;

static diffmm_status loss_once(void *argument)
{
    (void)argument;
    struct whole *w = &short_of_memory.whole;
    double loss = 7, elbo_term = 7, msi_term = 7;
    fill(w->denoiser.size, 7.0f, w->gradient);
    diffmm_status status =
        whole_loss(short_of_memory.context, w, &loss, &elbo_term, &msi_term, w->gradient);
    if (status) {
        ck_assert(loss == 7 && elbo_term == 7 && msi_term == 7);
        expect_untouched(w->denoiser.size, w->gradient, 7.0f);
    }
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    short_of_memory.context = failing_context(&failing, 2);
    whole_begin(&short_of_memory.whole, 2, 5, 1, hidden, 3, 0, 0);
    ck_assert_uint_gt(fail_each_allocation(&failing, loss_once, NULL), 0);
    whole_end(&short_of_memory.whole);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {denoiser_loss,
                                  denoiser_loss_of_wide_and_of_long_batches,
                                  a_weight_of_zero_leaves_the_elbo,
                                  weights_of_interactions_need_not_be_one,
                                  the_same_bits_on_any_number_of_threads,
                                  bad_losses,
                                  out_of_memory};
    return run_tests("denoiser_loss_arrays", tests, sizeof tests / sizeof *tests) != 0;
}
