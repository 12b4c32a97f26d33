/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls with every kind of callback that is not the context's. */
#include "hosted.h"
#include "support/failure.h"

static int on_progress(const diffmm_progress *progress, void *user_data)
{
    (void)progress;
    (void)user_data;
    hosted_moment();
    return 0;
}

static int on_epoch(const diffmm_report *report, void *user_data)
{
    (void)report;
    (void)user_data;
    hosted_moment();
    return 0;
}

static int load(size_t first, size_t count, float *out, void *user_data)
{
    hosted_moment();
    return fault_load(first, count, out, user_data);
}

static int keep_all(int32_t user, int32_t item, int32_t *keep, void *user_data)
{
    (void)user;
    (void)item;
    (void)keep;
    (void)user_data;
    hosted_moment();
    return 0;
}

static int take_hits(int32_t user, const diffmm_hit *hits, size_t found, void *user_data)
{
    (void)user;
    (void)hits;
    (void)found;
    (void)user_data;
    hosted_moment();
    return 0;
}

static void trainer_that_tells(struct fault_world *world)
{
    fault_make_inputs(world);
    expect_success(diffmm_trainer_create(world->dataset, world->options, &world->trainer));
    expect_success(diffmm_trainer_on_progress(world->trainer, on_progress, NULL));
}

static diffmm_status epoch(struct fault_world *world)
{
    return diffmm_trainer_epoch(world->trainer, NULL);
}

static diffmm_status fit(struct fault_world *world)
{
    return diffmm_trainer_fit(world->trainer, on_epoch, NULL);
}

static void trainer_bits(struct fault_world *world)
{
    fault_hash_trainer(world->trainer);
}

static void loaded_inputs(struct fault_world *world)
{
    fault_make_loaded(world, load);
}

static diffmm_status create_model(struct fault_world *world)
{
    return diffmm_model_create(world->dataset, world->options, &world->out.model);
}

static diffmm_status create_trainer(struct fault_world *world)
{
    return diffmm_trainer_create(world->dataset, world->options, &world->out.trainer);
}

static void new_model_bits(struct fault_world *world)
{
    fault_hash_model(world->out.model);
}

static void new_trainer_bits(struct fault_world *world)
{
    fault_hash_model(diffmm_trainer_model(world->out.trainer));
}

static void sealed_loaded(struct fault_world *world)
{
    loaded_inputs(world);
    expect_success(diffmm_dataset_seal(world->dataset));
}

static diffmm_status features(struct fault_world *world)
{
    return diffmm_dataset_features(world->dataset, 0, 0, 4, world->out.values);
}

/* Enough items for a placer. */
static void loaded_placer_inputs(struct fault_world *world)
{
    int32_t user[40], item[40];
    for (int32_t i = 0; i < 40; i++) {
        user[i] = i % 7;
        item[i] = i % 20;
    }
    expect_success(diffmm_dataset_create(world->context, &world->dataset));
    expect_success(diffmm_dataset_add_interactions(world->dataset, DIFFMM_TRAIN, 40, user, item));
    expect_success(diffmm_dataset_add_modality(world->dataset, "text", 2, load, NULL));
    fault_make_options(world);
    expect_success(diffmm_model_create(world->dataset, world->options, &world->model));
    expect_success(diffmm_model_forward(world->model));
}

static diffmm_status create_placer(struct fault_world *world)
{
    return diffmm_placer_create(world->model, world->dataset, &world->out.placer);
}

static void no_bits(struct fault_world *world)
{
    (void)world;
}

static void make_scorer(struct fault_world *world)
{
    fault_make_model(world);
    expect_success(diffmm_scorer_create(world->model, &world->scorer));
}

static const diffmm_query filtered = {
    .struct_size = sizeof filtered, .count = 3, .filter = keep_all};

static diffmm_status recommend(struct fault_world *world)
{
    return diffmm_recommend(world->scorer, 0, &filtered, world->out.ranked.hits,
                            world->out.ranked.found);
}

static diffmm_status recommend_users(struct fault_world *world)
{
    return diffmm_recommend_users(world->scorer, 5, NULL, &filtered, world->out.ranked.hits,
                                  world->out.ranked.found);
}

static diffmm_status recommend_all(struct fault_world *world)
{
    return diffmm_recommend_all(world->scorer, &filtered, take_hits, NULL);
}

static diffmm_status recommend_embedding(struct fault_world *world)
{
    static const float embedding[4] = {1, 0, -1, 2};
    return diffmm_recommend_embedding(world->scorer, embedding, &filtered, world->out.ranked.hits,
                                      world->out.ranked.found);
}

static diffmm_status similar_items(struct fault_world *world)
{
    return diffmm_similar_items(world->scorer, 1, DIFFMM_COSINE, &filtered, world->out.ranked.hits,
                                world->out.ranked.found);
}

static diffmm_status similar_users(struct fault_world *world)
{
    return diffmm_similar_users(world->scorer, 1, DIFFMM_DOT, &filtered, world->out.ranked.hits,
                                world->out.ranked.found);
}

static diffmm_status popular_items(struct fault_world *world)
{
    return diffmm_popular_items(world->scorer, &filtered, world->out.ranked.hits,
                                world->out.ranked.found);
}

const struct fault_case hosted_callback_cases[] = {
    {"an epoch with progress", trainer_that_tells, epoch, trainer_bits, NULL},
    {"a fit with progress and epochs", trainer_that_tells, fit, trainer_bits, NULL},
    {"a model with a loader", loaded_inputs, create_model, new_model_bits, fault_end_model},
    {"a trainer with a loader", loaded_inputs, create_trainer, new_trainer_bits, fault_end_trainer},
    {"features from a loader", sealed_loaded, features, fault_hash_output, NULL},
    {"a placer with a loader", loaded_placer_inputs, create_placer, no_bits, fault_end_placer},
    {"a filter for one user", make_scorer, recommend, fault_hash_output, NULL},
    {"a filter for several users", make_scorer, recommend_users, fault_hash_output, NULL},
    {"hits of all users", make_scorer, recommend_all, no_bits, NULL},
    {"a filter for an embedding", make_scorer, recommend_embedding, fault_hash_output, NULL},
    {"a filter for similar items", make_scorer, similar_items, fault_hash_output, NULL},
    {"a filter for similar users", make_scorer, similar_users, fault_hash_output, NULL},
    {"a filter for popular items", make_scorer, popular_items, fault_hash_output, NULL},
    {.name = NULL}};
