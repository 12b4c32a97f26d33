/* SPDX-License-Identifier: BSD-2-Clause */
/* The final fit: on everything, for as many epochs as the best one's number. */
#include <stdlib.h>

#include <diffmm/recommend.h>

#include "support/failing.h"
#include "support/training.h"
#include "train/trainer.h"

static const char *const short_training[] = {"epochs", "6", "patience", "3", NULL};

/* What a host that holds nothing out would have made of the same interactions by hand. */
static diffmm_trainer *by_hand(const struct training *t, size_t epochs)
{
    diffmm_dataset *joined;
    diffmm_options *options = settings(t->context, training_settings);
    diffmm_trainer *trainer;
    set_all(options, short_training);
    expect_success(diffmm_options_set_integer(options, "epochs", (int64_t)epochs));
    expect_success(diffmm_dataset_create(t->context, &joined));
    expect_success(diffmm_dataset_reserve(joined, 70, 60));
    for (int32_t u = 0; u < 70; u++)
        for (int split = DIFFMM_TEST; split >= DIFFMM_TRAIN; split--) {
            const int32_t *items;
            int32_t user[60];
            size_t count;
            expect_success(diffmm_dataset_row(t->dataset, (diffmm_split)split, u, &items, &count));
            for (size_t i = 0; i < count; i++)
                user[i] = u;
            if (count > 0)
                expect_success(
                    diffmm_dataset_add_interactions(joined, DIFFMM_TRAIN, count, user, items));
        }
    for (size_t m = 0; m < 2; m++) {
        static float features[2][60 * 12];
        size_t inputs = diffmm_dataset_modality_dimensions(t->dataset, m);
        expect_success(diffmm_dataset_features(t->dataset, m, 0, 60, features[m]));
        expect_success(diffmm_dataset_add_modality_array(
            joined, diffmm_dataset_modality_name(t->dataset, m), 60, inputs, features[m], inputs));
    }
    expect_success(diffmm_trainer_create(joined, options, &trainer));
    diffmm_dataset_destroy(joined);
    diffmm_options_destroy(options);
    expect_success(diffmm_trainer_fit(trainer, NULL, NULL));
    return trainer;
}

static void expect_final(const diffmm_trainer *final, size_t epochs)
{
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_report(final, &report));
    ck_assert_uint_eq(report.epoch, epochs);
    ck_assert(report.finished);
    ck_assert_uint_eq(report.valid[0].users, 0);
    ck_assert_uint_eq(report.test[0].users, 0);
}

START_TEST(it_is_a_training_on_everything_for_the_chosen_epochs)
{
    struct training t;
    diffmm_trainer *final, *at_once;
    size_t best, still;
    training_begin(&t, short_training);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_best(t.trainer, &best, NULL, NULL));
    ck_assert_uint_gt(best, 1);
    diffmm_trainer *other = by_hand(&t, best);
    expect_success(diffmm_trainer_create_final(t.trainer, &final));
    expect_success(diffmm_trainer_fit(final, NULL, NULL));
    expect_success(diffmm_trainer_fit_final(t.trainer, NULL, NULL, &at_once));
    expect_success(diffmm_trainer_best(t.trainer, &still, NULL, NULL));
    ck_assert_uint_eq(best, still);
    ck_assert_ptr_nonnull(first_difference(t.model, diffmm_trainer_model(final)));
    training_end(&t); /* neither needs the first trainer */
    expect_final(final, best);
    expect_final(at_once, best);
    expect_same_bits(diffmm_trainer_model(final), diffmm_trainer_model(other));
    expect_same_bits(diffmm_trainer_model(at_once), diffmm_trainer_model(other));
    diffmm_trainer_destroy(final);
    diffmm_trainer_destroy(at_once);
    diffmm_trainer_destroy(other);
}
END_TEST

/* The user's items in all splits, and only these, are seen; the model file has no metrics of the
 * training that chose. */
START_TEST(what_was_held_out_is_trained_and_seen)
{
    struct training t;
    diffmm_trainer *final;
    diffmm_scorer *scorer;
    training_begin(&t, short_training);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_fit_final(t.trainer, NULL, NULL, &final));
    diffmm_model *model = diffmm_trainer_model(final);
    for (size_t c = 0; c < model->evaluated.cutoff_count; c++)
        ck_assert(model->evaluated.valid[c].users == 0 && model->evaluated.test[c].users == 0);
    expect_success(diffmm_scorer_create(model, &scorer));
    for (int32_t u = 0; u < 70; u++) {
        const int32_t *seen, *items;
        size_t count, in_splits = 0, some;
        bool is_seen[60] = {false};
        expect_success(diffmm_scorer_seen(scorer, u, &seen, &count));
        for (size_t i = 0; i < count; i++)
            is_seen[seen[i]] = true;
        for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++) {
            expect_success(diffmm_dataset_row(t.dataset, (diffmm_split)split, u, &items, &some));
            in_splits += some;
            for (size_t i = 0; i < some; i++)
                ck_assert(is_seen[items[i]]);
        }
        ck_assert_uint_eq(count, in_splits);
        ck_assert_uint_eq(count, diffmm__csr_row_entries(&model->catalog->train, (size_t)u));
    }
    diffmm_scorer_destroy(scorer);
    diffmm_trainer_destroy(final);
    training_end(&t);
}
END_TEST

struct heard {
    size_t nothing_held, began_anew, final;
};

static void listen(diffmm_log_level level, const char *message, void *user_data)
{
    struct heard *heard = user_data;
    heard->nothing_held += strstr(message, "nothing is held out") != NULL;
    heard->began_anew += level == DIFFMM_LOG_WARNING && strstr(message, "begins anew");
    heard->final += level == DIFFMM_LOG_INFO && strstr(message, "final fit: all ");
}

START_TEST(the_log_says_what_it_is)
{
    struct heard heard = {0};
    struct training t;
    diffmm_trainer *final, *next;
    training_with(
        &t,
        &(diffmm_context_settings){
            .threads = 1, .log = listen, .log_data = &heard, .log_level = DIFFMM_LOG_INFO},
        short_training);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_trainer_create_final(t.trainer, &final));
    ck_assert(heard.nothing_held == 0 && heard.began_anew == 0 && heard.final == 1);
    diffmm_trainer_destroy(final);
    expect_success(diffmm_trainer_create_from(t.dataset, NULL, t.model, &next));
    expect_success(diffmm_trainer_epoch(next, NULL));
    expect_success(diffmm_trainer_create_final(next, &final));
    ck_assert(heard.began_anew == 1);
    expect_success(diffmm_model_inherit(diffmm_trainer_model(final), t.model));
    diffmm_trainer_destroy(final);
    diffmm_trainer_destroy(next);
    training_end(&t);
}
END_TEST

/* Of a training that is resumed: the best epoch is in its checkpoint. */
START_TEST(after_an_interruption_it_is_the_same)
{
    struct training t;
    diffmm_trainer *resumed, *a, *b;
    size_t size;
    training_begin(&t, short_training);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_checkpoint_memory(t.trainer, NULL, 0, &size));
    void *data = malloc(size);
    expect_success(diffmm_trainer_checkpoint_memory(t.trainer, data, size, &size));
    expect_success(diffmm_trainer_resume_memory(t.dataset, data, size, NULL, &resumed));
    expect_success(diffmm_trainer_fit_final(t.trainer, NULL, NULL, &a));
    expect_success(diffmm_trainer_fit_final(resumed, NULL, NULL, &b));
    expect_same_bits(diffmm_trainer_model(a), diffmm_trainer_model(b));
    diffmm_trainer_destroy(a);
    diffmm_trainer_destroy(b);
    diffmm_trainer_destroy(resumed);
    free(data);
    training_end(&t);
}
END_TEST

struct following {
    diffmm_trainer *cancel; /* at the second step, or NULL */
    size_t steps, epochs, stop_at;
};

static int on_step(const diffmm_progress *progress, void *user_data)
{
    struct following *f = user_data;
    ck_assert_uint_gt(progress->epochs, 0);
    if (++f->steps == 2 && f->cancel)
        diffmm_trainer_cancel(f->cancel);
    return 0;
}

static int on_epoch(const diffmm_report *report, void *user_data)
{
    struct following *f = user_data;
    f->epochs = report->epoch;
    return report->epoch == f->stop_at;
}

START_TEST(the_host_follows_and_stops_it)
{
    struct training t;
    struct following f = {0};
    diffmm_trainer *final = NULL;
    size_t best;
    training_begin(&t, short_training);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_best(t.trainer, &best, NULL, NULL));
    expect_success(diffmm_trainer_on_progress(t.trainer, on_step, &f));
    f.cancel = t.trainer;
    expect_failure(diffmm_trainer_fit_final(t.trainer, on_epoch, &f, &final), DIFFMM_CANCELLED,
                   "epoch 1 was cancelled");
    ck_assert(f.steps == 2 && f.epochs == 0 && !final);
    f = (struct following){.stop_at = 1};
    expect_failure(diffmm_trainer_fit_final(t.trainer, on_epoch, &f, &final), DIFFMM_CANCELLED,
                   "after epoch 1");
    ck_assert(f.epochs == 1 && !final);
    f = (struct following){0};
    expect_success(diffmm_trainer_fit_final(t.trainer, on_epoch, &f, &final));
    ck_assert_uint_eq(f.epochs, best);
    ck_assert_uint_gt(f.steps, best * 4);
    ck_assert(!final->progress.function && !final->progress.outer);
    diffmm_trainer_destroy(final);
    training_end(&t);
}
END_TEST

START_TEST(without_epochs_or_anything_held_out_there_is_nothing_to_choose_by)
{
    static const int32_t user[] = {0, 1, 2}, item[] = {0, 1, 1};
    static const float features[] = {1, 0, 0, 1};
    static const char *const plain[] = {"epochs", "1", NULL};
    struct training t;
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_trainer *final = NULL;
    training_begin(&t, short_training);
    expect_failure(diffmm_trainer_create_final(t.trainer, &final), DIFFMM_ERROR_STATE,
                   "no epoch has been trained yet");
    expect_failure(diffmm_trainer_fit_final(t.trainer, NULL, NULL, &final), DIFFMM_ERROR_STATE,
                   "no epoch has been trained yet");
    expect_invalid(diffmm_trainer_create_final(NULL, &final), "trainer");
    expect_invalid(diffmm_trainer_create_final(t.trainer, NULL), "out");
    expect_invalid(diffmm_trainer_fit_final(NULL, NULL, NULL, &final), "trainer");
    expect_invalid(diffmm_trainer_fit_final(t.trainer, NULL, NULL, NULL), "out");
    training_end(&t);
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
    expect_success(diffmm_dataset_add_modality_array(dataset, "cover", 2, 2, features, 2));
    training_on(&t, context, dataset, plain);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_failure(diffmm_trainer_create_final(t.trainer, &final), DIFFMM_ERROR_STATE,
                   "nothing is held out");
    ck_assert_ptr_null(final);
    training_end(&t);
}
END_TEST

static diffmm_status fit_final(void *argument)
{
    diffmm_trainer *final = NULL;
    diffmm_status status = diffmm_trainer_create_final(argument, &final);
    ck_assert((status == DIFFMM_OK) == (final != NULL));
    diffmm_trainer_destroy(final);
    return status;
}

START_TEST(failing_allocations)
{
    struct failing failing = {0};
    struct training t;
    diffmm_context *context = failing_context(&failing, 1);
    training_on(&t, context, training_data(context), short_training);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    ck_assert_uint_ge(fail_each_allocation(&failing, fit_final, t.trainer), 50);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {it_is_a_training_on_everything_for_the_chosen_epochs,
                                  what_was_held_out_is_trained_and_seen,
                                  the_log_says_what_it_is,
                                  after_an_interruption_it_is_the_same,
                                  the_host_follows_and_stops_it,
                                  without_epochs_or_anything_held_out_there_is_nothing_to_choose_by,
                                  failing_allocations};
    return run_tests("final_fit", tests, sizeof tests / sizeof *tests) != 0;
}
