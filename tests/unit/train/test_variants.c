/* SPDX-License-Identifier: BSD-2-Clause */
/* The method's variants, and data at its edges: each trains, and does what it says. */
#include <stdlib.h>
#include <string.h>

#include "support/training.h"

static void fit(struct training *t, const char *const *list, diffmm_report *last)
{
    training_begin(t, list);
    *last = (diffmm_report){.struct_size = sizeof *last};
    for (int epoch = 0; epoch < 2; epoch++)
        expect_success(diffmm_trainer_epoch(t->trainer, last));
    expect_finite(t->model);
    ck_assert(isfinite(last->loss.total) && last->loss.bpr > 0);
}

/* Each setting changes what is learnt. */
START_TEST(each_setting_matters)
{
    static const char *const variants[][3] = {
        {"diffusion.enabled", "false"},
        {"diffusion.msi", "false"},
        {"steps", "9"},
        {"noise_scale", "0.4"},
        {"beta_fixed", "false"},
        {"norm", "true"},
        {"denoiser.kind", "spectral"},
        {"hidden_sizes", "9,14"},
        {"dropout", "0"},
        {"e_loss", "0.9"},
        {"sampling_steps", "3"},
        {"sampling_noise", "true"},
        {"rebuild_k", "4"},
        {"keep_rate", "1"},
        {"contrastive.enabled", "no"},
        {"contrastive.anchor", "main"},
        {"temperature", "0.2"},
        {"ssl_reg", "0.1"},
        {"alignment", "0.5"},
        {"fusion_ratio", "0.5"},
        {"fusion_ratio", "1"},
        {"layers", "0"},
        {"layers", "3"},
        {"ris_lambda", "0"},
        {"ris_adj_lambda", "1"},
        {"projection", "linear"},
        {"batch", "100000"},
        {"reg", "0.1"},
        {"learning_rate", "0.02"},
        {"denoiser_learning_rate", "0.1"},
        {"modality.text.projection", "linear"},
        {"embedding_size", "5"},
        {"time_embedding_size", "3"},
        {"denoiser.passes", "2"},
        {"denoiser.warmup", "1"},
        {"generate.every", "2"},
        {"weight_decay", "0.1"},
        {"learning_rate_decay", "0.5"},
        {"denoiser_learning_rate_decay", "0.5"},
        {"average", "0.5"},
        {"generate.unseen", "true"},
        {"contrastive.negatives", "20"},
        {"contrastive.negatives", "500"},
    };
    struct training standard, t;
    diffmm_report base, report;
    fit(&standard, (const char *const[]){NULL}, &base);
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        fit(&t, variants[v], &report);
        ck_assert_msg(first_difference(standard.model, t.model) != NULL, "%s", variants[v][0]);
        training_end(&t);
    }
    training_end(&standard);
}
END_TEST

/* With one neighbour each weight is 1, and the graph that of weights that are all 1. */
START_TEST(weights_by_scores)
{
    struct training one, scored, several, weighted;
    diffmm_report report;
    fit(&one, (const char *const[]){NULL}, &report);
    fit(&scored, (const char *const[]){"generate.weights", "scores", NULL}, &report);
    fit(&several, (const char *const[]){"rebuild_k", "4", NULL}, &report);
    fit(&weighted, (const char *const[]){"rebuild_k", "4", "generate.weights", "scores", NULL},
        &report);
    expect_same_bits(one.model, scored.model);
    ck_assert_ptr_nonnull(first_difference(several.model, weighted.model));
    training_end(&one);
    training_end(&scored);
    training_end(&several);
    training_end(&weighted);
}
END_TEST

START_TEST(without_diffusion)
{
    struct training t;
    diffmm_report report;
    fit(&t, (const char *const[]){"diffusion.enabled", "false", NULL}, &report);
    ck_assert(report.denoiser_loss[0] == 0 && report.denoiser_loss[1] == 0);
    ck_assert(report.seconds.denoise == 0);
    ck_assert_uint_eq(diffmm_model_parameters(t.model), 5); /* no denoisers */
    training_end(&t);
}
END_TEST

/* The MSI term is part of the loss that is reported. */
START_TEST(the_modality_signal)
{
    struct training with, without;
    diffmm_report a, b;
    fit(&with, (const char *const[]){"denoiser_learning_rate", "0", "e_loss", "0.5", NULL}, &a);
    fit(&without,
        (const char *const[]){"denoiser_learning_rate", "0", "diffusion.msi", "false", NULL}, &b);
    ck_assert(a.denoiser_loss[0] > 1.001 * b.denoiser_loss[0]);
    training_end(&with);
    training_end(&without);
}
END_TEST

START_TEST(without_contrast)
{
    struct training t;
    diffmm_report report;
    fit(&t, (const char *const[]){"contrastive.enabled", "false", NULL}, &report);
    ck_assert(report.loss.contrastive == 0);
    training_end(&t);
}
END_TEST

/* Ratio 0 is the pure generated graph; with contrast off, the ratio has nothing to act on. */
START_TEST(view_fusion_acts_on_the_views_alone)
{
    struct training a, b;
    diffmm_report report;
    fit(&a, (const char *const[]){"contrastive.enabled", "false", NULL}, &report);
    fit(&b, (const char *const[]){"contrastive.enabled", "false", "fusion_ratio", "0.5", NULL},
        &report);
    expect_same_bits(a.model, b.model);
    training_end(&a);
    training_end(&b);
}
END_TEST

START_TEST(several_cutoffs)
{
    struct training t;
    diffmm_report report;
    fit(&t, (const char *const[]){"cutoffs", "5,20,1000000", NULL}, &report);
    static const size_t cutoffs[] = {5, 20, 1000000};
    ck_assert_uint_eq(report.cutoff_count, 3);
    for (size_t c = 0; c < 3; c++)
        ck_assert(report.test[c].cutoff == cutoffs[c] && report.valid[c].cutoff == cutoffs[c]);
    ck_assert(report.test[0].recall < report.test[1].recall);
    ck_assert(report.test[2].recall == 1); /* a ranking longer than the catalogue holds all */
    ck_assert(report.test[2].precision < 1e-4);
    training_end(&t);
}
END_TEST

/* The best epoch so far by one cutoff's metrics: recall, then NDCG, then the loss. */
struct chosen {
    size_t epoch;
    double recall, ndcg, loss;
};

static void follow(struct chosen *chosen, const diffmm_report *report, const diffmm_metrics *m)
{
    double loss = report->loss.total;
    bool better = chosen->epoch == 0 || m->recall > chosen->recall;
    if (!better && m->recall == chosen->recall)
        better = m->ndcg > chosen->ndcg || (m->ndcg == chosen->ndcg && loss < chosen->loss);
    if (better)
        *chosen = (struct chosen){report->epoch, m->recall, m->ndcg, loss};
    ck_assert_uint_eq(report->best_epoch, chosen->epoch);
}

/* The best epoch so far is the one that a split's metrics say, at each epoch. */
static void expect_chosen_by(const char *const *list, diffmm_split split)
{
    struct training t;
    struct chosen best = {0};
    size_t chosen;
    training_begin(&t, list);
    diffmm_report report = {.struct_size = sizeof report};
    while (!report.finished) {
        expect_success(diffmm_trainer_epoch(t.trainer, &report));
        follow(&best, &report, split == DIFFMM_TEST ? report.test : report.valid);
    }
    expect_success(diffmm_trainer_best(t.trainer, &chosen, NULL, NULL));
    ck_assert_uint_eq(chosen, best.epoch);
    training_end(&t);
}

START_TEST(the_split_that_selects)
{
    expect_chosen_by((const char *const[]){"select", "test", "epochs", "20", "patience", "0", NULL},
                     DIFFMM_TEST);
    expect_chosen_by((const char *const[]){"epochs", "20", "patience", "0", NULL}, DIFFMM_VALID);
}
END_TEST

/* Data by hand: user u touches item i in a split. */
struct touch {
    int32_t user, item;
    diffmm_split split;
};

static void train_on(struct training *t, size_t users, size_t items, const struct touch *touches,
                     size_t count, const char *const *list)
{
    static float features[64];
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_reserve(dataset, users, items));
    for (size_t i = 0; i < count; i++)
        expect_success(diffmm_dataset_add_interactions(dataset, touches[i].split, 1,
                                                       &touches[i].user, &touches[i].item));
    for (size_t i = 0; i < 64; i++)
        features[i] = cosf((float)i);
    ck_assert_uint_le(2 * items, 64);
    expect_success(diffmm_dataset_add_modality_array(dataset, "cover", items, 2, features, 2));
    training_on(t, context, dataset, list);
}

/* Of a training: the last epoch and its results, and the best. */
struct outcome {
    size_t epoch, best;
    diffmm_losses loss;
    diffmm_metrics valid, test;
};

static struct outcome fit_on(size_t users, size_t items, const struct touch *touches, size_t count,
                             const char *const *list)
{
    struct training t;
    train_on(&t, users, items, touches, count, list);
    diffmm_report last = {.struct_size = sizeof last};
    struct chosen best = {0};
    while (!last.finished) {
        expect_success(diffmm_trainer_epoch(t.trainer, &last));
        if (last.valid->users + last.test->users > 0)
            follow(&best, &last, last.valid->users > 0 ? last.valid : last.test);
    }
    expect_finite(t.model);
    struct outcome outcome = {
        .epoch = last.epoch, .loss = last.loss, .valid = last.valid[0], .test = last.test[0]};
    ck_assert(isfinite(last.loss.total) && isfinite(last.denoiser_loss[0]));
    ck_assert(isfinite(last.valid[0].recall) && isfinite(last.test[0].ndcg));
    expect_success(diffmm_trainer_best(t.trainer, &outcome.best, NULL, NULL));
    training_end(&t);
    return outcome;
}

static const char *const longer[] = {"epochs", "15", "patience", "4", NULL};
static const char *const anchored[] = {"epochs", "15", "patience", "4", "contrastive.anchor",
                                       "main",   NULL};

/* All data is training data: there is nothing to stop early by, and the last epoch is the best. */
START_TEST(nothing_held_out)
{
    static const struct touch touches[] = {{0, 0, 0}, {0, 1, 0}, {1, 2, 0}, {2, 1, 0}};
    struct outcome outcome = fit_on(3, 4, touches, 4, longer);
    ck_assert_uint_eq(outcome.epoch, 15);
    ck_assert_uint_eq(outcome.best, 15);
    ck_assert(outcome.valid.users == 0 && outcome.test.users == 0);
    ck_assert(outcome.valid.recall == 0 && outcome.test.recall == 0);
}
END_TEST

struct heard {
    size_t warnings,
        strategies; /* strategies: how the denoiser's loss and the graphs are computed */
};

static void listen(diffmm_log_level level, const char *message, void *user_data)
{
    struct heard *heard = user_data;
    heard->warnings += level == DIFFMM_LOG_WARNING && strstr(message, "nothing is held out");
    heard->strategies += level == DIFFMM_LOG_DEBUG && strstr(message, " strategy (");
}

START_TEST(the_log_says_what_is_missing_and_which_strategies_are_taken)
{
    static const int32_t user[] = {0, 1, 2}, item[] = {0, 1, 1};
    static const float features[] = {1, 0, 0, 1};
    static const char *const plain[] = {NULL};
    struct heard heard = {0};
    diffmm_context *context;
    diffmm_dataset *dataset;
    struct training t;
    const diffmm_context_settings how = {
        .threads = 1, .log = listen, .log_data = &heard, .log_level = DIFFMM_LOG_DEBUG};
    expect_success(diffmm_context_create(&how, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
    expect_success(diffmm_dataset_add_modality_array(dataset, "cover", 2, 2, features, 2));
    training_on(&t, context, dataset, plain);
    ck_assert_uint_eq(heard.warnings, 1);
    ck_assert_uint_eq(heard.strategies, 2);
    training_end(&t);
    heard = (struct heard){0};
    training_with(&t, &how, plain);
    ck_assert_uint_eq(heard.warnings, 0);
    training_end(&t);
}
END_TEST

START_TEST(without_validation_the_test_split_selects)
{
    static const struct touch touches[] = {
        {0, 0, DIFFMM_TRAIN}, {0, 1, DIFFMM_TRAIN}, {1, 2, DIFFMM_TRAIN}, {0, 3, DIFFMM_TEST}};
    struct outcome outcome = fit_on(2, 4, touches, 4, longer);
    ck_assert_uint_gt(outcome.best, 1); /* four items are always among the first 20: NDCG decides */
    ck_assert(outcome.epoch == 15 || outcome.epoch == outcome.best + 4);
    ck_assert(outcome.test.recall == 1 && outcome.test.precision == 1.0 / 20);
}
END_TEST

START_TEST(one_user)
{
    static const struct touch touches[] = {{0, 1, DIFFMM_TRAIN}, {0, 2, DIFFMM_VALID}};
    ck_assert_uint_eq(fit_on(1, 4, touches, 2, longer).valid.users, 1);
    ck_assert_uint_eq(fit_on(1, 4, touches, 2, anchored).valid.users, 1);
}
END_TEST

/* One item: nothing can be a negative, so nothing is learnt from pairs; nor is anything ranked. */
START_TEST(one_item)
{
    static const struct touch touches[] = {{0, 0, DIFFMM_TRAIN}, {1, 0, DIFFMM_TEST}};
    struct training t; /* user 1 has no training item */
    train_on(&t, 2, 1, touches, 2, longer);
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_epoch(t.trainer, &report));
    ck_assert(report.loss.total == 0); /* no batch */
    ck_assert(report.denoiser_loss[0] > 0);
    ck_assert(report.test[0].users == 0 && report.test_cold_users == 1);
    expect_finite(t.model);
    training_end(&t);
}
END_TEST

START_TEST(a_user_with_all_items)
{
    static const struct touch touches[] = {{0, 0, DIFFMM_TRAIN}, {0, 1, DIFFMM_TRAIN},
                                           {0, 2, DIFFMM_TRAIN}, {1, 0, DIFFMM_TRAIN},
                                           {1, 1, DIFFMM_VALID}, {3, 2, DIFFMM_TEST}};
    struct outcome outcome = fit_on(4, 3, touches, 6, longer);
    ck_assert(outcome.loss.bpr > 0);          /* user 1 has two items left */
    ck_assert_uint_eq(outcome.test.users, 0); /* user 3 has no training item */
    ck_assert(fit_on(4, 3, touches, 6, anchored).loss.contrastive > 0);
    /* Three neighbours of each user, but user 0 has no item left, and user 1 one. */
    static const char *const lists[][11] = {
        {"epochs", "4", "rebuild_k", "3", "generate.unseen", "true"},
        {"epochs", "4", "rebuild_k", "3", "generate.unseen", "true", "generate.weights", "scores",
         "generate.every", "2"}};
    for (size_t l = 0; l < 2; l++)
        ck_assert(fit_on(4, 3, touches, 6, lists[l]).loss.bpr > 0);
}
END_TEST

START_TEST(one_modality_and_modal_anchor)
{
    static const struct touch touches[] = {{0, 0, 0}, {0, 1, 0}, {1, 2, 0}, {2, 1, 0}};
    ck_assert(fit_on(3, 4, touches, 4, longer).loss.contrastive == 0);
    ck_assert(fit_on(3, 4, touches, 4, anchored).loss.contrastive > 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_setting_matters,
                                  weights_by_scores,
                                  without_diffusion,
                                  the_modality_signal,
                                  without_contrast,
                                  view_fusion_acts_on_the_views_alone,
                                  several_cutoffs,
                                  the_split_that_selects,
                                  nothing_held_out,
                                  the_log_says_what_is_missing_and_which_strategies_are_taken,
                                  without_validation_the_test_split_selects,
                                  one_user,
                                  one_item,
                                  a_user_with_all_items,
                                  one_modality_and_modal_anchor};
    return run_tests("train/variants", tests, sizeof tests / sizeof *tests) != 0;
}
