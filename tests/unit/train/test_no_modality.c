/* SPDX-License-Identifier: BSD-2-Clause */
/* Without a modality the model is the collaborative part alone, and all that a model can do it can
 * do, too. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"

enum { users = 12, items = 9, columns = 3, d = 4 };

static float features[items * columns];

/* User u touches the items u, u + 3, u + 6 (mod 9); the last one is held out. */
static diffmm_dataset *make(diffmm_context *context, bool with_features)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    for (int32_t u = 0; u < users; u++)
        for (int32_t k = 0; k < 3; k++) {
            int32_t item = (u + 3 * k) % items;
            expect_success(diffmm_dataset_add_interactions(
                dataset, k == 2 ? DIFFMM_TEST : DIFFMM_TRAIN, 1, &u, &item));
        }
    for (size_t i = 0; i < items * columns; i++)
        features[i] = sinf((float)i);
    if (with_features)
        expect_success(
            diffmm_dataset_add_modality_array(dataset, "m", items, columns, features, columns));
    return dataset;
}

static diffmm_options *make_options(diffmm_context *context)
{
    diffmm_options *options;
    expect_success(diffmm_options_create(context, &options));
    expect_success(diffmm_options_set_integer(options, "embedding_size", d));
    expect_success(diffmm_options_set_integer(options, "epochs", 4));
    expect_success(diffmm_options_set_integer(options, "batch", 8));
    expect_success(diffmm_options_set(options, "hidden_sizes", "5"));
    expect_success(diffmm_options_set(options, "learning_rate", "0.01"));
    return options;
}

static diffmm_trainer *train(diffmm_dataset *dataset, const diffmm_options *options)
{
    diffmm_trainer *trainer;
    expect_success(diffmm_trainer_create(dataset, options, &trainer));
    for (int epoch = 0; epoch < 3; epoch++)
        expect_success(diffmm_trainer_epoch(trainer, NULL));
    return trainer;
}

static void score_all(const diffmm_scorer *scorer, float *scores)
{
    static const int32_t all[items] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    for (int32_t u = 0; u < users; u++)
        expect_success(diffmm_score(scorer, u, items, all, scores + u * items));
}

static void score_model(const diffmm_model *model, float *scores)
{
    diffmm_scorer *scorer;
    expect_success(diffmm_scorer_create(model, &scorer));
    score_all(scorer, scores);
    diffmm_scorer_destroy(scorer);
}

/* final = sum_l A^l V + ris_lambda rownorm(V), V = A [E_U; 0] + A [users of A [E_U; 0]; E_I], by
 * loops over the dense matrix. */
static void expect_formula(const diffmm_model *model)
{
    enum { n = users + items };
    static double a[n][n], v[n][d], y[n][d], final[n][d];
    double degree[n];
    memset(a, 0, sizeof a);
    for (int u = 0; u < users; u++)
        for (int k = 0; k < 2; k++) {
            int i = users + (u + 3 * k) % items;
            a[u][i] = a[i][u] = 1;
        }
    for (int r = 0; r < n; r++) {
        a[r][r] = 1;
        degree[r] = 0;
        for (int c = 0; c < n; c++)
            degree[r] += a[r][c];
    }
    for (int r = 0; r < n; r++)
        for (int c = 0; c < n; c++)
            a[r][c] /= sqrt(degree[r] * degree[c]);
    diffmm_parameter eu = {.struct_size = sizeof eu}, ei = {.struct_size = sizeof ei};
    expect_success(diffmm_model_parameter(model, "user_embedding", &eu));
    expect_success(diffmm_model_parameter(model, "item_embedding", &ei));
    for (int r = 0; r < n; r++)
        for (int k = 0; k < d; k++) {
            y[r][k] = 0;
            for (int c = 0; c < users; c++)
                y[r][k] += a[r][c] * (double)eu.values[c * d + k];
        }
    for (int r = 0; r < n; r++)
        for (int k = 0; k < d; k++) {
            v[r][k] = y[r][k];
            for (int c = 0; c < n; c++)
                v[r][k] += a[r][c] * (c < users ? y[c][k] : (double)ei.values[(c - users) * d + k]);
        }
    for (int r = 0; r < n; r++) {
        double norm = 0;
        for (int k = 0; k < d; k++)
            norm += v[r][k] * v[r][k];
        for (int k = 0; k < d; k++) {
            final[r][k] = v[r][k] + 0.5 * v[r][k] / sqrt(norm);
            for (int c = 0; c < n; c++) /* one layer */
                final[r][k] += a[r][c] * v[c][k];
        }
    }
    float scores[users * items];
    score_model(model, scores);
    for (int u = 0; u < users; u++)
        for (int i = 0; i < items; i++) {
            double wanted = 0;
            for (int k = 0; k < d; k++)
                wanted += final[u][k] * final[users + i][k];
            ck_assert_msg(fabs((double)scores[u * items + i] - wanted) < 1e-4 * (1 + fabs(wanted)),
                          "user %d, item %d: %g, not %g", u, i, (double)scores[u * items + i],
                          wanted);
        }
}

START_TEST(the_main_view_without_modalities)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = make(context, false);
    diffmm_options *options = make_options(context);
    diffmm_model *model;
    expect_success(diffmm_model_create(dataset, options, &model));
    expect_success(diffmm_model_forward(model));
    expect_formula(model);
    ck_assert_uint_eq(diffmm_model_modalities(model), 0);
    diffmm_model_destroy(model);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

/* With diffusion, without, with a further term: what is of modalities is not there. */
START_TEST(terms_of_modalities_are_not_there)
{
    static const char *const further[][2] = {{"epochs", "4"},
                                             {"diffusion.enabled", "false"},
                                             {"alignment", "0.1"},
                                             {"contrastive.anchor", "main"},
                                             {"contrastive.enabled", "false"}};
    float first[users * items], scores[users * items];
    for (size_t i = 0; i < sizeof further / sizeof *further; i++) {
        diffmm_context *context = new_context(0);
        diffmm_dataset *dataset = make(context, false);
        diffmm_options *options = make_options(context);
        expect_success(diffmm_options_set(options, further[i][0], further[i][1]));
        diffmm_trainer *trainer = train(dataset, options);
        score_model(diffmm_trainer_model(trainer), scores);
        if (i == 0)
            memcpy(first, scores, sizeof first);
        ck_assert_mem_eq(first, scores, sizeof first);
        expect_formula(diffmm_trainer_model(trainer));
        diffmm_trainer_destroy(trainer);
        diffmm_options_destroy(options);
        diffmm_dataset_destroy(dataset);
        diffmm_context_destroy(context);
    }
}
END_TEST

/* A modality that is not used is as one that is not there. */
START_TEST(disabled_is_as_none)
{
    float none[users * items], disabled[users * items], used[users * items];
    diffmm_context *context = new_context(0);
    diffmm_options *options = make_options(context);
    for (int with = 0; with < 3; with++) {
        diffmm_dataset *dataset = make(context, with > 0);
        expect_success(
            with ? diffmm_options_set(options, "modality.m.enabled", with == 1 ? "false" : "true")
                 : DIFFMM_OK);
        diffmm_trainer *trainer = train(dataset, options);
        score_model(diffmm_trainer_model(trainer), with == 0 ? none : with == 1 ? disabled : used);
        diffmm_trainer_destroy(trainer);
        diffmm_dataset_destroy(dataset);
    }
    ck_assert_mem_eq(none, disabled, sizeof none);
    ck_assert_mem_ne(none, used, sizeof none);
    diffmm_options_destroy(options);
    diffmm_context_destroy(context);
}
END_TEST

/* Model file and checkpoint; folding in and explaining from the file. */
START_TEST(saved_and_resumed)
{
    struct folder folder = folder_begin();
    struct path file = folder_path(&folder, "m.safetensors"),
                checkpoint = folder_path(&folder, "c.safetensors");
    diffmm_context *context = new_context(0);
    float scores[users * items], again[users * items], folded[d], refolded[d];
    const int32_t row[] = {0, 3, 6};
    diffmm_dataset *dataset = make(context, true);
    diffmm_options *options = make_options(context);
    expect_success(diffmm_options_set(options, "modality.m.enabled", "false"));
    diffmm_trainer *trainer = train(dataset, options), *resumed;
    diffmm_scorer *scorer, *opened;
    diffmm_model *loaded;
    expect_success(diffmm_trainer_checkpoint(trainer, checkpoint.text));
    expect_success(diffmm_model_save(diffmm_trainer_model(trainer), file.text));
    expect_success(diffmm_scorer_create(diffmm_trainer_model(trainer), &scorer));
    score_all(scorer, scores);

    expect_success(diffmm_scorer_open(context, file.text, &opened));
    score_all(opened, again);
    ck_assert_mem_eq(scores, again, sizeof scores);
    expect_success(diffmm_fold_in(scorer, 2, 3, row, folded));
    expect_success(diffmm_fold_in(opened, 2, 3, row, refolded));
    ck_assert_mem_eq(folded, refolded, sizeof folded);
    diffmm_scorer_destroy(opened);

    expect_success(diffmm_model_load(context, file.text, &loaded));
    score_model(loaded, again);
    ck_assert_mem_eq(scores, again, sizeof scores);
    diffmm_model_destroy(loaded);

    expect_success(diffmm_trainer_resume(dataset, checkpoint.text, NULL, &resumed));
    expect_success(diffmm_trainer_epoch(resumed, NULL));
    expect_success(diffmm_trainer_epoch(trainer, NULL));
    score_model(diffmm_trainer_model(trainer), scores);
    score_model(diffmm_trainer_model(resumed), again);
    ck_assert_mem_eq(scores, again, sizeof scores);
    diffmm_trainer_destroy(resumed);

    expect_success(diffmm_options_set(options, "modality.m.enabled", "true"));
    expect_failure(diffmm_trainer_resume(dataset, checkpoint.text, options, &resumed),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "modality.m.enabled");
    diffmm_scorer_destroy(scorer);
    diffmm_trainer_destroy(trainer);
    diffmm_options_destroy(options);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

/* A training may go on from a model with fewer or more modalities. */
START_TEST(from_a_model_with_others)
{
    diffmm_context *context = new_context(0);
    diffmm_options *options = make_options(context);
    diffmm_dataset *without = make(context, false), *with = make(context, true);
    diffmm_trainer *first = train(without, options), *second, *third;
    expect_success(diffmm_trainer_create_from(with, options, diffmm_trainer_model(first), &second));
    expect_success(diffmm_trainer_epoch(second, NULL));
    expect_success(
        diffmm_trainer_create_from(without, options, diffmm_trainer_model(second), &third));
    expect_success(diffmm_trainer_epoch(third, NULL));
    diffmm_trainer_destroy(third);
    diffmm_trainer_destroy(second);
    diffmm_trainer_destroy(first);
    diffmm_dataset_destroy(with);
    diffmm_dataset_destroy(without);
    diffmm_options_destroy(options);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_main_view_without_modalities,
                                  terms_of_modalities_are_not_there, disabled_is_as_none,
                                  saved_and_resumed, from_a_model_with_others};
    return run_tests("no modality", tests, sizeof tests / sizeof *tests);
}
