/* SPDX-License-Identifier: BSD-2-Clause */
/* InfoNCE against drawn nodes; against all nodes: test_infonce.c. */
#include "contrastive/infonce_rows.h"

#include <diffmm/contrastive.h>

#include "support/contexts.h"
#include "support/differences.h"
#include "support/draws.h"
#include "support/failing.h"
#include "support/infonce_views.h"

static diffmm_status infonce(diffmm_context *context, const struct views *v, double *loss,
                             float *grad_p, float *grad_q)
{
    const diffmm_infonce_arguments arguments = {.struct_size = sizeof arguments,
                                                .nodes = v->nodes,
                                                .d = v->d,
                                                .p = v->p,
                                                .q = v->q,
                                                .batch_count = v->batch_count,
                                                .batch = v->batch,
                                                .tau = v->tau,
                                                .loss = loss,
                                                .grad_p = grad_p,
                                                .grad_q = grad_q,
                                                .negative_count = v->drawn,
                                                .negatives = v->negatives};
    return diffmm_infonce_with(context, &arguments);
}

static double loss_of(void *argument)
{
    double loss = NAN;
    expect_success(infonce(NULL, argument, &loss, NULL, NULL));
    return loss;
}

static void expect_exact(const struct views *v)
{
    double loss = NAN;
    expect_success(infonce(NULL, v, &loss, v->grad_p, v->grad_q));
    double exact = oracle_infonce_drawn(v->nodes, v->d, v->p, v->q, v->batch_count, v->batch,
                                        v->drawn, v->negatives, v->tau, v->want_p, v->want_q);
    expect_close("loss", 0, loss, exact, 1e-6 * (1.0 + 1.0 / v->tau));
    expect_gradient_exact(v, "grad_p", v->p, v->grad_p, v->want_p);
    expect_gradient_exact(v, "grad_q", v->q, v->grad_q, v->want_q);
}

START_TEST(equals_the_formula)
{
    static const struct {
        size_t nodes, d, batch_count, drawn;
    } shapes[] = {{2, 3, 1, 1},    {2, 2, 9, 5},     {9, 5, 4, 3},     {50, 16, 30, 20},
                  {33, 17, 64, 7}, {40, 64, 10, 90}, {700, 6, 20, 18}, {30, 5, 31, 64}};
    static const double taus[] = {10.0, 0.5, 0.1, 0.03, 0.025, 0.0249, 0.01, 1e-3, 1e-4};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t t = 0; t < sizeof taus / sizeof *taus; t++) {
            struct views v = views_begin(shapes[s].nodes, shapes[s].d, shapes[s].batch_count,
                                         shapes[s].drawn, taus[t]);
            expect_exact(&v);
            views_end(&v);
        }
}
END_TEST

START_TEST(more_draws_than_a_tile_and_more_rows_than_a_chunk)
{
    static const double taus[] = {0.5, 0.01};
    for (size_t t = 0; t < 2; t++) {
        struct views tiles = views_begin(2100, 5, 40, 900, taus[t]);
        struct views chunks = views_begin(1300, 3, 900, 70, taus[t]);
        expect_exact(&tiles);
        expect_exact(&chunks);
        views_end(&tiles);
        views_end(&chunks);
    }
}
END_TEST

START_TEST(gradients_are_differences_of_the_loss)
{
    static const double taus[] = {0.5, 0.1};
    for (size_t t = 0; t < 2; t++) {
        struct views v = views_begin(9, 5, 6, 8, taus[t]);
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
    /* The products of node 0 with q are 1, 0.7071, 0, 0. Of five draws, one is node 0 itself. */
    const float p[] = {1, 0, 0, 1, 1, 1, -1, 0}, q[] = {2, 0, 1, 1, 0, 1, 0, -3};
    const int32_t batch[] = {0}, negatives[] = {1, 0, 3, 1, 2};
    double loss = NAN;
    double want = log(exp(2.0) + 4.0 / 5.0 * (2.0 * exp(sqrt(0.5) / 0.5) + 2.0)) - 2.0;
    const diffmm_infonce_arguments arguments = {.struct_size = sizeof arguments,
                                                .nodes = 4,
                                                .d = 2,
                                                .p = p,
                                                .q = q,
                                                .batch_count = 1,
                                                .batch = batch,
                                                .tau = 0.5,
                                                .loss = &loss,
                                                .negative_count = 5,
                                                .negatives = negatives};
    expect_success(diffmm_infonce_with(NULL, &arguments));
    expect_close("loss", 0, loss, want, 1e-6);
}
END_TEST

/* Every node drawn equally often is no sample: the loss against all nodes. */
START_TEST(all_nodes_drawn_give_the_whole_denominator)
{
    static const double taus[] = {0.4, 0.01};
    for (size_t t = 0; t < 2; t++)
        for (size_t times = 1; times <= 3; times += 2) {
            struct views v = views_begin(60, 7, 12, 60 * times, taus[t]);
            size_t size = v.nodes * v.d;
            float *all = malloc(2 * size * sizeof *all);
            double loss = NAN, whole = NAN;
            for (size_t j = 0; j < v.drawn; j++)
                v.negatives[j] = (int32_t)(j * 7 % 60);
            expect_success(infonce(NULL, &v, &loss, v.grad_p, v.grad_q));
            expect_success(diffmm_infonce(NULL, v.nodes, v.d, v.p, v.q, v.batch_count, v.batch,
                                          v.tau, &whole, all, all + size));
            expect_close("loss", times, loss, whole, 1e-6 / v.tau);
            for (size_t i = 0; i < 2 * size; i++)
                expect_close("gradient", i, (double)v.grad_p[i], (double)all[i],
                             2e-6 / v.tau / v.tau);
            free(all);
            views_end(&v);
        }
}
END_TEST

/* The mean of the estimated denominators is the denominator: over all single draws, exactly. */
START_TEST(the_denominator_is_estimated_without_bias)
{
    struct views v = views_begin(11, 4, 1, 1, 0.3);
    double mean = 0.0, loss = NAN;
    for (int32_t c = 0; c < 11; c++) {
        v.negatives[0] = c;
        mean += exp(loss_of(&v)) / 11.0; /* the denominator over exp of the positive's logit */
    }
    expect_success(
        diffmm_infonce(NULL, v.nodes, v.d, v.p, v.q, 1, v.batch, v.tau, &loss, NULL, NULL));
    expect_close("denominator", 0, mean, exp(loss), 1e-5 * exp(loss));
    views_end(&v);
}
END_TEST

/* Rows of other nodes than the batch's and the drawn ones may hold anything. */
START_TEST(other_rows_are_not_read)
{
    struct views v = views_begin(200, 6, 9, 11, 0.3);
    double loss = loss_of(&v);
    bool *met = calloc(v.nodes, sizeof *met);
    ck_assert_ptr_nonnull(met);
    for (size_t b = 0; b < v.batch_count; b++)
        met[v.batch[b]] = true;
    for (size_t j = 0; j < v.drawn; j++)
        met[v.negatives[j]] = true;
    for (size_t i = 0; i < v.nodes * v.d; i++)
        if (!met[i / v.d])
            v.p[i] = v.q[i] = NAN;
    double again = NAN;
    expect_success(infonce(NULL, &v, &again, v.grad_p, v.grad_q));
    ck_assert(again == loss);
    for (size_t i = 0; i < v.nodes * v.d; i++) {
        ck_assert(isfinite(v.grad_p[i]) && isfinite(v.grad_q[i]));
        ck_assert(met[i / v.d] || (v.grad_p[i] == 0.0f && v.grad_q[i] == 0.0f));
    }
    free(met);
    views_end(&v);
}
END_TEST

/* A row that only its own node was drawn for has nothing to be told apart from. */
START_TEST(a_positive_is_no_negative_of_its_own)
{
    static const double taus[] = {0.5, 0.026, 1e-4};
    for (size_t t = 0; t < 3; t++) {
        struct views v = views_begin(20, 3, 5, 4, taus[t]);
        for (size_t j = 0; j < 5; j++)
            v.batch[j] = 7;
        for (size_t j = 0; j < 4; j++)
            v.negatives[j] = 7;
        double loss = NAN;
        expect_success(infonce(NULL, &v, &loss, v.grad_p, v.grad_q));
        ck_assert(loss == 0.0);
        expect_untouched(2 * v.nodes * v.d, v.grad_p, 0.0f);
        views_end(&v);
    }
}
END_TEST

START_TEST(any_number_of_draws_with_any_tau)
{
    static const double taus[] = {1e-37, 1e-20, 1e-3, 0.025, 0.0249, 1, 1e20, 1e100, 1e300};
    for (size_t drawn = 1; drawn < 50; drawn++)
        for (size_t t = 0; t < sizeof taus / sizeof *taus; t++) {
            struct views v = views_begin(23, 3, 5, drawn, taus[t]);
            double loss = NAN;
            expect_success(infonce(NULL, &v, &loss, v.grad_p, v.grad_q));
            ck_assert(isfinite(loss) && loss >= 0.0);
            for (size_t i = 0; i < 2 * v.nodes * v.d && taus[t] > 1e-10; i++)
                ck_assert(isfinite(v.grad_p[i]));
            views_end(&v);
        }
}
END_TEST

/* As with all nodes: a loss that is nearly 0 is not a difference of large numbers. */
START_TEST(small_losses_keep_their_digits)
{
    enum { most = 4, d = 7 };
    for (size_t k = 0; k < 2000; k++) {
        static const double taus[] = {0.01, 0.02, 0.05, 0.2};
        struct draws draws = {k + 1};
        struct views v = views_begin(1 + k % most, d, 2, 1 + k % 3, taus[k / 4 % 4]);
        double loss = NAN;
        draw_normals(&draws, v.nodes * d, 1.0, v.p);
        draw_normals(&draws, v.nodes * d, 1e-3, v.q);
        for (size_t i = 0; i < v.nodes * d; i++)
            v.q[i] += v.p[i];
        double want = oracle_infonce_drawn(v.nodes, d, v.p, v.q, 2, v.batch, v.drawn, v.negatives,
                                           v.tau, v.want_p, v.want_q);
        expect_success(infonce(NULL, &v, &loss, NULL, NULL));
        ck_assert_double_ge(loss, 0.0);
        expect_close("loss", k, loss, want, fmax(2e-6 / v.tau, 2e-4) * want + 1e-13);
        views_end(&v);
    }
}
END_TEST

START_TEST(outputs_are_optional)
{
    struct views v = views_begin(12, 4, 7, 5, 0.3);
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
    struct views v = views_begin(3000, 19, 700, 1500, 0.2);
    expect_same_bits(2 * sizeof(double) + 2 * v.nodes * v.d * sizeof(float), contrast_much, &v);
    views_end(&v);
}
END_TEST

static void expect_drawn_invalid(size_t count, const int32_t *negatives, const char *part)
{
    struct views v = views_begin(3, 2, 2, 1, 0.5);
    int32_t *good = v.negatives;
    double loss = 7.0;
    fill(12, 7.0f, v.grad_p);
    v.drawn = count;
    v.negatives = (int32_t *)(uintptr_t)negatives;
    expect_invalid(infonce(NULL, &v, &loss, v.grad_p, v.grad_q), part);
    expect_untouched(12, v.grad_p, 7.0f);
    ck_assert(loss == 7.0);
    v.negatives = good;
    views_end(&v);
}

START_TEST(bad_input)
{
    expect_drawn_invalid(2, NULL, "negatives is NULL");
    expect_drawn_invalid(2, (const int32_t[]){0, 3}, "negatives[1] is 3");
    expect_drawn_invalid(2, (const int32_t[]){-1, 3}, "negatives[0] is -1");
    expect_drawn_invalid(SIZE_MAX, (const int32_t[]){0}, "negative_count is 18446744073709551615");
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
    short_of_memory.views = views_begin(20, 3, 9, 6, 0.5);
    ck_assert_uint_gt(fail_each_allocation(&failing, contrast, NULL), 0);
    views_end(&short_of_memory.views);
    diffmm_context_destroy(short_of_memory.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_formula,
                                  more_draws_than_a_tile_and_more_rows_than_a_chunk,
                                  gradients_are_differences_of_the_loss,
                                  four_nodes_by_hand,
                                  all_nodes_drawn_give_the_whole_denominator,
                                  the_denominator_is_estimated_without_bias,
                                  other_rows_are_not_read,
                                  a_positive_is_no_negative_of_its_own,
                                  any_number_of_draws_with_any_tau,
                                  small_losses_keep_their_digits,
                                  outputs_are_optional,
                                  the_same_bits_on_any_number_of_threads,
                                  bad_input,
                                  out_of_memory};
    return run_tests("contrastive/infonce_of_views", tests, sizeof tests / sizeof *tests) != 0;
}
