/* SPDX-License-Identifier: BSD-2-Clause */
#include "contrastive/infonce.h"

#include <diffmm/contrastive.h>

#include "support/contexts.h"
#include "support/differences.h"
#include "support/draws.h"
#include "support/failing.h"
#include "support/infonce_views.h"

static struct views random_views(size_t nodes, size_t d, size_t batch_count, double tau)
{
    return views_begin(nodes, d, batch_count, 0, tau);
}

static diffmm_status infonce(diffmm_context *context, const struct views *v, double *loss,
                             float *grad_p, float *grad_q)
{
    return diffmm_infonce(context, v->nodes, v->d, v->p, v->q, v->batch_count, v->batch, v->tau,
                          loss, grad_p, grad_q);
}

static void expect_exact(const struct views *v)
{
    double loss = NAN;
    expect_success(infonce(NULL, v, &loss, v->grad_p, v->grad_q));
    double exact = oracle_infonce(v->nodes, v->d, v->p, v->q, v->batch_count, v->batch, v->tau,
                                  v->want_p, v->want_q);
    expect_close("loss", 0, loss, exact, 1e-6 * (1.0 + 1.0 / v->tau));
    expect_gradient_exact(v, "grad_p", v->p, v->grad_p, v->want_p);
    expect_gradient_exact(v, "grad_q", v->q, v->grad_q, v->want_q);
}

START_TEST(equals_the_formula)
{
    static const struct {
        size_t nodes, d, batch_count;
    } shapes[] = {{2, 3, 1}, {2, 2, 9}, {9, 5, 4}, {50, 16, 30}, {33, 17, 64}, {40, 64, 10}};
    static const double taus[] = {10.0, 0.5, 0.1, 0.03, 0.025, 0.0249, 0.01, 1e-3, 1e-4};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t t = 0; t < sizeof taus / sizeof *taus; t++) {
            struct views v =
                random_views(shapes[s].nodes, shapes[s].d, shapes[s].batch_count, taus[t]);
            expect_exact(&v);
            views_end(&v);
        }
}
END_TEST

START_TEST(more_nodes_than_a_tile_and_more_rows_than_a_chunk)
{
    static const double taus[] = {0.5, 0.01};
    for (size_t t = 0; t < 2; t++) {
        struct views tiles = random_views(2100, 5, 40, taus[t]);
        struct views chunks = random_views(1300, 3, 900, taus[t]);
        expect_exact(&tiles);
        expect_exact(&chunks);
        views_end(&tiles);
        views_end(&chunks);
    }
}
END_TEST

static double loss_of(void *argument)
{
    double loss = NAN;
    expect_success(infonce(NULL, argument, &loss, NULL, NULL));
    return loss;
}

START_TEST(gradients_are_differences_of_the_loss)
{
    static const double taus[] = {0.5, 0.1};
    for (size_t t = 0; t < 2; t++) {
        struct views v = random_views(7, 5, 9, taus[t]);
        double loss = NAN;
        expect_success(infonce(NULL, &v, &loss, v.grad_p, v.grad_q));
        ck_assert(loss_of(&v) == loss);
        expect_gradient("p", loss_of, &v, v.nodes * v.d, v.p, v.grad_p, 2e-3f, 5e-3);
        expect_gradient("q", loss_of, &v, v.nodes * v.d, v.q, v.grad_q, 2e-3f, 5e-3);
        views_end(&v);
    }
}
END_TEST

START_TEST(four_nodes_by_hand)
{
    /* Normalised, the products of node 0 are 1, 0.7071, 0, 0, and those of node 3 -1, -0.7071, 0,
     * 0. */
    const float p[] = {1, 0, 0, 1, 1, 1, -1, 0}, q[] = {2, 0, 1, 1, 0, 1, 0, -3};
    const int32_t batch[] = {0, 3};
    double loss, s = sqrt(0.5) / 0.5;
    double first = log(exp(2.0) + exp(s) + 2.0) - 2.0;
    double second = log(exp(-2.0) + exp(-s) + 2.0);
    expect_success(diffmm_infonce(NULL, 4, 2, p, q, 2, batch, 0.5, &loss, NULL, NULL));
    expect_close("loss", 0, loss, (first + second) / 2.0, 1e-6);
}
END_TEST

/* Lanes behind the last node hold nothing, and no tau makes anything overflow. */
START_TEST(any_number_of_nodes_with_any_tau)
{
    static const double taus[] = {1e-37, 1e-20, 1e-3, 0.025, 0.0249, 1, 1e20, 1e100, 1e300};
    for (size_t nodes = 1; nodes < 50; nodes++)
        for (size_t t = 0; t < sizeof taus / sizeof *taus; t++) {
            struct views v = random_views(nodes, 3, 5, taus[t]);
            double loss = NAN;
            expect_success(infonce(NULL, &v, &loss, v.grad_p, v.grad_q));
            ck_assert(isfinite(loss));
            if (taus[t] > 1e19)
                expect_close("loss", nodes, loss, log((double)nodes), 1e-6);
            views_end(&v);
        }
}
END_TEST

/* With tiny tau a loss is large, though small beside 1 / tau: exp of it is no double. */
START_TEST(a_loss_whose_exponential_is_no_double)
{
    const double apart = 0.03, tau = 1e-8, exact = (1 - cos(apart)) / tau;
    const float p[] = {1, 0, 0, 1}, q[] = {(float)cos(apart), (float)sin(apart), 1, 0};
    double loss = NAN;
    expect_success(
        diffmm_infonce(NULL, 2, 2, p, q, 1, (const int32_t[]){0}, tau, &loss, NULL, NULL));
    expect_close("loss", 0, loss, exact, 20); /* a product is right within some 1e-7 */
}
END_TEST

START_TEST(one_node_has_nothing_to_tell_apart)
{
    const float p[] = {1, 2}, q[] = {-1, -2};
    const int32_t batch[] = {0, 0, 0};
    const double taus[] = {0.5, 0.026, 1e-4};
    for (size_t t = 0; t < 3; t++) {
        float gp[] = {NAN, NAN}, gq[] = {NAN, NAN};
        double loss = NAN;
        expect_success(diffmm_infonce(NULL, 1, 2, p, q, 3, batch, taus[t], &loss, gp, gq));
        expect_close("loss", t, loss, 0.0, 1e-6 / taus[t]);
        for (size_t j = 0; j < 2; j++) {
            expect_close("grad_p", j, (double)gp[j], 0.0, 1e-6 / taus[t]);
            expect_close("grad_q", j, (double)gq[j], 0.0, 1e-6 / taus[t]);
        }
    }
}
END_TEST

START_TEST(a_high_temperature_makes_all_nodes_equal)
{
    struct views v = random_views(37, 4, 5, 1e9);
    double loss = loss_of(&v);
    expect_close("loss", 0, loss, log(37.0), 1e-6);
    views_end(&v);
}
END_TEST

/* At 1e-4 the weights span exp(-20000) to 1: all finite, and equal views are told apart. */
START_TEST(a_low_temperature_neither_overflows_nor_vanishes)
{
    struct views v = random_views(60, 8, 60, 1e-4);
    memcpy(v.q, v.p, v.nodes * v.d * sizeof *v.p);
    expect_close("loss of equal views", 0, loss_of(&v), 0.0, 0.01);
    for (size_t i = 0; i < v.nodes * v.d; i++)
        v.q[i] = -v.p[i];
    expect_exact(&v);
    expect_success(infonce(NULL, &v, NULL, v.grad_p, v.grad_q));
    for (size_t i = 0; i < 2 * v.nodes * v.d; i++)
        ck_assert(isfinite(v.grad_p[i]));
    ck_assert(loss_of(&v) > 1e4);
    views_end(&v);
}
END_TEST

/* All products near -1, the farthest from what a fixed shift of 1 / tau expects. */
START_TEST(opposed_views_at_low_temperatures)
{
    static const double taus[] = {0.1, 0.025, 0.02, 0.01, 2e-3, 1e-4};
    for (size_t t = 0; t < sizeof taus / sizeof *taus; t++) {
        struct views v = random_views(4, 3, 4, taus[t]);
        for (size_t b = 0; b < v.nodes; b++) {
            v.p[b * v.d] = 10.0f + (float)b;
            v.q[b * v.d] = -10.0f - (float)b;
        }
        expect_exact(&v);
        views_end(&v);
    }
}
END_TEST

START_TEST(rows_of_any_length)
{
    struct views v = random_views(20, 6, 12, 0.2);
    for (size_t j = 0; j < v.d; j++) {
        v.p[1 * v.d + j] *= 1e8f;
        v.q[2 * v.d + j] *= 1e-8f;
    }
    double loss = loss_of(&v);
    double exact =
        oracle_infonce(v.nodes, v.d, v.p, v.q, v.batch_count, v.batch, v.tau, v.want_p, v.want_q);
    expect_close("loss", 0, loss, exact, 1e-5);
    /* A row of zeros has product 0 with all, and no direction. */
    memset(v.p + 3 * v.d, 0, v.d * sizeof *v.p);
    memset(v.q + 4 * v.d, 0, v.d * sizeof *v.q);
    expect_success(infonce(NULL, &v, &loss, v.grad_p, v.grad_q));
    exact =
        oracle_infonce(v.nodes, v.d, v.p, v.q, v.batch_count, v.batch, v.tau, v.want_p, v.want_q);
    expect_close("loss", 0, loss, exact, 1e-5);
    for (size_t i = 0; i < 2 * v.nodes * v.d; i++)
        ck_assert(isfinite(v.grad_p[i]));
    views_end(&v);
}
END_TEST

/* Lengths whose squares are no floats, up to the longest: the loss does not depend on them, and the
 * gradient of a row falls as its length grows. */
START_TEST(rows_too_long_to_square)
{
    struct views v = random_views(20, 6, 12, 0.2);
    double loss = loss_of(&v), longer = NAN;
    expect_success(infonce(NULL, &v, NULL, v.grad_p, v.grad_q));
    float *grad = malloc(2 * v.nodes * v.d * sizeof *grad);
    ck_assert_ptr_nonnull(grad);
    memcpy(grad, v.grad_p, 2 * v.nodes * v.d * sizeof *grad);
    for (size_t i = 0; i < v.nodes * v.d; i++) {
        v.p[i] *= 0x1p80f;
        v.q[i] *= i / v.d % 2 ? 0x1p110f : 1.0f;
    }
    expect_success(infonce(NULL, &v, &longer, v.grad_p, v.grad_q));
    expect_close("loss", 0, longer, loss, 1e-6);
    for (size_t i = 0; i < v.nodes * v.d; i++) {
        expect_close("grad_p", i, (double)v.grad_p[i] * 0x1p80, (double)grad[i], 1e-5);
        expect_close("grad_q", i, (double)v.grad_q[i] * (i / v.d % 2 ? 0x1p110 : 1.0),
                     (double)grad[v.nodes * v.d + i], 1e-5);
    }
    free(grad);
    views_end(&v);
}
END_TEST

START_TEST(outputs_are_optional)
{
    struct views v = random_views(12, 4, 7, 0.3);
    size_t size = v.nodes * v.d;
    float *alone_p = malloc(size * sizeof *alone_p), *alone_q = malloc(size * sizeof *alone_q);
    expect_success(infonce(NULL, &v, NULL, v.grad_p, v.grad_q));
    expect_success(infonce(NULL, &v, NULL, alone_p, NULL));
    expect_success(infonce(NULL, &v, NULL, NULL, alone_q));
    expect_success(infonce(NULL, &v, NULL, NULL, NULL));
    ck_assert_mem_eq(alone_p, v.grad_p, size * sizeof *alone_p);
    ck_assert_mem_eq(alone_q, v.grad_q, size * sizeof *alone_q);
    free(alone_p);
    free(alone_q);
    views_end(&v);
}
END_TEST

START_TEST(a_batch_is_a_bag)
{
    struct views v = random_views(30, 4, 20, 0.3);
    double loss = loss_of(&v), sum = 0.0;
    for (size_t b = 0; b < 10; b++) {
        int32_t swap = v.batch[b];
        v.batch[b] = v.batch[19 - b];
        v.batch[19 - b] = swap;
    }
    expect_close("loss backwards", 0, loss_of(&v), loss, 1e-12);
    v.batch_count = 1;
    int32_t *all = v.batch;
    for (size_t b = 0; b < 20; b++) {
        v.batch = all + b;
        sum += loss_of(&v) / 20.0;
    }
    v.batch = all;
    expect_close("mean of single losses", 0, sum, loss, 1e-6);
    views_end(&v);
}
END_TEST

/* Nearly all of the denominator is the positive: the loss is small, of few digits if taken as a
 * difference, but not negative. */
START_TEST(small_losses_keep_their_digits)
{
    enum { most = 4, d = 7 };
    for (size_t k = 0; k < 2000; k++) {
        static const double taus[] = {0.01, 0.02, 0.05, 0.2};
        struct draws draws = {k + 1};
        float p[most * d], q[most * d];
        double want_p[most * d], want_q[most * d], loss, tau = taus[k / 4 % 4];
        size_t nodes = 1 + k % most;
        const int32_t batch[] = {0, (int32_t)nodes - 1};
        draw_normals(&draws, nodes * d, 1.0, p);
        draw_normals(&draws, nodes * d, 1e-3, q);
        for (size_t i = 0; i < nodes * d; i++)
            q[i] += p[i];
        double want = oracle_infonce(nodes, d, p, q, 2, batch, tau, want_p, want_q);
        expect_success(diffmm_infonce(NULL, nodes, d, p, q, 2, batch, tau, &loss, NULL, NULL));
        ck_assert_double_ge(loss, 0.0);
        /* Each logit is off by float's rounding of a product of at most 1, divided by tau; the
         * oracle takes a difference of doubles. */
        expect_close("loss", k, loss, want, fmax(2e-6 / tau, 2e-4) * want + 1e-13);
    }
}
END_TEST

static void contrast_much(diffmm_context *context, void *argument, void *out)
{
    struct views *v = argument;
    double *loss = out;
    float *gradients = (float *)(void *)(loss + 2);
    v->tau = 0.2;
    expect_success(infonce(context, v, &loss[0], gradients, gradients + v->nodes * v->d));
    v->tau = 0.01;
    expect_success(infonce(context, v, &loss[1], NULL, NULL));
}

START_TEST(the_same_bits_on_any_number_of_threads)
{
    struct views v = random_views(3000, 19, 700, 0.2);
    expect_same_bits(2 * sizeof(double) + 2 * v.nodes * v.d * sizeof(float), contrast_much, &v);
    views_end(&v);
}
END_TEST

START_TEST(bad_input)
{
    static const float x[6] = {1};
    static const int32_t good[] = {0, 2}, high[] = {0, 3}, low[] = {-1, 0};
    float gp[6], gq[6];
    double loss = 7.0;
    fill(6, 7.0f, gp);
    fill(6, 7.0f, gq);
    expect_invalid(diffmm_infonce(NULL, 3, 2, NULL, x, 2, good, 0.5, &loss, gp, gq), "p is NULL");
    expect_invalid(diffmm_infonce(NULL, 3, 2, x, NULL, 2, good, 0.5, &loss, gp, gq), "q is NULL");
    expect_invalid(diffmm_infonce(NULL, 3, 2, x, x, 2, NULL, 0.5, &loss, gp, gq), "batch is NULL");
    expect_invalid(diffmm_infonce(NULL, 0, 2, x, x, 2, good, 0.5, &loss, gp, gq), "nodes is 0");
    expect_invalid(diffmm_infonce(NULL, 3, 0, x, x, 2, good, 0.5, &loss, gp, gq), "d 0");
    expect_invalid(diffmm_infonce(NULL, 3, 2, x, x, 0, good, 0.5, &loss, gp, gq), "batch_count 0");
    expect_invalid(diffmm_infonce(NULL, SIZE_MAX, 2, x, x, 2, good, 0.5, &loss, gp, gq), "nodes");
    expect_invalid(diffmm_infonce(NULL, 3, SIZE_MAX, x, x, 2, good, 0.5, &loss, gp, gq), "d ");
    expect_invalid(diffmm_infonce(NULL, 3, 2, x, x, 2, high, 0.5, &loss, gp, gq), "batch[1] is 3");
    expect_invalid(diffmm_infonce(NULL, 3, 2, x, x, 2, low, 0.5, &loss, gp, gq), "batch[0] is -1");
    const double taus[] = {0.0, -0.5, 1e-42, NAN, INFINITY};
    for (size_t t = 0; t < 5; t++)
        expect_invalid(diffmm_infonce(NULL, 3, 2, x, x, 2, good, taus[t], &loss, gp, gq), "tau");
    expect_untouched(6, gp, 7.0f);
    expect_untouched(6, gq, 7.0f);
    ck_assert(loss == 7.0);
}
END_TEST

static struct {
    diffmm_context *context;
    struct views views;
} short_of_memory;

static diffmm_status contrast(void *argument)
{
    (void)argument;
    struct views *v = &short_of_memory.views;
    double loss = 7.0;
    fill(2 * v->nodes * v->d, 7.0f, v->grad_p);
    diffmm_status status = infonce(short_of_memory.context, v, &loss, v->grad_p, v->grad_q);
    ck_assert((status == DIFFMM_OK) == (loss != 7.0));
    if (status)
        expect_untouched(2 * v->nodes * v->d, v->grad_p, 7.0f);
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    short_of_memory.context = failing_context(&failing, 2);
    short_of_memory.views = random_views(20, 3, 9, 0.5);
    ck_assert_uint_gt(fail_each_allocation(&failing, contrast, NULL), 0);
    views_end(&short_of_memory.views);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_formula,
                                  more_nodes_than_a_tile_and_more_rows_than_a_chunk,
                                  gradients_are_differences_of_the_loss,
                                  four_nodes_by_hand,
                                  any_number_of_nodes_with_any_tau,
                                  a_loss_whose_exponential_is_no_double,
                                  one_node_has_nothing_to_tell_apart,
                                  a_high_temperature_makes_all_nodes_equal,
                                  a_low_temperature_neither_overflows_nor_vanishes,
                                  opposed_views_at_low_temperatures,
                                  rows_of_any_length,
                                  rows_too_long_to_square,
                                  outputs_are_optional,
                                  a_batch_is_a_bag,
                                  small_losses_keep_their_digits,
                                  the_same_bits_on_any_number_of_threads,
                                  bad_input,
                                  out_of_memory};
    return run_tests("infonce", tests, sizeof tests / sizeof *tests) != 0;
}
