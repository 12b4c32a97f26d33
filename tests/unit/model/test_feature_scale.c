/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/feature_scale.h"

#include <float.h>
#include <math.h>

#include <diffmm/diffmm.h>

#include "model/model.h"
#include "support/close.h"
#include "support/context.h"
#include "support/failure.h"

static void scale(bool standardize, bool normalize, size_t rows, size_t columns, float *x)
{
    const struct diffmm__feature_settings settings = {true, standardize, normalize};
    diffmm_context *context = new_context(0);
    expect_success(diffmm__feature_scale(context, &settings, rows, columns, x));
    diffmm_context_destroy(context);
}

static void expect_values(size_t count, const float *got, const float *wanted)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabsf(got[i] - wanted[i]) < 1e-6f, "value %zu is %g, not %g", i,
                      (double)got[i], (double)wanted[i]);
}

START_TEST(columns_get_mean_0_and_deviation_1)
{
    float x[] = {1, 5, 3, 5, 8, 5}; /* means 4, 5; variance (9 + 1 + 16) / 3 */
    float s = sqrtf(26.0f / 3.0f);
    scale(true, false, 3, 2, x);
    expect_values(6, x, (float[]){-3 / s, 0, -1 / s, 0, 4 / s, 0});
}
END_TEST

/* Items without features: they do not count, and have none afterwards. */
START_TEST(rows_of_zeros_stay)
{
    float x[] = {0, 0, 1, 2, 0, 0, 3, 6};
    scale(true, true, 4, 2, x);
    float h = sqrtf(0.5f);
    expect_values(8, x, (float[]){0, 0, -h, -h, 0, 0, h, h});
    float zeros[] = {0, 0, 0, 0};
    scale(true, true, 2, 2, zeros);
    expect_values(4, zeros, (float[]){0, 0, 0, 0});
}
END_TEST

START_TEST(rows_get_length_1)
{
    float x[] = {3, 4, 0, -2};
    scale(false, true, 2, 2, x);
    expect_values(4, x, (float[]){0.6f, 0.8f, 0, -1});
}
END_TEST

START_TEST(the_largest_and_the_least_floats)
{
    float x[] = {FLT_MAX, -FLT_MAX, FLT_MAX, FLT_MAX};
    scale(true, true, 2, 2, x);
    expect_values(4, x, (float[]){0, -1, 0, 1});
    float y[] = {FLT_TRUE_MIN, 0, FLT_MAX, FLT_MAX};
    scale(false, true, 2, 2, y);
    expect_values(4, y, (float[]){1, 0, sqrtf(0.5f), sqrtf(0.5f)});
    float z[] = {0.1f, 1, 0.1f, 2, 0.1f, 3}; /* a mean that is rounded is no deviation */
    scale(true, false, 3, 2, z);
    expect_values(6, z, (float[]){0, -sqrtf(1.5f), 0, 0, 0, sqrtf(1.5f)});
}
END_TEST

/* What the model takes: the data set's own features stay as they are. */
START_TEST(settings_of_a_model)
{
    static const float rows[] = {3, 4, 9, 0, 2, 9};
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_model *model;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 2, (int32_t[]){0, 1},
                                                   (int32_t[]){0, 1}));
    expect_success(diffmm_dataset_add_modality_array(dataset, "a", 2, 2, rows, 3));
    expect_success(diffmm_dataset_add_modality_array(dataset, "b", 2, 2, rows, 3));
    expect_success(diffmm_dataset_add_modality_array(dataset, "c", 2, 2, rows, 3));
    expect_success(diffmm_options_create(context, &options));
    expect_success(diffmm_options_set(options, "modality.a.enabled", "false"));
    expect_success(diffmm_options_set(options, "modality.c.normalize", "true"));
    expect_success(diffmm_model_create(dataset, options, &model));
    ck_assert_uint_eq(model->modality_count, 2);
    ck_assert_str_eq(model->modalities[0].name, "b");
    ck_assert_ptr_eq(model->modalities[0].features, rows);
    ck_assert_str_eq(model->modalities[1].name, "c");
    ck_assert_uint_eq(model->modalities[1].stride, 2);
    expect_values(4, model->modalities[1].features, (float[]){0.6f, 0.8f, 0, 1});
    diffmm_model_destroy(model);
    expect_success(diffmm_options_set(options, "modality.d.enabled", "false"));
    expect_failure(diffmm_model_create(dataset, options, &model), DIFFMM_ERROR_NOT_FOUND, "'d'");
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {columns_get_mean_0_and_deviation_1, rows_of_zeros_stay,
                                  rows_get_length_1, the_largest_and_the_least_floats,
                                  settings_of_a_model};
    return run_tests("feature scale", tests, sizeof tests / sizeof *tests);
}
