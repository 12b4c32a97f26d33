/* SPDX-License-Identifier: BSD-2-Clause */
/* The main view, folded in the library, against the oracle's one modality after the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "linalg/normal.h"
#include "model/model_share.h"
#include "model/aggregate.h"
#include "support/failure.h"
#include "support/model_world.h"

static const size_t layer_counts[] = {0, 1, 3};

static void expect_final(const struct model_case *wanted, double tolerance)
{
    struct model_world world;
    model_world_begin(wanted, &world);
    const struct oracle *o = &world.oracle;
    size_t users = o->users * o->d, all = users + o->items * o->d;
    double *final = oracle_zeros(all);
    oracle_aggregate(o, final);
    expect_success(diffmm_model_forward(world.model));
    expect_close("user embeddings", users, final, diffmm_model_user_embeddings(world.model),
                 tolerance);
    expect_close("item embeddings", all - users, final + users,
                 diffmm_model_item_embeddings(world.model), tolerance);

    float got[ORACLE_MODALITIES];
    double weights[ORACLE_MODALITIES], sum = 0;
    oracle_weights(o, weights);
    expect_success(diffmm_model_modality_weights(world.model, got));
    expect_close("weights", o->modality_count, weights, got, 1e-6);
    for (size_t m = 0; m < o->modality_count; m++)
        sum += (double)got[m];
    ck_assert(fabs(sum - 1) < 1e-6);
    free(final);
    model_world_end(&world);
}

START_TEST(final_embeddings_equal_the_oracle)
{
    for (size_t modalities = 1; modalities <= 4; modalities++)
        for (size_t l = 0; l < 3; l++)
            for (unsigned whole = 0; whole < 2; whole++)
                expect_final(&(struct model_case){.modalities = modalities,
                                                  .layers = layer_counts[l],
                                                  .linear = 10,
                                                  .whole_graphs = whole},
                             3e-6);
    expect_final(&(struct model_case){.users = 90,
                                      .items = 130,
                                      .d = 21,
                                      .modalities = 3,
                                      .layers = 3,
                                      .linear = 1,
                                      .threads = 2},
                 1e-5);
}
END_TEST

/* f = sum of G final. */
struct weighed {
    const struct oracle *oracle;
    const float *weights; /* G */
    double *final;
};

static double weighed_sum(void *argument)
{
    struct weighed *w = argument;
    size_t size = (w->oracle->users + w->oracle->items) * w->oracle->d;
    double sum = 0;
    oracle_aggregate(w->oracle, w->final);
    for (size_t i = 0; i < size; i++)
        sum += (double)w->weights[i] * w->final[i];
    return sum;
}

static void expect_gradient(struct weighed *weighed, const char *what, size_t count, double *values,
                            const float *gradient)
{
    expect_derivatives(what, weighed_sum, weighed, count, values, gradient, 1e-5);
}

/* Gradients of the embeddings and of the projected features are added to what is there. */
static void expect_gradients(const struct model_case *wanted)
{
    struct model_world world;
    model_world_begin(wanted, &world);
    struct oracle *o = &world.oracle;
    diffmm_model *model = world.model;
    struct diffmm__workspace *w = model->workspace;
    size_t items = o->items * o->d, all = (o->users + o->items) * o->d;
    float *grad = diffmm__user_embedding(model)->gradient;
    float *weights = malloc(all * sizeof *weights);
    struct weighed weighed = {.oracle = o, .weights = weights, .final = oracle_zeros(all)};
    const struct diffmm__share alone = diffmm__model_share_alone(model);
    expect_success(diffmm_model_forward(model));
    diffmm__normal_draws(6, 1, 0, all, weights);
    memcpy(w->grad_final, weights, all * sizeof *weights);
    memset(grad, 0, all * sizeof *grad);
    for (size_t m = 0; m < o->modality_count; m++)
        memset(w->modality[m].grad_normalized, 0, items * sizeof(float));
    expect_success(diffmm__aggregate_backward(model, &alone));

    expect_gradient(&weighed, "E_U", all - items, o->user, grad);
    expect_gradient(&weighed, "E_I", items, o->item, diffmm__item_embedding(model)->gradient);
    for (size_t m = 0; m < o->modality_count; m++)
        expect_gradient(&weighed, "Xn", items, o->modality[m].normalized,
                        w->modality[m].grad_normalized);
    if (o->modality_count > 1)
        expect_gradient(&weighed, "logits", o->modality_count, o->logits,
                        diffmm__modality_logits(model)->gradient);
    else
        ck_assert(fabsf(diffmm__modality_logits(model)->gradient[0]) < 1e-5F);

    float *once = malloc(all * sizeof *once);
    memcpy(once, grad, all * sizeof *once);
    memcpy(w->grad_final, weights, all * sizeof *weights);
    expect_success(diffmm__aggregate_backward(model, &alone));
    for (size_t i = 0; i < all; i++)
        ck_assert(fabsf(grad[i] - 2 * once[i]) <= 1e-5F * (1 + fabsf(once[i])));
    free(once);
    free(weights);
    free(weighed.final);
    model_world_end(&world);
}

START_TEST(gradients_equal_differences)
{
    for (size_t modalities = 1; modalities <= 4; modalities++)
        for (size_t l = 0; l < 3; l++)
            expect_gradients(&(struct model_case){.modalities = modalities,
                                                  .layers = layer_counts[l],
                                                  .linear = 6,
                                                  .whole_graphs = l == 1});
}
END_TEST

/* Nobody has touched user 0, nor item 0: their rows of A_hat are a self loop. With no generated
 * edge either, they are what the formulas give by hand: V = E_U + E_U. */
START_TEST(a_lonely_user_by_hand)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.modalities = 1, .whole_graphs = true}, &world);
    const struct oracle *o = &world.oracle;
    expect_success(diffmm_model_forward(world.model));
    double squares = 0, v[16];
    for (size_t j = 0; j < o->d; j++) {
        v[j] = (2 + o->ris_adj_lambda) * o->user[j];
        squares += v[j] * v[j];
    }
    for (size_t j = 0; j < o->d; j++) {
        double expected = v[j] + o->ris_lambda * v[j] / sqrt(squares);
        ck_assert(fabs((double)diffmm_model_user_embeddings(world.model)[j] - expected) < 2e-6);
    }
    model_world_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {final_embeddings_equal_the_oracle, gradients_equal_differences,
                                  a_lonely_user_by_hand};
    return run_tests("model/aggregate", tests, sizeof tests / sizeof *tests) != 0;
}
