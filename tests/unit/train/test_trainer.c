/* SPDX-License-Identifier: BSD-2-Clause */
/* All epochs or one at a time, reports, early stopping, and that training is worth it. */
#include <stdlib.h>

#include "support/training.h"

enum { most_epochs = 40, modalities = 2, most_cutoffs = 3 };

/* What a report said, copied. */
struct told {
    size_t epoch, best_epoch;
    int finished;
    diffmm_losses loss;
    double denoiser_loss[modalities];
    diffmm_metrics valid[most_cutoffs], test[most_cutoffs];
};

struct history {
    size_t count;
    struct told told[most_epochs];
};

static int remember(const diffmm_report *report, void *user_data)
{
    struct history *history = user_data;
    struct told *told = &history->told[history->count++];
    *told = (struct told){.epoch = report->epoch,
                          .best_epoch = report->best_epoch,
                          .finished = report->finished,
                          .loss = report->loss};
    ck_assert_uint_eq(report->modality_count, modalities);
    ck_assert_uint_le(report->cutoff_count, most_cutoffs);
    memcpy(told->denoiser_loss, report->denoiser_loss, sizeof told->denoiser_loss);
    memcpy(told->valid, report->valid, report->cutoff_count * sizeof *told->valid);
    memcpy(told->test, report->test, report->cutoff_count * sizeof *told->test);
    return 0;
}

static void own_loop(struct training *t, struct history *history)
{
    diffmm_report report = {.struct_size = sizeof report};
    while (!report.finished) {
        expect_success(diffmm_trainer_epoch(t->trainer, &report));
        ck_assert_uint_eq(report.struct_size, sizeof report);
        remember(&report, history);
    }
}

START_TEST(one_at_a_time_equals_fit)
{
    static const char *const list[] = {"epochs",       "6",   "cutoffs", "20,5",
                                       "fusion_ratio", "0.3", NULL};
    struct training fit, loop;
    static struct history a, b;
    training_begin(&fit, list);
    training_begin(&loop, list);
    expect_success(diffmm_trainer_fit(fit.trainer, remember, &a));
    own_loop(&loop, &b);
    ck_assert_uint_eq(a.count, 6);
    ck_assert_mem_eq(&a, &b, sizeof a);
    expect_success(diffmm_trainer_restore_best(loop.trainer));
    expect_same_bits(fit.model, loop.model);
    /* Half by the host, the rest by fit. */
    struct training both;
    training_begin(&both, list);
    for (int epoch = 0; epoch < 3; epoch++)
        expect_success(diffmm_trainer_epoch(both.trainer, NULL));
    expect_success(diffmm_trainer_fit(both.trainer, NULL, NULL));
    expect_same_bits(fit.model, both.model);
    training_end(&fit);
    training_end(&loop);
    training_end(&both);
}
END_TEST

static void expect_metrics(const diffmm_metrics *metrics, size_t cutoff, size_t users)
{
    ck_assert_uint_eq(metrics->cutoff, cutoff);
    ck_assert_uint_eq(metrics->users, users);
    ck_assert(metrics->recall > 0 && metrics->recall <= 1);
    ck_assert(metrics->precision > 0 && metrics->precision <= 1);
    ck_assert(metrics->ndcg > 0 && metrics->ndcg <= 1);
}

static size_t users_with(const struct training *t, diffmm_split split)
{
    size_t users = 0;
    for (int32_t u = 0; (size_t)u < diffmm_dataset_users(t->dataset); u++) {
        const int32_t *items;
        size_t count;
        expect_success(diffmm_dataset_row(t->dataset, split, u, &items, &count));
        users += count > 0;
    }
    return users;
}

START_TEST(what_a_report_says)
{
    struct training t;
    training_begin(&t, (const char *const[]){"cutoffs", "10,40", "ssl_reg", "0.3", NULL});
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_epoch(t.trainer, &report));
    ck_assert_uint_eq(report.epoch, 1);
    ck_assert_uint_eq(report.best_epoch, 1);
    ck_assert_int_eq(report.finished, 0);
    ck_assert(report.seconds.denoise > 0 && report.seconds.generate > 0);
    ck_assert(report.seconds.recommend > 0 && report.seconds.evaluate > 0);
    ck_assert(report.loss.bpr > 0 && report.loss.bpr < 0.7); /* ln 2 at the beginning */
    ck_assert(report.loss.contrastive > 0 && report.loss.regularizer > 0);
    ck_assert(fabs(report.loss.bpr + report.loss.contrastive + report.loss.regularizer -
                   report.loss.total) < 1e-12);
    ck_assert_uint_eq(report.modality_count, 2);
    ck_assert(report.denoiser_loss[0] > 0 && report.denoiser_loss[1] > 0);
    ck_assert_uint_eq(report.cutoff_count, 2);
    for (size_t c = 0; c < 2; c++) {
        expect_metrics(&report.valid[c], c ? 40 : 10, users_with(&t, DIFFMM_VALID));
        expect_metrics(&report.test[c], c ? 40 : 10, users_with(&t, DIFFMM_TEST));
        diffmm_metrics again;
        expect_success(diffmm_evaluate(
            t.context, t.dataset, DIFFMM_TEST, 8, diffmm_model_user_embeddings(t.model),
            diffmm_model_item_embeddings(t.model), 1, &report.test[c].cutoff, &again));
        ck_assert_mem_eq(&again, &report.test[c], sizeof again);
    }
    ck_assert(report.valid[1].recall > report.valid[0].recall); /* 40 of 60 items */

    /* A caller of an earlier version gets the fields it knows. */
    diffmm_report small;
    memset(&small, 0x55, sizeof small);
    small.struct_size = offsetof(diffmm_report, seconds);
    expect_success(diffmm_trainer_epoch(t.trainer, &small));
    ck_assert_uint_eq(small.epoch, 2);
    ck_assert_uint_eq(small.modality_count, 0x5555555555555555);
    ck_assert_uint_eq(small.struct_size, offsetof(diffmm_report, seconds));
    expect_success(diffmm_trainer_epoch(t.trainer, &report));
    ck_assert_uint_eq(report.epoch, 3);
    ck_assert_int_ne(report.finished, 0);
    training_end(&t);
}
END_TEST

static int stop_at_once(const diffmm_progress *progress, void *user_data)
{
    (void)progress;
    (void)user_data;
    return 1;
}

START_TEST(the_last_report_can_be_read_later)
{
    struct training t;
    training_begin(&t, (const char *const[]){"epochs", "3", NULL});
    diffmm_report heard = {.struct_size = sizeof heard}, read = heard;
    expect_success(diffmm_trainer_report(t.trainer, &read));
    ck_assert_uint_eq(read.epoch, 0);
    expect_success(diffmm_trainer_epoch(t.trainer, &heard));
    expect_success(diffmm_trainer_report(t.trainer, &read));
    ck_assert_mem_eq(&read.loss, &heard.loss, sizeof read.loss);
    ck_assert_mem_eq(&read.seconds, &heard.seconds, sizeof read.seconds);
    ck_assert_mem_eq(read.valid, heard.valid, heard.cutoff_count * sizeof *read.valid);
    ck_assert(read.epoch == 1 && read.loss.total > 0 && read.denoiser_loss[1] > 0);

    /* An epoch that was not completed leaves that of the one before. */
    expect_success(diffmm_trainer_on_progress(t.trainer, stop_at_once, NULL));
    ck_assert_int_eq(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_CANCELLED);
    expect_success(diffmm_trainer_report(t.trainer, &read));
    ck_assert_uint_eq(read.epoch, 1);
    expect_success(diffmm_trainer_on_progress(t.trainer, NULL, NULL));

    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_report(t.trainer, &read));
    ck_assert(read.epoch == 3 && read.finished);
    expect_invalid(diffmm_trainer_report(NULL, &read), "trainer is NULL");
    expect_invalid(diffmm_trainer_report(t.trainer, NULL), "out is NULL");
    read.struct_size = 5;
    expect_invalid(diffmm_trainer_report(t.trainer, &read), "struct_size is 5");
    training_end(&t);
}
END_TEST

START_TEST(after_the_last_epoch)
{
    struct training t;
    diffmm_model *before;
    size_t epoch, again;
    training_begin(&t, (const char *const[]){"epochs", "2", NULL});
    expect_failure(diffmm_trainer_restore_best(t.trainer), DIFFMM_ERROR_STATE, "no epoch");
    expect_failure(diffmm_trainer_best(t.trainer, &epoch, NULL, NULL), DIFFMM_ERROR_STATE,
                   "no epoch");
    expect_success(diffmm_model_create(t.dataset, t.options, &before));
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_failure(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_ERROR_STATE, "after epoch 2");
    const diffmm_metrics *valid, *test;
    expect_success(diffmm_trainer_best(t.trainer, &epoch, &valid, &test));
    ck_assert(epoch >= 1 && epoch <= 2 && valid[0].cutoff == 20 && test[0].users > 0);
    expect_success(diffmm_trainer_best(t.trainer, NULL, NULL, NULL));
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL)); /* nothing left to do */
    expect_success(diffmm_trainer_best(t.trainer, &again, NULL, NULL));
    ck_assert_uint_eq(again, epoch);
    ck_assert(memcmp(diffmm_model_user_embeddings(before), diffmm_model_user_embeddings(t.model),
                     final_size(before) * sizeof(float)) != 0);
    diffmm_model_destroy(before);
    training_end(&t);
}
END_TEST

/* Popular items for everybody. */
static double popularity_recall(const struct training *t)
{
    size_t users = diffmm_dataset_users(t->dataset), items = diffmm_dataset_items(t->dataset);
    float *ones = malloc(users * sizeof *ones), *counts = calloc(items, sizeof *counts);
    for (size_t u = 0; u < users; u++) {
        const int32_t *row;
        size_t count;
        ones[u] = 1;
        expect_success(diffmm_dataset_row(t->dataset, DIFFMM_TRAIN, (int32_t)u, &row, &count));
        for (size_t i = 0; i < count; i++)
            counts[row[i]] += 1;
    }
    const size_t cutoff = 20;
    diffmm_metrics metrics;
    expect_success(diffmm_evaluate(t->context, t->dataset, DIFFMM_TEST, 1, ones, counts, 1, &cutoff,
                                   &metrics));
    free(ones);
    free(counts);
    return metrics.recall;
}

START_TEST(training_is_worth_it)
{
    struct training t;
    diffmm_context *context;
    diffmm_dataset *dataset;
    static struct history history;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 2}, &context));
    expect_success(diffmm_dataset_synthesize(context, NULL, &dataset));
    training_on(&t, context, dataset,
                (const char *const[]){"embedding_size", "16", "hidden_sizes", "32", "batch", "512",
                                      "epochs", "4", NULL});
    expect_success(diffmm_trainer_fit(t.trainer, remember, &history));
    double popular = popularity_recall(&t);
    const diffmm_metrics *test;
    expect_success(diffmm_trainer_best(t.trainer, NULL, NULL, &test));
    ck_assert_msg(popular > 0 && test[0].recall > 1.5 * popular, "%g, popularity %g",
                  test[0].recall, popular);
    const struct told *first = &history.told[0], *last = &history.told[3];
    ck_assert(last->loss.bpr < 0.7 * first->loss.bpr);
    ck_assert(last->loss.total < first->loss.total);
    for (size_t m = 0; m < 2; m++)
        ck_assert(last->denoiser_loss[m] < first->denoiser_loss[m]);
    training_end(&t);
}
END_TEST

/* Where a run with this patience ends, by the recalls of one that never stops early. */
static size_t expected_end(const struct history *history, size_t patience, size_t *best)
{
    *best = 0;
    for (size_t e = 0; e < history->count; e++) {
        if (e == 0 || history->told[e].valid[0].recall > history->told[*best].valid[0].recall)
            *best = e;
        if (e - *best >= patience)
            return e;
    }
    return history->count;
}

static void expect_early_stop(const struct history *whole, float *const *embeddings,
                              const char *patience)
{
    struct training t;
    static struct history history;
    size_t best, end = expected_end(whole, (size_t)atoi(patience), &best), epoch;
    ck_assert_uint_lt(end + 1, whole->count); /* else this would show nothing */
    history.count = 0;
    training_begin(&t, (const char *const[]){"epochs", "30", "patience", patience, NULL});
    expect_success(diffmm_trainer_fit(t.trainer, remember, &history));
    ck_assert_uint_eq(history.count, end + 1);
    ck_assert_int_ne(history.told[end].finished, 0);
    ck_assert_int_eq(history.told[end - 1].finished, 0);
    expect_success(diffmm_trainer_best(t.trainer, &epoch, NULL, NULL));
    ck_assert_uint_eq(epoch, best + 1);
    ck_assert_mem_eq(diffmm_model_user_embeddings(t.model), embeddings[best],
                     final_size(t.model) * sizeof(float));
    expect_failure(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_ERROR_STATE, "finished");
    training_end(&t);
}

START_TEST(early_stopping_goes_back_to_the_best)
{
    struct training t;
    static struct history whole;
    float *embeddings[30];
    training_begin(&t, (const char *const[]){"epochs", "30", "patience", "0", NULL});
    size_t size = final_size(t.model) * sizeof(float);
    diffmm_report report = {.struct_size = sizeof report};
    for (size_t e = 0; e < 30; e++) {
        expect_success(diffmm_trainer_epoch(t.trainer, &report));
        remember(&report, &whole);
        embeddings[e] = malloc(size);
        memcpy(embeddings[e], diffmm_model_user_embeddings(t.model), size);
    }
    expect_early_stop(&whole, embeddings, "1");
    expect_early_stop(&whole, embeddings, "3");
    for (size_t e = 0; e < 30; e++)
        free(embeddings[e]);
    training_end(&t);
}
END_TEST

/* What is restored are the best epoch's parameters too, not its embeddings alone. */
START_TEST(the_best_epochs_parameters)
{
    struct training t, at_best;
    size_t best;
    training_begin(&t, (const char *const[]){"epochs", "30", "patience", "1", NULL});
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_best(t.trainer, &best, NULL, NULL));
    training_begin(&at_best, (const char *const[]){"epochs", "30", NULL});
    for (size_t e = 0; e < best; e++)
        expect_success(diffmm_trainer_epoch(at_best.trainer, NULL));
    for (size_t p = 0; p < 5; p++) { /* the recommender's; then come the denoisers' */
        diffmm_parameter a = {.struct_size = sizeof a}, b = a;
        expect_success(diffmm_model_parameter_at(t.model, p, &a));
        expect_success(diffmm_model_parameter_at(at_best.model, p, &b));
        ck_assert_mem_eq(a.values, b.values, a.rows * a.columns * sizeof(float));
    }
    training_end(&t);
    training_end(&at_best);
}
END_TEST

START_TEST(a_learning_rate_of_zero_learns_nothing)
{
    struct training t;
    diffmm_model *before;
    training_begin(&t,
                   (const char *const[]){"learning_rate", "0", "denoiser_learning_rate", "0",
                                         "epochs", "50", "patience", "2", "keep_rate", "1", NULL});
    expect_success(diffmm_model_create(t.dataset, t.options, &before));
    static struct history history;
    expect_success(diffmm_trainer_fit(t.trainer, remember, &history));
    ck_assert_uint_eq(history.count, 3);
    for (size_t p = 0; p < diffmm_model_parameters(before); p++) {
        diffmm_parameter a = {.struct_size = sizeof a}, b = a;
        expect_success(diffmm_model_parameter_at(before, p, &a));
        expect_success(diffmm_model_parameter_at(t.model, p, &b));
        ck_assert_mem_eq(a.values, b.values, a.rows * a.columns * sizeof(float));
    }
    ck_assert_mem_eq(history.told[0].valid, history.told[2].valid, sizeof(diffmm_metrics));
    diffmm_model_destroy(before);
    training_end(&t);
}
END_TEST

/* The same sample in each epoch; training itself does not depend on it. */
START_TEST(an_epoch_is_evaluated_on_a_sample)
{
    struct training t, all;
    diffmm_report report = {.struct_size = sizeof report};
    training_begin(&t, (const char *const[]){"evaluate.users", "20", "cutoffs", "5", NULL});
    training_begin(&all, (const char *const[]){"cutoffs", "5", NULL});
    for (size_t epoch = 0; epoch < 3; epoch++) {
        expect_success(diffmm_trainer_epoch(t.trainer, &report));
        expect_success(diffmm_trainer_epoch(all.trainer, NULL));
        ck_assert(report.valid[0].users > 0 && report.valid[0].users <= 20);
        ck_assert(report.test[0].users > 0 && report.test[0].users <= 20);
        ck_assert(report.valid[0].users == 20 || report.test[0].users == 20);
    }
    expect_same_bits(all.model, t.model);
    training_end(&all);
    training_end(&t);
}
END_TEST

/* As many pairs as a step of the published settings has, or fewer, leave nothing to choose. */
START_TEST(a_batch_that_fits_few_pairs_is_the_published_one)
{
    struct training fitted, published;
    training_begin(&fitted, (const char *const[]){"batch", "auto", NULL});
    training_begin(&published, (const char *const[]){"batch", "1024", NULL});
    expect_success(diffmm_trainer_fit(fitted.trainer, NULL, NULL));
    expect_success(diffmm_trainer_fit(published.trainer, NULL, NULL));
    expect_same_bits(published.model, fitted.model);
    training_end(&published);
    training_end(&fitted);
}
END_TEST

START_TEST(handles_end_in_any_order)
{
    struct training t;
    training_begin(&t, (const char *const[]){NULL});
    diffmm_context_destroy(t.context);
    diffmm_dataset_destroy(t.dataset);
    diffmm_options_destroy(t.options);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_finite(t.model);
    diffmm_trainer_destroy(t.trainer);
    diffmm_trainer_destroy(NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {one_at_a_time_equals_fit,
                                  what_a_report_says,
                                  the_last_report_can_be_read_later,
                                  after_the_last_epoch,
                                  training_is_worth_it,
                                  early_stopping_goes_back_to_the_best,
                                  the_best_epochs_parameters,
                                  a_learning_rate_of_zero_learns_nothing,
                                  an_epoch_is_evaluated_on_a_sample,
                                  a_batch_that_fits_few_pairs_is_the_published_one,
                                  handles_end_in_any_order};
    return run_tests("train/trainer", tests, sizeof tests / sizeof *tests) != 0;
}
