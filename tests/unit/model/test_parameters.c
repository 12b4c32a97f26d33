/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/trainer.h>

#include "support/failure.h"
#include "support/settings.h"

enum { users = 80, items = 90, d = 16, time_size = 6, hidden = 30 };

static const size_t dimensions[] = {20, 40, 40, 50};

struct world {
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_trainer *trainer;
    const diffmm_model *model; /* with denoisers */
};

static void begin(struct world *world, size_t modalities, const char *linear)
{
    expect_success(
        diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &world->context));
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = users,
                                   .items = items,
                                   .modality_count = modalities,
                                   .dimensions = dimensions};
    expect_success(diffmm_dataset_synthesize(world->context, &spec, &world->dataset));
    world->options =
        settings(world->context, (const char *const[]){"embedding_size", "16", "hidden_sizes", "30",
                                                       "time_embedding_size", "6", "seed", "7",
                                                       linear, "linear", NULL});
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
    world->model = diffmm_trainer_model(world->trainer);
}

static void end(struct world *world)
{
    diffmm_trainer_destroy(world->trainer);
    diffmm_options_destroy(world->options);
    diffmm_dataset_destroy(world->dataset);
    diffmm_context_destroy(world->context);
}

static diffmm_parameter named(const diffmm_model *model, const char *name)
{
    diffmm_parameter parameter = {.struct_size = sizeof parameter};
    expect_success(diffmm_model_parameter(model, name, &parameter));
    ck_assert_str_eq(parameter.name, name);
    return parameter;
}

START_TEST(names_shapes_and_order)
{
    static const struct {
        const char *name;
        size_t rows, columns;
    } expected[] = {
        {"user_embedding", users, d},
        {"item_embedding", items, d},
        {"modality_logits", 2, 1},
        {"modality.image.projection.weight", 20, d},
        {"modality.text.projection.weight", d, 40},
        {"modality.text.projection.bias", d, 1},
        {"denoiser.image.time.weight", time_size, time_size},
        {"denoiser.image.time.bias", time_size, 1},
        {"denoiser.image.encoder.0.weight", hidden, items + time_size},
        {"denoiser.image.encoder.0.bias", hidden, 1},
        {"denoiser.image.decoder.0.weight", items, hidden},
        {"denoiser.image.decoder.0.bias", items, 1},
        {"denoiser.text.time.weight", time_size, time_size},
        {"denoiser.text.time.bias", time_size, 1},
        {"denoiser.text.encoder.0.weight", hidden, items + time_size},
        {"denoiser.text.encoder.0.bias", hidden, 1},
        {"denoiser.text.decoder.0.weight", items, hidden},
        {"denoiser.text.decoder.0.bias", items, 1},
    };
    enum { count = sizeof expected / sizeof *expected, recommender = 6 };
    struct world world;
    begin(&world, 2, "modality.text.projection");
    ck_assert_uint_eq(diffmm_model_parameters(world.model), count);
    for (size_t i = 0; i < count; i++) {
        diffmm_parameter at = {.struct_size = sizeof at}, by_name;
        expect_success(diffmm_model_parameter_at(world.model, i, &at));
        ck_assert_str_eq(at.name, expected[i].name);
        ck_assert_uint_eq(at.rows, expected[i].rows);
        ck_assert_uint_eq(at.columns, expected[i].columns);
        ck_assert_int_eq(at.gradient != NULL, i < recommender);
        by_name = named(world.model, expected[i].name);
        ck_assert_mem_eq(&at, &by_name, sizeof at);
    }
    diffmm_model *alone; /* made without a trainer: no denoisers */
    expect_success(diffmm_model_create(world.dataset, world.options, &alone));
    ck_assert_uint_eq(diffmm_model_parameters(alone), recommender);
    diffmm_parameter parameter = {.struct_size = sizeof parameter};
    expect_failure(diffmm_model_parameter(alone, "denoiser.text.time.bias", &parameter),
                   DIFFMM_ERROR_NOT_FOUND, "denoiser.text.time.bias");
    for (size_t i = 0; i < recommender; i++) { /* and otherwise the same */
        diffmm_parameter a = named(world.model, expected[i].name);
        diffmm_parameter b = named(alone, expected[i].name);
        ck_assert_mem_eq(a.values, b.values, a.rows * a.columns * sizeof(float));
    }
    diffmm_model_destroy(alone);
    end(&world);
}
END_TEST

/* Mean within 4.5 of its deviations; variance within 4.5 of its own (kurtosis 9/5 or 3). */
static void expect_moments(const diffmm_parameter *parameter, double variance, double kurtosis)
{
    double n = (double)(parameter->rows * parameter->columns), sum = 0, squares = 0;
    for (size_t i = 0; i < parameter->rows * parameter->columns; i++) {
        sum += (double)parameter->values[i];
        squares += (double)parameter->values[i] * (double)parameter->values[i];
    }
    ck_assert_msg(fabs(sum / n) <= 4.5 * sqrt(variance / n), "%s: mean %g", parameter->name,
                  sum / n);
    ck_assert_msg(fabs(squares / n - variance) <= 4.5 * variance * sqrt((kurtosis - 1) / n),
                  "%s: variance %g, not %g", parameter->name, squares / n, variance);
}

/* Uniform in +-bound, which large arrays nearly reach. */
static void expect_uniform(const diffmm_model *model, const char *name, double bound)
{
    diffmm_parameter parameter = named(model, name);
    double most = 0;
    for (size_t i = 0; i < parameter.rows * parameter.columns; i++)
        if (fabs((double)parameter.values[i]) > most)
            most = fabs((double)parameter.values[i]);
    ck_assert_msg(most <= bound * (1 + 1e-7) && most > 0.8 * bound, "%s: %g, bound %g", name, most,
                  bound);
    expect_moments(&parameter, bound * bound / 3, 1.8);
}

static void expect_normal(const diffmm_model *model, const char *name, double variance)
{
    diffmm_parameter parameter = named(model, name);
    expect_moments(&parameter, variance, 3);
}

START_TEST(initial_values)
{
    struct world world;
    begin(&world, 2, "modality.text.projection");
    expect_uniform(world.model, "user_embedding", sqrt(6.0 / (users + d)));
    expect_uniform(world.model, "item_embedding", sqrt(6.0 / (items + d)));
    expect_uniform(world.model, "modality.image.projection.weight", sqrt(6.0 / (20 + d)));
    expect_uniform(world.model, "modality.text.projection.weight", 1 / sqrt(40.0));
    expect_uniform(world.model, "modality.text.projection.bias", 1 / sqrt(40.0));
    expect_normal(world.model, "denoiser.image.time.weight", 2.0 / (2 * time_size));
    expect_normal(world.model, "denoiser.image.encoder.0.weight",
                  2.0 / (hidden + items + time_size));
    expect_normal(world.model, "denoiser.text.decoder.0.weight", 2.0 / (hidden + items));
    expect_normal(world.model, "denoiser.text.time.bias", 1e-6);
    expect_normal(world.model, "denoiser.text.encoder.0.bias", 1e-6);
    expect_normal(world.model, "denoiser.image.decoder.0.bias", 1e-6);
    end(&world);
}
END_TEST

START_TEST(modality_logits_by_their_number)
{
    static const float expected[] = {1, 0.5F, 0.3333F, 0.25F};
    for (size_t modalities = 1; modalities <= 4; modalities++) {
        struct world world;
        begin(&world, modalities, "projection");
        diffmm_parameter logits = named(world.model, "modality_logits");
        ck_assert_uint_eq(logits.rows, modalities);
        for (size_t m = 0; m < modalities; m++)
            ck_assert(logits.values[m] == expected[modalities - 1]);
        end(&world);
    }
}
END_TEST

static bool share_values(const diffmm_model *model, const char *a, const char *b)
{
    diffmm_parameter x = named(model, a), y = named(model, b);
    size_t n = x.rows * x.columns, m = y.rows * y.columns, common = n < m ? n : m;
    return x.values == y.values || memcmp(x.values, y.values, common * sizeof(float)) == 0;
}

/* Parameters of the same shape are different draws, and another seed gives others. */
START_TEST(draws_are_their_own)
{
    struct world world;
    begin(&world, 3, "projection");
    ck_assert(!share_values(world.model, "user_embedding", "item_embedding"));
    ck_assert(!share_values(world.model, "modality.text.projection.weight",
                            "modality.audio.projection.weight"));
    ck_assert(!share_values(world.model, "modality.text.projection.bias",
                            "modality.audio.projection.bias"));
    ck_assert(!share_values(world.model, "modality.text.projection.bias",
                            "modality.text.projection.weight"));
    ck_assert(!share_values(world.model, "denoiser.text.encoder.0.weight",
                            "denoiser.audio.encoder.0.weight"));
    ck_assert(!share_values(world.model, "denoiser.text.encoder.0.bias",
                            "denoiser.text.encoder.0.weight"));
    diffmm_model *same, *other;
    expect_success(diffmm_model_create(world.dataset, world.options, &same));
    expect_success(diffmm_options_set(world.options, "seed", "8"));
    expect_success(diffmm_model_create(world.dataset, world.options, &other));
    for (size_t p = 0; p < diffmm_model_parameters(same); p++) {
        diffmm_parameter a = {.struct_size = sizeof a};
        expect_success(diffmm_model_parameter_at(same, p, &a));
        size_t size = a.rows * a.columns * sizeof(float);
        ck_assert_mem_eq(a.values, named(world.model, a.name).values, size);
        if (strcmp(a.name, "modality_logits") != 0)
            ck_assert(memcmp(a.values, named(other, a.name).values, size) != 0);
    }
    diffmm_model_destroy(same);
    diffmm_model_destroy(other);
    end(&world);
}
END_TEST

/* Written values are read back, and no other parameter changes. */
START_TEST(round_trip)
{
    struct world world;
    begin(&world, 3, "modality.audio.projection");
    diffmm_model *model = (diffmm_model *)(uintptr_t)world.model; /* our trainer is idle */
    size_t count = diffmm_model_parameters(model);
    for (size_t p = 0; p < count; p++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        expect_success(diffmm_model_parameter_at(model, p, &parameter));
        size_t size = parameter.rows * parameter.columns;
        float *values = malloc(size * sizeof *values);
        for (size_t i = 0; i < size; i++)
            values[i] = (float)p + (float)i / 1024;
        expect_success(diffmm_model_set_parameter(model, parameter.name, parameter.rows,
                                                  parameter.columns, values));
        ck_assert_mem_eq(parameter.values, values, size * sizeof *values);
        free(values);
    }
    for (size_t p = 0; p < count; p++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        expect_success(diffmm_model_parameter_at(model, p, &parameter));
        for (size_t i = 0; i < parameter.rows * parameter.columns; i++)
            ck_assert(parameter.values[i] == (float)p + (float)i / 1024);
    }
    end(&world);
}
END_TEST

START_TEST(an_older_caller_gets_what_it_knows)
{
    struct world world;
    begin(&world, 1, "projection");
    diffmm_parameter parameter = {.struct_size = offsetof(diffmm_parameter, gradient)};
    const float mark = 5;
    parameter.gradient = &mark;
    expect_success(diffmm_model_parameter(world.model, "item_embedding", &parameter));
    ck_assert_uint_eq(parameter.struct_size, offsetof(diffmm_parameter, gradient));
    ck_assert_uint_eq(parameter.rows, items);
    ck_assert_ptr_eq(parameter.gradient, &mark);
    end(&world);
}
END_TEST

START_TEST(bad_input)
{
    struct world world;
    begin(&world, 1, "projection");
    diffmm_model *model = (diffmm_model *)(uintptr_t)world.model;
    diffmm_parameter out = {.struct_size = sizeof out};
    const diffmm_parameter untouched = out;
    float *values = calloc(users * d, sizeof *values);
    size_t count = diffmm_model_parameters(model);
    ck_assert_uint_eq(diffmm_model_parameters(NULL), 0);
    expect_failure(diffmm_model_parameter_at(NULL, 0, &out), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "model");
    expect_failure(diffmm_model_parameter_at(model, 0, NULL), DIFFMM_ERROR_INVALID_ARGUMENT, "out");
    expect_failure(diffmm_model_parameter_at(model, count, &out), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "index is 11");
    expect_failure(diffmm_model_parameter(NULL, "x", &out), DIFFMM_ERROR_INVALID_ARGUMENT, "model");
    expect_failure(diffmm_model_parameter(model, NULL, &out), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "name");
    expect_failure(diffmm_model_parameter(model, "user_embedding", NULL),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "out");
    expect_failure(diffmm_model_parameter(model, "users", &out), DIFFMM_ERROR_NOT_FOUND, "'users'");
    expect_failure(diffmm_model_parameter(model, "", &out), DIFFMM_ERROR_NOT_FOUND, "''");
    ck_assert_mem_eq(&out, &untouched, sizeof out);

    float *kept = malloc(users * d * sizeof *kept);
    memcpy(kept, named(model, "user_embedding").values, users * d * sizeof *kept);
    expect_failure(diffmm_model_set_parameter(NULL, "user_embedding", users, d, values),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "model");
    expect_failure(diffmm_model_set_parameter(model, NULL, users, d, values),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "name");
    expect_failure(diffmm_model_set_parameter(model, "user_embedding", users, d, NULL),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "values");
    expect_failure(diffmm_model_set_parameter(model, "embedding", users, d, values),
                   DIFFMM_ERROR_NOT_FOUND, "'embedding'");
    expect_failure(diffmm_model_set_parameter(model, "user_embedding", d, users, values),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "80 x 16, not 16 x 80");
    values[33] = NAN;
    expect_failure(diffmm_model_set_parameter(model, "user_embedding", users, d, values),
                   DIFFMM_ERROR_NUMERIC, "value 33");
    values[33] = -INFINITY;
    expect_failure(diffmm_model_set_parameter(model, "user_embedding", users, d, values),
                   DIFFMM_ERROR_NUMERIC, "'user_embedding'");
    ck_assert_mem_eq(kept, named(model, "user_embedding").values, users * d * sizeof *kept);
    free(kept);
    free(values);
    end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {names_shapes_and_order,
                                  initial_values,
                                  modality_logits_by_their_number,
                                  draws_are_their_own,
                                  round_trip,
                                  an_older_caller_gets_what_it_knows,
                                  bad_input};
    return run_tests("model/parameters", tests, sizeof tests / sizeof *tests) != 0;
}
