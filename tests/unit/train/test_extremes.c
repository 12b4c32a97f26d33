/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings and data at their extremes, through the public interface: training ends in a model that
 * serves finite, sorted scores, or in an error that names epoch, phase and quantity. */
#include <stdio.h>
#include <stdlib.h>

#include <diffmm/recommend.h>

#include "support/numeric.h"
#include "support/training.h"

enum { most = 40, dimensions = 5 };

/* A data set to be made. */
struct world {
    size_t users, items;
    bool (*touches)(size_t user, size_t item);
    float scale;   /* of the features of the second modality */
    size_t copies; /* how often each interaction is given */
};

static bool some(size_t user, size_t item)
{
    return (user * 7 + item * 5) % 3 == 0;
}

/* User 1 has everything, everyone has item 2. */
static bool some_and_all(size_t user, size_t item)
{
    return user == 1 || item == 2 || some(user, item);
}

static bool always(size_t user, size_t item)
{
    (void)user;
    (void)item;
    return true;
}

/* One in four interactions is held out, where `held` and the user has others. */
static void add_interactions(diffmm_dataset *dataset, const struct world *world)
{
    for (size_t u = 0; u < world->users; u++)
        for (size_t i = 0; i < world->items; i++) {
            int32_t user = (int32_t)u, item = (int32_t)i;
            diffmm_split split =
                world->touches == some && (u + i) % 4 == 3 ? DIFFMM_VALID : DIFFMM_TRAIN;
            for (size_t c = 0; c < world->copies && world->touches(u, i); c++)
                expect_success(diffmm_dataset_add_interactions(dataset, split, 1, &user, &item));
        }
    expect_success(diffmm_dataset_reserve(dataset, world->users, world->items));
}

static diffmm_dataset *make_dataset(diffmm_context *context, const struct world *world)
{
    static float plain[most * dimensions], scaled[most * dimensions];
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    add_interactions(dataset, world);
    for (size_t i = 0; i < most * dimensions; i++) {
        plain[i] = sinf(3 * (float)i);
        scaled[i] = plain[i] * world->scale;
    }
    expect_success(diffmm_dataset_add_modality_array(dataset, "image", world->items, dimensions,
                                                     plain, dimensions));
    expect_success(diffmm_dataset_add_modality_array(dataset, "text", world->items, dimensions,
                                                     scaled, dimensions));
    return dataset;
}

static void begin(struct training *t, const struct world *world, const char *const *list)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    training_on(t, context, make_dataset(context, world), list);
}

/* Every user is served: finite scores, largest first, nothing seen, as many as there are. */
static void expect_serves(const diffmm_model *model)
{
    diffmm_scorer *scorer;
    diffmm_hit hits[2 * most];
    const diffmm_query query = {.struct_size = sizeof query, .count = 2 * most};
    expect_success(diffmm_scorer_create(model, &scorer));
    for (size_t u = 0; u < diffmm_scorer_users(scorer); u++) {
        const int32_t *seen;
        size_t found, seen_count, wrong = 0;
        expect_success(diffmm_recommend(scorer, (int32_t)u, &query, hits, &found));
        expect_success(diffmm_scorer_seen(scorer, (int32_t)u, &seen, &seen_count));
        ck_assert_uint_eq(found + seen_count, diffmm_scorer_items(scorer));
        for (size_t h = 0; h < found; h++)
            wrong += !isfinite(hits[h].score) || (h > 0 && hits[h].score > hits[h - 1].score);
        ck_assert_uint_eq(wrong, 0);
    }
    diffmm_scorer_destroy(scorer);
}

/* Train to the end; whatever happens, what the trainer gives back serves. */
static diffmm_status train(struct training *t)
{
    diffmm_report report = {.struct_size = sizeof report};
    size_t epoch;
    diffmm_status status = DIFFMM_OK;
    while (!status && !report.finished) {
        status = diffmm_trainer_epoch(t->trainer, &report);
        if (status)
            break;
        expect_finite(t->model);
        expect_serves(t->model);
        ck_assert(isfinite(report.loss.total) && isfinite(report.denoiser_loss[0]) &&
                  isfinite(report.denoiser_loss[1]));
        ck_assert(isfinite(report.valid[0].recall) && isfinite(report.test[0].ndcg));
    }
    if (status) {
        expect_failure(status, DIFFMM_ERROR_NUMERIC, "epoch");
        expect_explained();
    }
    if (diffmm_trainer_best(t->trainer, &epoch, NULL, NULL) == DIFFMM_OK) {
        expect_success(diffmm_trainer_restore_best(t->trainer));
        expect_finite(t->model);
        expect_serves(t->model);
    }
    return status;
}

static const struct world ordinary = {30, 20, some, 1, 1};

/* A right result or an explained error: which, may depend on the settings. */
START_TEST(exploding_settings)
{
    traps_off(); /* training may diverge */
    static const char *const lists[][5] = {
        {"learning_rate", "1e6", NULL},
        {"denoiser_learning_rate", "1e6", NULL},
        {"learning_rate", "1e6", "contrastive.anchor", "main", NULL},
        {"temperature", "1e-8", NULL},
        {"temperature", "1e-8", "contrastive.anchor", "main", NULL},
        {"temperature", "1e-8", "ssl_reg", "1e6", NULL},
        {"learning_rate", "1e9", "projection", "linear", NULL},
        {"ris_lambda", "1e6", "learning_rate", "1e6", NULL}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct training t;
        begin(&t, &ordinary, lists[l]);
        train(&t);
        training_end(&t);
    }
}
END_TEST

START_TEST(a_small_temperature_alone_is_no_error)
{
    struct training t;
    begin(&t, &ordinary, (const char *const[]){"temperature", "1e-8", "ssl_reg", "1e-9", NULL});
    expect_success(train(&t));
    training_end(&t);
}
END_TEST

/* Features of 1e30 overflow where they are squared (MSI), not where they are normalised. */
START_TEST(features_of_1e30_and_of_0)
{
    traps_off(); /* their squares are no floats */
    static const float scales[] = {1e30f, 0};
    static const char *const kinds[] = {"leaky", "linear"};
    for (size_t s = 0; s < 2; s++)
        for (size_t k = 0; k < 2; k++) {
            struct world world = ordinary;
            struct training t;
            world.scale = scales[s];
            begin(&t, &world, (const char *const[]){"projection", kinds[k], NULL});
            diffmm_status status = train(&t);
            ck_assert(status == DIFFMM_OK || scales[s] > 1);
            training_end(&t);
            begin(&t, &world,
                  (const char *const[]){"projection", kinds[k], "diffusion.msi", "false", NULL});
            expect_success(train(&t));
            training_end(&t);
        }
}
END_TEST

struct warnings {
    size_t count;
    char last[200];
};

static void keep_warning(diffmm_log_level level, const char *message, void *user_data)
{
    struct warnings *warnings = user_data;
    warnings->count += level == DIFFMM_LOG_WARNING && strstr(message, "touched every item");
    snprintf(warnings->last, sizeof warnings->last, "%s", message);
}

static void begin_warned(struct training *t, struct warnings *warnings, const struct world *world,
                         const char *const *list)
{
    const diffmm_context_settings how = {.struct_size = sizeof how,
                                         .threads = 1,
                                         .log = keep_warning,
                                         .log_data = warnings,
                                         .log_level = DIFFMM_LOG_WARNING};
    diffmm_context *context;
    expect_success(diffmm_context_create(&how, &context));
    training_on(t, context, make_dataset(context, world), list);
}

/* There is no negative for a user with all items: sampling must not go on looking for one. */
START_TEST(a_user_with_all_items_and_an_item_with_all_users)
{
    const struct world world = {9, 7, some_and_all, 1, 1};
    struct warnings warnings = {0};
    struct training t;
    begin_warned(&t, &warnings, &world, (const char *const[]){NULL});
    ck_assert_uint_eq(warnings.count, 1);
    expect_success(train(&t));
    training_end(&t);
}
END_TEST

/* Nothing can be ranked: the recommender stays as it was drawn, the denoisers learn. */
START_TEST(users_with_all_items_only)
{
    const struct world world = {4, 6, always, 1, 1};
    struct warnings warnings = {0};
    struct training t;
    diffmm_parameter before = {.struct_size = sizeof before};
    begin_warned(&t, &warnings, &world, (const char *const[]){NULL});
    ck_assert_uint_eq(warnings.count, 1);
    expect_success(diffmm_model_parameter(t.model, "user_embedding", &before));
    size_t size = before.rows * before.columns * sizeof(float);
    float *drawn = malloc(size);
    ck_assert_ptr_nonnull(drawn);
    memcpy(drawn, before.values, size);
    expect_success(train(&t));
    ck_assert_mem_eq(drawn, before.values, size);
    free(drawn);
    training_end(&t);
}
END_TEST

START_TEST(one_user_one_item)
{
    static const struct world worlds[] = {
        {1, 12, some, 1, 1}, {12, 1, some, 1, 1}, {1, 1, always, 1, 1}, {2, 2, some, 1, 1}};
    static const char *const lists[][5] = {{NULL},
                                           {"contrastive.anchor", "main", NULL},
                                           {"diffusion.enabled", "false", NULL},
                                           {"norm", "true", "projection", "linear", NULL}};
    for (size_t w = 0; w < sizeof worlds / sizeof *worlds; w++)
        for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
            struct training t;
            begin(&t, &worlds[w], lists[l]);
            expect_success(train(&t));
            training_end(&t);
        }
}
END_TEST

/* Cutoffs beyond the items count misses; a generated neighbour must be an item. */
START_TEST(more_wanted_than_there_is)
{
    struct training t;
    const diffmm_metrics *valid;
    begin(&t, &ordinary, (const char *const[]){"cutoffs", "20,1000000", "rebuild_k", "20", NULL});
    expect_success(train(&t));
    expect_success(diffmm_trainer_best(t.trainer, NULL, &valid, NULL));
    ck_assert(valid[0].users > 0 && valid[1].cutoff == 1000000);
    /* All items are ranked, so everything held out is found. */
    ck_assert(fabs(valid[1].recall - 1.0) < 1e-12);
    ck_assert(fabs(valid[0].precision * 20 - valid[1].precision * 1e6) < 1e-9);
    diffmm_trainer *refused = NULL;
    expect_success(diffmm_options_set(t.options, "rebuild_k", "21"));
    expect_failure(diffmm_trainer_create(t.dataset, t.options, &refused),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "rebuild_k is 21");
    ck_assert_ptr_null(refused);
    training_end(&t);
}
END_TEST

START_TEST(repeated_interactions_count_once)
{
    struct world world = ordinary;
    struct training once, often;
    begin(&once, &world, (const char *const[]){NULL});
    world.copies = 5;
    begin(&often, &world, (const char *const[]){NULL});
    ck_assert_uint_eq(diffmm_dataset_interactions(once.dataset, DIFFMM_TRAIN),
                      diffmm_dataset_interactions(often.dataset, DIFFMM_TRAIN));
    expect_success(train(&once));
    expect_success(train(&often));
    expect_same_bits(once.model, often.model);
    training_end(&once);
    training_end(&often);
}
END_TEST

/* The batch only divides: with all pairs in one, and in one with room for as many again. */
START_TEST(batches_larger_than_the_data)
{
    static const char *const sizes[] = {"10000", "10000000"};
    struct training t[2];
    double bpr[2];
    for (size_t s = 0; s < 2; s++) {
        diffmm_report report = {.struct_size = sizeof report};
        begin(&t[s], &ordinary, (const char *const[]){"batch", sizes[s], NULL});
        expect_success(diffmm_trainer_epoch(t[s].trainer, &report));
        bpr[s] = report.loss.bpr;
        expect_success(train(&t[s]));
        training_end(&t[s]);
    }
    ck_assert(bpr[1] > 0 && fabs(bpr[0] / bpr[1] - 1000) < 1e-3);
}
END_TEST

static void set(const diffmm_model *model, const char *name, float value)
{
    diffmm_parameter parameter = {.struct_size = sizeof parameter};
    expect_success(diffmm_model_parameter(model, name, &parameter));
    size_t size = parameter.rows * parameter.columns;
    float *values = malloc(size * sizeof *values);
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < size; i++)
        values[i] = value * (float)(1 + i % 3);
    expect_success(diffmm_model_set_parameter((diffmm_model *)(uintptr_t)model, name,
                                              parameter.rows, parameter.columns, values));
    free(values);
}

/* Adam squares gradients: one whose square is infinite would stop a parameter for good. Rows of no
 * length are divided by 1e-12, and so are their gradients. */
START_TEST(gradients_too_large_to_square)
{
    traps_off(); /* a square is no float */
    struct training t;
    begin(&t, &ordinary,
          (const char *const[]){"projection", "linear", "temperature", "1e-8", "ssl_reg", "1e6",
                                "diffusion.enabled", "false", NULL});
    set(t.model, "modality.text.projection.weight", 0);
    set(t.model, "modality.text.projection.bias", 0);
    diffmm_status status = diffmm_trainer_epoch(t.trainer, NULL);
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "epoch 1, recommend: the gradient of modality.");
    expect_explained();
    training_end(&t);
}
END_TEST

/* No pair is trained on, whose loss would tell: evaluation does, so that every epoch's model can be
 * served. */
START_TEST(scores_that_overflow_unseen)
{
    traps_off(); /* their sums are no floats */
    const struct world world = {4, 6, always, 1, 1};
    struct warnings warnings = {0};
    struct training t;
    begin_warned(&t, &warnings, &world, (const char *const[]){"diffusion.enabled", "false", NULL});
    set(diffmm_trainer_model(t.trainer), "user_embedding", 1e22f);
    set(diffmm_trainer_model(t.trainer), "item_embedding", -1e22f);
    expect_failure(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_ERROR_NUMERIC,
                   "epoch 1, evaluate: model: scores overflow");
    training_end(&t);
}
END_TEST

/* Embeddings that are finite while their products are not. */
START_TEST(scores_that_overflow)
{
    traps_off(); /* products are no floats */
    struct training t;
    diffmm_scorer *scorer = NULL;
    begin(&t, &ordinary, (const char *const[]){"diffusion.enabled", "false", NULL});
    diffmm_model *model = diffmm_trainer_model(t.trainer);
    set(model, "user_embedding", 1e22f);
    set(model, "item_embedding", -1e22f);
    expect_success(diffmm_model_forward(model));
    expect_failure(diffmm_scorer_create(model, &scorer), DIFFMM_ERROR_NUMERIC,
                   "model: scores overflow, with norms of up to");
    ck_assert_ptr_null(scorer);
    set(model, "user_embedding", 1);
    set(model, "item_embedding", 1);
    expect_success(diffmm_model_forward(model));
    expect_serves(model);
    set(model, "user_embedding", 1e22f);
    set(model, "item_embedding", -1e22f);
    expect_failure(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_ERROR_NUMERIC, "epoch 1");
    expect_explained();
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        exploding_settings,           a_small_temperature_alone_is_no_error,
        features_of_1e30_and_of_0,    a_user_with_all_items_and_an_item_with_all_users,
        users_with_all_items_only,    one_user_one_item,
        more_wanted_than_there_is,    repeated_interactions_count_once,
        batches_larger_than_the_data, gradients_too_large_to_square,
        scores_that_overflow_unseen,  scores_that_overflow};
    return run_tests("train/extremes", tests, sizeof tests / sizeof *tests) != 0;
}
