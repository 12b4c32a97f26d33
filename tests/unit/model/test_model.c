/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle: what can be read from it, its steps, what it refuses, and its memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/failing.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/model_world.h"
#include "support/settings.h"

START_TEST(what_can_be_read)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.modalities = 3, .d = 5}, &world);
    const diffmm_model *model = world.model;
    const char *value;
    ck_assert_uint_eq(diffmm_model_users(model), 6);
    ck_assert_uint_eq(diffmm_model_items(model), 7);
    ck_assert_uint_eq(diffmm_model_dimensions(model), 5);
    ck_assert_uint_eq(diffmm_model_modalities(model), 3);
    for (size_t m = 0; m < 3; m++)
        ck_assert_str_eq(diffmm_model_modality_name(model, m), model_modality_names[m]);
    ck_assert_ptr_null(diffmm_model_modality_name(model, 3));
    ck_assert_ptr_eq(diffmm_model_item_embeddings(model),
                     diffmm_model_user_embeddings(model) + 6 * 5);
    /* A copy of the options, not ours. */
    expect_success(diffmm_options_set(world.options, "embedding_size", "9"));
    expect_success(diffmm_options_get(diffmm_model_options(model), "embedding_size", &value));
    ck_assert_str_eq(value, "5");

    ck_assert_uint_eq(diffmm_model_users(NULL), 0);
    ck_assert_uint_eq(diffmm_model_items(NULL), 0);
    ck_assert_uint_eq(diffmm_model_dimensions(NULL), 0);
    ck_assert_uint_eq(diffmm_model_modalities(NULL), 0);
    ck_assert_ptr_null(diffmm_model_modality_name(NULL, 0));
    ck_assert_ptr_null(diffmm_model_options(NULL));
    ck_assert_ptr_null(diffmm_model_user_embeddings(NULL));
    ck_assert_ptr_null(diffmm_model_item_embeddings(NULL));
    diffmm_model_destroy(NULL);
    model_world_end(&world);
}
END_TEST

/* Two steps of Adam, by its formulas. */
START_TEST(a_step_is_adam)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.layers = 1, .linear = 2, .reg = 0.1}, &world);
    enum { most = 64 };
    double x[8][most], m1[8][most] = {{0}}, m2[8][most] = {{0}};
    const diffmm_model *model = world.model;
    for (size_t p = 0; p < model->parameter_count; p++)
        for (size_t i = 0; i < model->parameters[p].rows * model->parameters[p].columns; i++)
            x[p][i] = (double)model->parameters[p].values[i];
    for (int step = 1; step <= 2; step++) {
        expect_success(diffmm_model_objective(world.model, MODEL_COUNT, world.user, world.positive,
                                              world.negative, NULL));
        for (size_t p = 0; p < model->parameter_count; p++)
            for (size_t i = 0; i < model->parameters[p].rows * model->parameters[p].columns; i++) {
                double g = (double)model->parameters[p].gradient[i];
                m1[p][i] = 0.9 * m1[p][i] + 0.1 * g;
                m2[p][i] = 0.999 * m2[p][i] + 0.001 * g * g;
                x[p][i] -= 1e-3 * m1[p][i] / (1 - pow(0.9, step)) /
                           (sqrt(m2[p][i] / (1 - pow(0.999, step))) + 1e-8);
            }
        expect_success(diffmm_model_step(world.model));
        for (size_t p = 0; p < model->parameter_count; p++)
            for (size_t i = 0; i < model->parameters[p].rows * model->parameters[p].columns; i++)
                ck_assert_msg(fabs((double)model->parameters[p].values[i] - x[p][i]) < 1e-6,
                              "step %d: %s[%zu]", step, model->parameters[p].name, i);
    }
    model_world_end(&world);
}
END_TEST

/* The model holds on to what it was made from. */
START_TEST(handles_end_in_any_order)
{
    struct model_world world;
    model_world_begin(&(struct model_case){.layers = 1}, &world);
    diffmm_dataset_destroy(world.dataset);
    diffmm_options_destroy(world.options);
    diffmm_context_destroy(world.context);
    expect_success(diffmm_model_objective(world.model, MODEL_COUNT, world.user, world.positive,
                                          world.negative, NULL));
    expect_success(diffmm_model_step(world.model));
    expect_success(diffmm_model_forward(world.model));
    world.dataset = NULL;
    world.options = NULL;
    world.context = NULL;
    model_world_end(&world);
}
END_TEST

START_TEST(objective_refuses)
{
    struct model_world world;
    model_world_begin(&(struct model_case){0}, &world);
    diffmm_model *model = world.model;
    diffmm_losses losses = {.bpr = 5}, untouched = losses;
    const int32_t good[] = {0, 1}, high[] = {1, 7}, negative[] = {-1, 0}, no_user[] = {0, 6};
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    expect_failure(diffmm_model_objective(NULL, 2, good, good, good, &losses), invalid, "model");
    expect_failure(diffmm_model_objective(model, 0, good, good, good, &losses), invalid,
                   "count is 0");
    expect_failure(diffmm_model_objective(model, MODEL_BATCH + 1, good, good, good, &losses),
                   invalid, "count is 17");
    expect_failure(diffmm_model_objective(model, 2, NULL, good, good, &losses), invalid, "user");
    expect_failure(diffmm_model_objective(model, 2, good, NULL, good, &losses), invalid,
                   "positive");
    expect_failure(diffmm_model_objective(model, 2, good, good, NULL, &losses), invalid,
                   "negative");
    expect_failure(diffmm_model_objective(model, 2, no_user, good, good, &losses), invalid,
                   "user[1] is 6");
    expect_failure(diffmm_model_objective(model, 2, good, high, good, &losses), invalid,
                   "positive[1] is 7");
    expect_failure(diffmm_model_objective(model, 2, good, good, negative, &losses), invalid,
                   "negative[0] is -1");
    ck_assert_mem_eq(&losses, &untouched, sizeof losses);
    expect_failure(diffmm_model_step(NULL), invalid, "model");
    float weights[2];
    expect_failure(diffmm_model_modality_weights(NULL, weights), invalid, "model");
    expect_failure(diffmm_model_modality_weights(model, NULL), invalid, "weights");
    model_world_end(&world);
}
END_TEST

static void overwrite(diffmm_model *model, const char *name, float value)
{
    diffmm_parameter parameter = {.struct_size = sizeof parameter};
    expect_success(diffmm_model_parameter(model, name, &parameter));
    size_t count = parameter.rows * parameter.columns;
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = i % 2 ? value : -value;
    expect_success(
        diffmm_model_set_parameter(model, name, parameter.rows, parameter.columns, values));
    free(values);
}

/* Parameters so large that embeddings or losses overflow are an error, not a result. */
START_TEST(overflow_is_an_error)
{
    traps_off(); /* sums of rows have no finite value */
    struct model_world world;
    model_world_begin(&(struct model_case){.layers = 1}, &world);
    diffmm_losses losses = {.bpr = 5}, untouched = losses;
    size_t size = (6 + 7) * 4;
    float *out = calloc(size, sizeof *out);
    overwrite(world.model, "user_embedding", 3e38F);
    overwrite(world.model, "item_embedding", 3e38F);
    expect_failure(diffmm_model_forward(world.model), DIFFMM_ERROR_NUMERIC, "final embedding of");
    expect_failure(
        diffmm_model_objective(world.model, 2, world.user, world.positive, world.negative, &losses),
        DIFFMM_ERROR_NUMERIC, "not finite");
    ck_assert_mem_eq(&losses, &untouched, sizeof losses);
    overwrite(world.model, "user_embedding", 1);
    overwrite(world.model, "item_embedding", 1);
    overwrite(world.model, "modality.title.projection.weight", 3e38F);
    expect_failure(diffmm_model_view(world.model, "cover", out), DIFFMM_ERROR_NUMERIC, "'title'");
    for (size_t i = 0; i < size; i++)
        ck_assert(out[i] == 0);
    overwrite(world.model, "modality.title.projection.weight", 1);
    expect_success(diffmm_model_view(world.model, "cover", out));
    expect_success(diffmm_model_objective(world.model, 2, world.user, world.positive,
                                          world.negative, &losses));
    free(out);
    model_world_end(&world);
}
END_TEST

START_TEST(create_refuses)
{
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_model *model = NULL;
    const int32_t zero = 0;
    const float feature = 1;
    expect_success(diffmm_context_create(NULL, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_failure(diffmm_model_create(NULL, NULL, &model), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "dataset");
    expect_failure(diffmm_model_create(dataset, NULL, NULL), DIFFMM_ERROR_INVALID_ARGUMENT, "out");
    ck_assert(diffmm_model_create(dataset, NULL, &model) != DIFFMM_OK); /* nothing to learn from */
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, &zero, &zero));
    expect_success(diffmm_dataset_add_modality_array(dataset, "cover", 1, 1, &feature, 1));
    diffmm_options *options =
        settings(context, (const char *const[]){"modality.covr.projection", "linear", NULL});
    expect_failure(diffmm_model_create(dataset, options, &model), DIFFMM_ERROR_NOT_FOUND, "covr");
    diffmm_options_destroy(options);
    options = settings(context, (const char *const[]){"sampling_steps", "9", NULL});
    expect_failure(diffmm_model_create(dataset, options, &model), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "sampling_steps");
    diffmm_options_destroy(options);
    ck_assert_ptr_null(model);
    expect_success(diffmm_model_create(dataset, NULL, &model)); /* the defaults */
    ck_assert_uint_eq(diffmm_model_dimensions(model), 64);
    diffmm_model_destroy(model);
    diffmm_dataset_destroy(dataset);

    expect_success(diffmm_dataset_create(context, &dataset)); /* without training interactions */
    expect_failure(diffmm_model_create(dataset, NULL, &model), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "no training interaction");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(a_loaded_model_cannot_train)
{
    struct model_world world;
    struct folder folder = folder_begin();
    char path[128];
    diffmm_model *loaded;
    model_world_begin(&(struct model_case){.linear = 1}, &world);
    folder_file(&folder, "model", path);
    expect_success(diffmm_model_forward(world.model));
    expect_success(diffmm_model_save(world.model, path));
    expect_success(diffmm_model_load(world.context, path, &loaded));
    folder_end(&folder);
    expect_failure(diffmm_model_objective(loaded, MODEL_COUNT, world.user, world.positive,
                                          world.negative, NULL),
                   DIFFMM_ERROR_STATE, "read from a file");
    expect_failure(diffmm_model_step(loaded), DIFFMM_ERROR_STATE, "read from a file");
    expect_failure(diffmm_model_forward(loaded), DIFFMM_ERROR_STATE, "read from a file");
    ck_assert_uint_eq(diffmm_model_parameters(loaded), diffmm_model_parameters(world.model));
    for (size_t p = 0; p < diffmm_model_parameters(loaded); p++) {
        diffmm_parameter a = {.struct_size = sizeof a}, b = a;
        expect_success(diffmm_model_parameter_at(loaded, p, &a));
        expect_success(diffmm_model_parameter_at(world.model, p, &b));
        ck_assert_str_eq(a.name, b.name);
        ck_assert_ptr_null(a.gradient);
        ck_assert_mem_eq(a.values, b.values, a.rows * a.columns * sizeof(float));
    }
    diffmm_model_destroy(loaded);
    model_world_end(&world);
}
END_TEST

struct making {
    diffmm_dataset *dataset;
    diffmm_options *options;
};

static diffmm_status make(void *argument)
{
    const struct making *making = argument;
    diffmm_model *model = NULL;
    diffmm_status status = diffmm_model_create(making->dataset, making->options, &model);
    ck_assert_int_eq(status == DIFFMM_OK, model != NULL);
    diffmm_model_destroy(model);
    return status;
}

START_TEST(without_memory)
{
    struct failing failing = {.fail = 0};
    diffmm_context *context = failing_context(&failing, 1);
    const diffmm_synthetic spec = {
        .struct_size = sizeof spec, .users = 8, .items = 9, .modality_count = 3};
    struct making making;
    expect_success(diffmm_dataset_synthesize(context, &spec, &making.dataset));
    expect_success(diffmm_dataset_seal(making.dataset));
    making.options =
        settings(context, (const char *const[]){"embedding_size", "4", "batch", "8",
                                                "modality.text.projection", "linear", NULL});
    ck_assert_uint_gt(fail_each_allocation(&failing, make, &making), 100);
    diffmm_options_destroy(making.options);
    diffmm_dataset_destroy(making.dataset);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_can_be_read,     a_step_is_adam, handles_end_in_any_order,    objective_refuses,
        overflow_is_an_error, create_refuses, a_loaded_model_cannot_train, without_memory};
    return run_tests("model/model", tests, sizeof tests / sizeof *tests) != 0;
}
