/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "linalg/normal.h"
#include "model/model_share.h"
#include "model/project.h"
#include "support/failure.h"
#include "support/model_world.h"

static void expect_projection(const struct model_case *wanted, double tolerance)
{
    struct model_world world;
    model_world_begin(wanted, &world);
    const struct oracle *o = &world.oracle;
    size_t size = o->items * o->d;
    double *projected = oracle_zeros(size), *normalized = oracle_zeros(size);
    const struct diffmm__share alone = diffmm__model_share_alone(world.model);
    expect_success(diffmm__project(world.model, &alone));
    for (size_t m = 0; m < o->modality_count; m++) {
        const struct diffmm__modality_workspace *got = &world.model->workspace->modality[m];
        oracle_project(o, m, projected, normalized);
        expect_close("X", size, projected, got->projected, tolerance);
        expect_close("Xn", size, normalized, got->normalized, tolerance);
    }
    free(projected);
    free(normalized);
    model_world_end(&world);
}

START_TEST(both_kinds_equal_the_oracle)
{
    for (size_t modalities = 1; modalities <= 4; modalities++)
        for (unsigned linear = 0; linear < 1u << modalities; linear++)
            expect_projection(&(struct model_case){.modalities = modalities, .linear = linear},
                              2e-6);
    expect_projection(
        &(struct model_case){
            .users = 3, .items = 700, .d = 37, .modalities = 3, .linear = 2, .threads = 2},
        4e-6);
}
END_TEST

/* f = sum of G Xn. */
struct weighed {
    const struct oracle *oracle;
    size_t m;
    const float *weights; /* G */
    double *projected, *normalized;
};

static double weighed_sum(void *argument)
{
    struct weighed *w = argument;
    double sum = 0;
    oracle_project(w->oracle, w->m, w->projected, w->normalized);
    for (size_t i = 0; i < w->oracle->items * w->oracle->d; i++)
        sum += (double)w->weights[i] * w->normalized[i];
    return sum;
}

static void expect_gradient(struct weighed *weighed, const char *what,
                            const struct diffmm__parameter *parameter, double *values)
{
    expect_derivatives(what, weighed_sum, weighed, parameter->rows * parameter->columns, values,
                       parameter->gradient, 5e-6);
}

START_TEST(gradients_equal_differences)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.modalities = 4, .linear = 5}, &world);
    struct oracle *o = &world.oracle;
    size_t size = o->items * o->d;
    struct weighed weighed = {
        .oracle = o, .projected = oracle_zeros(size), .normalized = oracle_zeros(size)};
    const struct diffmm__share alone = diffmm__model_share_alone(world.model);
    expect_success(diffmm__project(world.model, &alone));
    for (size_t m = 0; m < o->modality_count; m++)
        diffmm__normal_draws(5, m, 0, size, world.model->workspace->modality[m].grad_normalized);
    expect_success(diffmm__project_backward(world.model, &alone));
    for (size_t m = 0; m < o->modality_count; m++) {
        const struct diffmm__model_modality *modality = &world.model->modalities[m];
        weighed.m = m;
        weighed.weights = world.model->workspace->modality[m].grad_normalized;
        expect_gradient(&weighed, "weight", modality->weight, o->modality[m].weight);
        ck_assert_int_eq(modality->bias != NULL, o->modality[m].linear);
        if (modality->bias)
            expect_gradient(&weighed, "bias", modality->bias, o->modality[m].bias);
    }
    free(weighed.projected);
    free(weighed.normalized);
    model_world_end(&world);
}
END_TEST

/* A leaky projection of an item without features is 0, and stays so when normalised. */
START_TEST(items_without_features)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.modalities = 1}, &world);
    struct oracle *o = &world.oracle;
    size_t inputs = o->modality[0].dimensions;
    for (size_t k = 0; k < inputs; k++) /* the model reads the caller's array in place */
        world.features[0][2 * world.model->modalities[0].stride + k] = 0;
    const struct diffmm__share alone = diffmm__model_share_alone(world.model);
    expect_success(diffmm__project(world.model, &alone));
    const struct diffmm__modality_workspace *w = &world.model->workspace->modality[0];
    for (size_t j = 0; j < o->d; j++)
        ck_assert(w->projected[2 * o->d + j] == 0 && w->normalized[2 * o->d + j] == 0);
    diffmm__normal_draws(5, 1, 0, o->items * o->d, w->grad_normalized);
    expect_success(diffmm__project_backward(world.model, &alone));
    const struct diffmm__parameter *weight = world.model->modalities[0].weight;
    for (size_t i = 0; i < weight->rows * weight->columns; i++)
        ck_assert(isfinite(weight->gradient[i]));
    model_world_end(&world);
}
END_TEST

/* Rows so long that their squares overflow: their direction as that of rows of ordinary length, or
 * an error; never a row of zeros that passes for a result. */
START_TEST(huge_features_are_projected_or_refused)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.modalities = 1}, &world);
    struct oracle *o = &world.oracle;
    size_t stride = world.model->modalities[0].stride;
    for (size_t i = 0; i < o->items; i++)
        for (size_t k = 0; k < o->modality[0].dimensions; k++)
            world.features[0][i * stride + k] *= 0x1p100F;
    diffmm_status status = diffmm_model_forward(world.model);
    if (status)
        expect_failure(status, DIFFMM_ERROR_NUMERIC, model_modality_names[0]);
    else
        expect_close("Xn", o->items * o->d, o->modality[0].normalized,
                     world.model->workspace->modality[0].normalized, 2e-6);
    model_world_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {both_kinds_equal_the_oracle, gradients_equal_differences,
                                  items_without_features, huge_features_are_projected_or_refused};
    return run_tests("model/project", tests, sizeof tests / sizeof *tests) != 0;
}
