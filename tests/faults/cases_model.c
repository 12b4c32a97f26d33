/* SPDX-License-Identifier: BSD-2-Clause */
/* Models, training, model files, serving. */
#include "../support/failure.h"
#include "../support/folder.h"
#include "../support/settings.h"
#include "faults.h"

static void inputs(struct fault_world *world)
{
    fault_make_dataset(world);
    fault_make_options(world);
}

static int load(size_t first, size_t count, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count * 2; i++)
        out[i] = (float)((first + i) % 5);
    return 0;
}

/* Not yet sealed, and with features that are loaded. */
static void unsealed_inputs(struct fault_world *world)
{
    static const int32_t user[] = {0, 1, 2, 2}, item[] = {3, 1, 0, 2};
    expect_success(diffmm_dataset_create(world->context, &world->dataset));
    expect_success(diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, 4, user, item));
    expect_success(diffmm_dataset_add_modality(world->dataset, "text", 2, load, NULL));
    fault_make_options(world);
}

static diffmm_status create_model(struct fault_world *world)
{
    return diffmm_model_create(world->dataset, world->options, &world->out.model);
}

static void new_model_bits(struct fault_world *world)
{
    fault_hash_model(world->out.model);
}

static void end_model(struct fault_world *world)
{
    diffmm_model_destroy(world->out.model);
}

static void make_model(struct fault_world *world)
{
    inputs(world);
    expect_success(diffmm_model_create(world->dataset, world->options, &world->model));
    expect_success(diffmm_model_forward(world->model));
}

static diffmm_status forward(struct fault_world *world)
{
    return diffmm_model_forward(world->model);
}

static diffmm_status view(struct fault_world *world)
{
    return diffmm_model_view(world->model, "text", world->out.values);
}

static diffmm_status objective(struct fault_world *world)
{
    static const int32_t user[] = {0, 1}, positive[] = {0, 1}, negative[] = {3, 2};
    return diffmm_model_objective(world->model, 2, user, positive, negative, &world->out.losses);
}

static void model_bits(struct fault_world *world)
{
    fault_hash(&world->out, sizeof world->out);
    fault_hash_model(world->model);
}

static diffmm_status forecast(struct fault_world *world)
{
    diffmm_forecast out = {.struct_size = sizeof out};
    diffmm_status status = diffmm_trainer_forecast(world->dataset, world->options, &out);
    if (!status)
        world->out.forecast = out;
    return status;
}

static void forecast_bits(struct fault_world *world)
{
    fault_hash(&world->out.forecast, sizeof world->out.forecast);
}

static diffmm_status create_trainer(struct fault_world *world)
{
    return diffmm_trainer_create(world->dataset, world->options, &world->out.trainer);
}

static void new_trainer_bits(struct fault_world *world)
{
    expect_success(diffmm_trainer_epoch(world->out.trainer, NULL));
    fault_hash_model(diffmm_trainer_model(world->out.trainer));
}

static void end_trainer(struct fault_world *world)
{
    diffmm_trainer_destroy(world->out.trainer);
}

static void make_trainer(struct fault_world *world)
{
    inputs(world);
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

static void make_trainer_keeping_all_edges(struct fault_world *world)
{
    inputs(world);
    expect_success(diffmm_options_set(world->options, "keep_rate", "1"));
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

static void make_trainer_without_diffusion(struct fault_world *world)
{
    inputs(world);
    expect_success(diffmm_options_set(world->options, "diffusion.enabled", "false"));
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
}

/* One epoch was trained, so that a best one can be restored and a second be trained. */
static void make_trained(struct fault_world *world)
{
    make_trainer(world);
    expect_success(diffmm_trainer_epoch(world->trainer, NULL));
}

static diffmm_status epoch(struct fault_world *world)
{
    diffmm_report report = {.struct_size = sizeof report};
    diffmm_status status = diffmm_trainer_epoch(world->trainer, &report);
    if (!status)
        world->out.report = report;
    return status;
}

static diffmm_status fit(struct fault_world *world)
{
    return diffmm_trainer_fit(world->trainer, NULL, NULL);
}

static diffmm_status restore_best(struct fault_world *world)
{
    return diffmm_trainer_restore_best(world->trainer);
}

static void trainer_bits(struct fault_world *world)
{
    size_t best;
    const diffmm_metrics *test;
    expect_success(diffmm_trainer_best(world->trainer, &best, NULL, &test));
    fault_hash(&best, sizeof best);
    fault_hash(test, 2 * sizeof *test);
    fault_hash_model(diffmm_trainer_model(world->trainer));
}

/* With a file to be replaced. */
static void make_model_and_file(struct fault_world *world)
{
    make_model(world);
    write_bytes(fault_path(world, "old.safetensors"), "the last one", 12);
}

static diffmm_status save_new(struct fault_world *world)
{
    return diffmm_model_save(world->model, fault_path(world, "new.safetensors"));
}

static diffmm_status save_over(struct fault_world *world)
{
    return diffmm_model_save(world->model, fault_path(world, "old.safetensors"));
}

static void saved_new_bits(struct fault_world *world)
{
    fault_hash_file(fault_path(world, "new.safetensors"));
}

static void saved_over_bits(struct fault_world *world)
{
    fault_hash_file(fault_path(world, "old.safetensors"));
}

/* So that each attempt finds the folder as the first did. */
static void remove_new(struct fault_world *world)
{
    ck_assert_int_eq(unlink(fault_path(world, "new.safetensors")), 0);
}

static diffmm_status load_model(struct fault_world *world)
{
    return diffmm_model_load(world->context, fault_path(world, "model.safetensors"),
                             &world->out.model);
}

static diffmm_status create_scorer(struct fault_world *world)
{
    return diffmm_scorer_create(world->model, &world->out.scorer);
}

static diffmm_status open_scorer(struct fault_world *world)
{
    return diffmm_scorer_open(world->context, fault_path(world, "model.safetensors"),
                              &world->out.scorer);
}

static void scorer_bits(struct fault_world *world)
{
    const diffmm_scorer *scorer = world->out.scorer;
    for (int32_t u = 0; (size_t)u < diffmm_scorer_users(scorer); u++) {
        float scores[6];
        expect_success(diffmm_score(scorer, u, 6, NULL, scores));
        fault_hash(scores, sizeof scores);
        fault_hash_text(diffmm_scorer_user_id(scorer, u));
    }
}

static void end_scorer(struct fault_world *world)
{
    diffmm_scorer_destroy(world->out.scorer);
}

static void make_scorer(struct fault_world *world)
{
    expect_success(
        diffmm_scorer_open(world->context, fault_path(world, "model.safetensors"), &world->scorer));
}

/* Lists longer than what is kept on the stack. */
static const int32_t many[300] = {1, 5, 3};

static diffmm_status recommend(struct fault_world *world)
{
    const diffmm_query query = {.struct_size = sizeof query,
                                .count = 4,
                                .exclude = many,
                                .exclude_count = 1,
                                .candidates = many,
                                .candidate_count = 300};
    return diffmm_recommend(world->scorer, 0, &query, world->out.ranked.hits,
                            world->out.ranked.found);
}

/* A ranking that is longer than what is kept on the stack. */
static void make_wide_scorer(struct fault_world *world)
{
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 40, .items = 200};
    expect_success(diffmm_dataset_synthesize(world->context, &spec, &world->dataset));
    fault_make_options(world);
    expect_success(diffmm_model_create(world->dataset, world->options, &world->model));
    expect_success(diffmm_model_forward(world->model));
    expect_success(diffmm_scorer_create(world->model, &world->scorer));
}

static diffmm_status recommend_many(struct fault_world *world)
{
    static diffmm_hit hits[150];
    const diffmm_query query = {.struct_size = sizeof query, .count = 150};
    size_t found = 0;
    diffmm_status status = diffmm_recommend(world->scorer, 1, &query, hits, &found);
    if (!status)
        for (size_t i = 0; i < 64; i++)
            world->out.ranked.hits[i] = hits[i];
    return status;
}

static diffmm_status recommend_users(struct fault_world *world)
{
    const diffmm_query query = {
        .struct_size = sizeof query, .count = 3, .exclude = many, .exclude_count = 300};
    return diffmm_recommend_users(world->scorer, 5, NULL, &query, world->out.ranked.hits,
                                  world->out.ranked.found);
}

static void ranked_bits(struct fault_world *world)
{
    fault_hash(&world->out, sizeof world->out);
}

const struct fault_case fault_model_cases[] = {
    {"diffmm_model_create", inputs, create_model, new_model_bits, end_model},
    {"diffmm_model_create from what is not sealed", unsealed_inputs, create_model, new_model_bits,
     end_model},
    {"diffmm_model_forward", make_model, forward, model_bits, NULL},
    {"diffmm_model_view", make_model, view, model_bits, NULL},
    {"diffmm_model_objective", make_model, objective, model_bits, NULL},
    {"diffmm_trainer_forecast", unsealed_inputs, forecast, forecast_bits, NULL},
    {"diffmm_trainer_create", inputs, create_trainer, new_trainer_bits, end_trainer},
    {"diffmm_trainer_create from what is not sealed", unsealed_inputs, create_trainer,
     new_trainer_bits, end_trainer},
    {"diffmm_trainer_epoch", make_trainer, epoch, trainer_bits, NULL},
    {"diffmm_trainer_epoch keeping all edges", make_trainer_keeping_all_edges, epoch, trainer_bits,
     NULL},
    {"diffmm_trainer_epoch without diffusion", make_trainer_without_diffusion, epoch, trainer_bits,
     NULL},
    {"diffmm_trainer_epoch the second", make_trained, epoch, trainer_bits, NULL},
    {"diffmm_trainer_fit", make_trainer, fit, trainer_bits, NULL},
    {"diffmm_trainer_restore_best", make_trained, restore_best, trainer_bits, NULL},
    {"diffmm_model_save a new file", make_model, save_new, saved_new_bits, remove_new},
    {"diffmm_model_save over a file", make_model_and_file, save_over, saved_over_bits, NULL},
    {"diffmm_model_load", NULL, load_model, new_model_bits, end_model},
    {"diffmm_scorer_create", make_model, create_scorer, scorer_bits, end_scorer},
    {"diffmm_scorer_open", NULL, open_scorer, scorer_bits, end_scorer},
    {"diffmm_recommend", make_scorer, recommend, ranked_bits, NULL},
    {"diffmm_recommend more than fit on the stack", make_wide_scorer, recommend_many, ranked_bits,
     NULL},
    {"diffmm_recommend_users", make_scorer, recommend_users, ranked_bits, NULL},
    {.name = NULL}};
