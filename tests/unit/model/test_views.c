/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "linalg/normal.h"
#include "model/model_share.h"
#include "model/views.h"
#include "support/failure.h"
#include "support/model_world.h"

static const size_t layer_counts[] = {0, 1, 3};
static const double ratios[] = {0, 0.5};

static void expect_views(const struct model_case *wanted, double tolerance)
{
    struct model_world world;
    model_world_begin(wanted, &world);
    const struct oracle *o = &world.oracle;
    size_t size = (o->users + o->items) * o->d;
    double *view = oracle_zeros(size);
    float *got = malloc(size * sizeof *got);
    for (size_t m = 0; m < o->modality_count; m++) {
        oracle_view(o, m, view);
        expect_success(diffmm_model_view(world.model, model_modality_names[m], got));
        expect_close("view", size, view, got, tolerance);
    }
    free(view);
    free(got);
    model_world_end(&world);
}

START_TEST(views_equal_the_oracle)
{
    for (size_t modalities = 1; modalities <= 4; modalities++)
        for (size_t l = 0; l < 3; l++)
            for (size_t r = 0; r < 2; r++)
                expect_views(&(struct model_case){.modalities = modalities,
                                                  .layers = layer_counts[l],
                                                  .linear = 10,
                                                  .fusion_ratio = ratios[r]},
                             3e-6);
    expect_views(&(struct model_case){.fusion_ratio = 1}, 3e-6);
    expect_views(&(struct model_case){.users = 90,
                                      .items = 130,
                                      .d = 21,
                                      .modalities = 3,
                                      .layers = 2,
                                      .linear = 1,
                                      .fusion_ratio = 0.25,
                                      .threads = 2},
                 5e-6);
}
END_TEST

/* f = sum over m of G_m view_m. */
struct weighed {
    const struct oracle *oracle;
    float *weights[ORACLE_MODALITIES]; /* G */
    double *view;
};

static double weighed_sum(void *argument)
{
    struct weighed *w = argument;
    double sum = 0;
    for (size_t m = 0; m < w->oracle->modality_count; m++) {
        oracle_view(w->oracle, m, w->view);
        for (size_t i = 0; i < (w->oracle->users + w->oracle->items) * w->oracle->d; i++)
            sum += (double)w->weights[m][i] * w->view[i];
    }
    return sum;
}

static void expect_gradient(struct weighed *weighed, const char *what, size_t count, double *values,
                            const float *gradient)
{
    expect_derivatives(what, weighed_sum, weighed, count, values, gradient, 1e-5);
}

static void expect_gradients(const struct model_case *wanted)
{
    struct model_world world;
    model_world_begin(wanted, &world);
    struct oracle *o = &world.oracle;
    diffmm_model *model = world.model;
    struct diffmm__workspace *w = model->workspace;
    size_t users = o->users * o->d, items = o->items * o->d, size = users + items;
    float *grad = diffmm__user_embedding(model)->gradient;
    struct weighed weighed = {.oracle = o, .view = oracle_zeros(size)};
    const struct diffmm__share alone = diffmm__model_share_alone(model);
    expect_success(diffmm_model_forward(model));
    expect_success(diffmm__views(model, &alone));
    for (size_t m = 0; m < o->modality_count; m++) {
        weighed.weights[m] = malloc(size * sizeof(float));
        diffmm__normal_draws(7, m, 0, size, weighed.weights[m]);
        memcpy(w->grad_views[m], weighed.weights[m], size * sizeof(float));
    }
    memset(grad, 0, size * sizeof *grad);
    expect_success(diffmm__views_backward(model, &alone));
    expect_gradient(&weighed, "E_U", users, o->user, grad);
    for (size_t m = 0; m < o->modality_count; m++)
        expect_gradient(&weighed, "Xn", items, o->modality[m].normalized,
                        w->modality[m].grad_normalized);
    for (size_t i = users; i < size; i++)
        ck_assert(grad[i] == 0); /* E_I is no part of the views */
    for (size_t m = 0; m < o->modality_count; m++)
        free(weighed.weights[m]);
    free(weighed.view);
    model_world_end(&world);
}

START_TEST(gradients_equal_differences)
{
    for (size_t modalities = 1; modalities <= 4; modalities++)
        for (size_t l = 0; l < 3; l++)
            for (size_t r = 0; r < 2; r++)
                expect_gradients(&(struct model_case){.modalities = modalities,
                                                      .layers = layer_counts[l],
                                                      .linear = 5,
                                                      .fusion_ratio = ratios[r]});
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {views_equal_the_oracle, gradients_equal_differences};
    return run_tests("model/views", tests, sizeof tests / sizeof *tests) != 0;
}
