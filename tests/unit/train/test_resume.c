/* SPDX-License-Identifier: BSD-2-Clause */
/* A training that is interrupted and resumed is, bit by bit, the one that never was. */
#include "support/folder.h"
#include "support/trainer_state.h"

enum { epochs = 4 };

static struct folder folder;
static char path[128];

static void begin(void)
{
    folder = folder_begin();
    folder_file(&folder, "run.ckpt", path);
}

static void end(void)
{
    folder_end(&folder);
}

/* A training that has not begun: the same data in a context of its own. */
static void fresh(struct training *t, size_t threads, const char *const *list)
{
    training_with(t, &(diffmm_context_settings){.threads = threads}, list);
    diffmm_trainer_destroy(t->trainer);
    t->trainer = NULL;
    t->model = NULL;
}

static void resume(struct training *t, size_t threads, const char *const *list)
{
    fresh(t, threads, list);
    expect_success(diffmm_trainer_resume(t->dataset, path, NULL, &t->trainer));
    t->model = diffmm_trainer_model(t->trainer);
}

static diffmm_report one_epoch(diffmm_trainer *trainer)
{
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_epoch(trainer, &report));
    return report;
}

/* After `done` epochs of `whole` a checkpoint; resumed, then both to the end. */
static void expect_same_from(const char *const *list, size_t done)
{
    struct training whole, parted;
    training_begin(&whole, list);
    for (size_t e = 0; e < done; e++)
        one_epoch(whole.trainer);
    expect_success(diffmm_trainer_checkpoint(whole.trainer, path));
    resume(&parted, 1 + done % 2, list);
    expect_same_trainers(whole.trainer, parted.trainer);
    for (size_t e = done; e < epochs; e++) {
        diffmm_report a = one_epoch(whole.trainer), b = one_epoch(parted.trainer);
        expect_same_report(&a, &b);
    }
    expect_same_trainers(whole.trainer, parted.trainer);
    expect_failure(diffmm_trainer_epoch(parted.trainer, NULL), DIFFMM_ERROR_STATE, "finished");
    expect_success(diffmm_trainer_restore_best(whole.trainer));
    expect_success(diffmm_trainer_fit(parted.trainer, NULL, NULL));
    expect_same_trainers(whole.trainer, parted.trainer);
    training_end(&parted);
    training_end(&whole);
}

#define COMMON "epochs", "4", "patience", "0"

static const char *const variants[][16] = {
    {COMMON},
    {COMMON, "contrastive.anchor", "main", "sampling_noise", "true", "sampling_steps", "3",
     "fusion_ratio", "0.5", "modality.text.projection", "linear"},
    {COMMON, "norm", "true", "hidden_sizes", "12,20", "layers", "2", "rebuild_k", "3", "cutoffs",
     "5,20"},
    {COMMON, "projection", "linear", "keep_rate", "1", "select", "test", "embedding_size", "1"},
    {COMMON, "diffusion.enabled", "false"},
    {COMMON, "contrastive.enabled", "false", "diffusion.msi", "false", "dropout", "0"},
    {COMMON, "alignment", "0.2"},
    {COMMON, "contrastive.negatives", "9"},
    {COMMON, "contrastive.negatives", "200", "contrastive.anchor", "main", "alignment", "0.1"},
    {COMMON, "denoiser.kind", "spectral", "denoiser.rank", "9"},
    {COMMON, "denoiser.kind", "spectral", "denoiser.rank", "9", "denoiser.rows", "normalized",
     "denoiser.target", "dropped", "denoiser.linear", "true"},
    {COMMON, "denoiser.kind", "spectral", "denoiser.rank", "6", "diffusion.blend", "0.6"},
    {COMMON, "denoiser.passes", "2", "denoiser.warmup", "3", "denoiser_learning_rate_decay", "0.5"},
    {COMMON, "generate.every", "3", "rebuild_k", "4", "fusion_ratio", "0.3"},
    {COMMON, "generate.every", "100", "keep_rate", "1"},
    {COMMON, "generate.weights", "scores", "generate.every", "2", "rebuild_k", "4",
     "generate.unseen", "true"},
    {COMMON, "weight_decay", "2", "learning_rate_decay", "0.6", "average", "0.7"}};

enum { with_average = sizeof variants / sizeof *variants - 1 };

START_TEST(every_epoch_of_every_variant)
{
    begin();
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++)
        for (size_t done = 0; done <= epochs; done++)
            expect_same_from(variants[v], done);
    end();
}
END_TEST

/* Interrupted after every epoch, with the state in memory instead of a file. */
START_TEST(interrupted_every_time)
{
    struct training whole, parted;
    size_t size;
    training_begin(&whole, variants[1]);
    fresh(&parted, 2, variants[1]);
    expect_success(diffmm_trainer_create(parted.dataset, parted.options, &parted.trainer));
    for (size_t e = 0; e < epochs; e++) {
        one_epoch(whole.trainer);
        one_epoch(parted.trainer);
        expect_success(diffmm_trainer_checkpoint_memory(parted.trainer, NULL, 0, &size));
        void *data = malloc(size);
        expect_success(diffmm_trainer_checkpoint_memory(parted.trainer, data, size, &size));
        training_end(&parted);
        fresh(&parted, 1, variants[1]);
        expect_success(
            diffmm_trainer_resume_memory(parted.dataset, data, size, NULL, &parted.trainer));
        free(data);
        expect_same_trainers(whole.trainer, parted.trainer);
    }
    training_end(&parted);
    training_end(&whole);
}
END_TEST

static int checkpoint_each(const diffmm_report *report, void *user_data)
{
    (void)report;
    expect_success(diffmm_trainer_checkpoint(user_data, path));
    return 0;
}

/* A training that ended goes on with more epochs as the longer one would have. */
START_TEST(more_epochs)
{
    struct training longer, shorter, on;
    begin();
    training_begin(&longer, (const char *const[]){"epochs", "4", "patience", "0", NULL});
    expect_success(diffmm_trainer_fit(longer.trainer, NULL, NULL));
    training_begin(&shorter, (const char *const[]){"epochs", "2", NULL});
    expect_success(diffmm_trainer_fit(shorter.trainer, checkpoint_each, shorter.trainer));
    resume(&on, 1, variants[0]);
    ck_assert_int_ne(on.trainer->last.figures.finished, 0);
    diffmm_trainer_destroy(on.trainer);
    expect_success(diffmm_options_set(on.options, "memory_limit", "4000000000"));
    expect_success(diffmm_trainer_resume(on.dataset, path, on.options, &on.trainer));
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_report(on.trainer, &report));
    ck_assert(report.epoch == 2 && !report.finished);
    expect_success(diffmm_trainer_fit(on.trainer, NULL, NULL));
    expect_same_arrays(longer.trainer, on.trainer);
    expect_same_bits(longer.model, diffmm_trainer_model(on.trainer));
    training_end(&on);
    training_end(&shorter);
    training_end(&longer);
    end();
}
END_TEST

/* Early stopping counts on over the interruption, and patience may grow. */
START_TEST(patience)
{
    static const char *const list[] = {"epochs",        "60",   "patience", "3",
                                       "learning_rate", "0.05", NULL};
    struct training whole, parted;
    begin();
    training_begin(&whole, list);
    diffmm_report a;
    do {
        a = one_epoch(whole.trainer);
    } while (!a.finished && a.epoch < a.best_epoch + 2);
    expect_success(diffmm_trainer_checkpoint(whole.trainer, path));
    resume(&parted, 1, list);
    expect_success(diffmm_trainer_fit(whole.trainer, checkpoint_each, whole.trainer));
    ck_assert(whole.trainer->stopped && whole.trainer->epoch < 60);
    expect_success(diffmm_trainer_fit(parted.trainer, NULL, NULL));
    expect_same_trainers(whole.trainer, parted.trainer);
    training_end(&parted);

    resume(&parted, 1, list);
    expect_failure(diffmm_trainer_epoch(parted.trainer, NULL), DIFFMM_ERROR_STATE, "finished");
    diffmm_trainer_destroy(parted.trainer);
    expect_success(diffmm_options_set(parted.options, "patience", "4"));
    expect_success(diffmm_trainer_resume(parted.dataset, path, parted.options, &parted.trainer));
    ck_assert_uint_eq(one_epoch(parted.trainer).epoch, whole.trainer->epoch + 1);
    training_end(&parted);
    training_end(&whole);
    end();
}
END_TEST

struct within {
    diffmm_trainer *trainer;
    size_t cancel_at, calls;
    bool refused;
};

static int on_step(const diffmm_progress *progress, void *user_data)
{
    struct within *within = user_data;
    (void)progress;
    within->refused = diffmm_trainer_checkpoint(within->trainer, path) == DIFFMM_ERROR_STATE &&
                      strstr(diffmm_error_message(), "epoch 1 is running");
    return ++within->calls == within->cancel_at;
}

static void expect_same_after_cancelling(const char *const *list, size_t at)
{
    struct training whole, parted;
    training_begin(&whole, list);
    struct within within = {.trainer = whole.trainer, .cancel_at = at};
    expect_success(diffmm_trainer_on_progress(whole.trainer, on_step, &within));
    ck_assert_int_eq(diffmm_trainer_epoch(whole.trainer, NULL), DIFFMM_CANCELLED);
    ck_assert(within.refused);
    expect_success(diffmm_trainer_on_progress(whole.trainer, NULL, NULL));
    expect_success(diffmm_trainer_checkpoint(whole.trainer, path));
    resume(&parted, 1, list);
    expect_same_arrays(whole.trainer, parted.trainer);
    one_epoch(whole.trainer);
    one_epoch(parted.trainer);
    expect_same_trainers(whole.trainer, parted.trainer);
    training_end(&parted);
    training_end(&whole);
}

/* Not within an epoch; after one that was cancelled, the parameters as it left them. */
START_TEST(a_cancelled_epoch)
{
    begin();
    for (size_t at = 1; at < 18; at += 4) {
        expect_same_after_cancelling(variants[1], at);
        expect_same_after_cancelling(variants[with_average], at);
    }
    end();
}
END_TEST

/* Parameters that the host set by hand are part of the state. Then both train on. */
static void expect_set_by_hand(const char *const *list)
{
    struct training whole, parted;
    float logits[2] = {0.9f, -0.4f};
    training_begin(&whole, list);
    one_epoch(whole.trainer);
    expect_success(diffmm_model_set_parameter(diffmm_trainer_model(whole.trainer),
                                              "modality_logits", 2, 1, logits));
    expect_success(diffmm_trainer_checkpoint(whole.trainer, path));
    resume(&parted, 1, list);
    expect_same_trainers(whole.trainer, parted.trainer);
    expect_success(diffmm_model_forward(diffmm_trainer_model(whole.trainer)));
    expect_success(diffmm_model_forward(diffmm_trainer_model(parted.trainer)));
    expect_same_bits(whole.model, parted.model);
    one_epoch(whole.trainer);
    one_epoch(parted.trainer);
    expect_same_trainers(whole.trainer, parted.trainer);
    training_end(&parted);
    training_end(&whole);
}

START_TEST(set_by_hand)
{
    begin();
    expect_set_by_hand(variants[0]);
    expect_set_by_hand(variants[with_average]);
    end();
}
END_TEST

/* Nothing held out: the last epoch is the best, before and after. */
START_TEST(nothing_held_out)
{
    static const int32_t user[] = {0, 0, 1, 2, 2}, item[] = {0, 1, 1, 2, 0};
    static const float features[] = {1, 2, 3, 4, 5, 6};
    struct training t[2];
    begin();
    for (int i = 0; i < 2; i++) {
        diffmm_context *context;
        diffmm_dataset *dataset;
        expect_success(diffmm_context_create(NULL, &context));
        expect_success(diffmm_dataset_create(context, &dataset));
        expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 5, user, item));
        expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 2, features, 2));
        training_on(&t[i], context, dataset, variants[0]);
    }
    one_epoch(t[0].trainer);
    expect_success(diffmm_trainer_checkpoint(t[0].trainer, path));
    diffmm_trainer_destroy(t[1].trainer);
    expect_success(diffmm_trainer_resume(t[1].dataset, path, NULL, &t[1].trainer));
    expect_same_trainers(t[0].trainer, t[1].trainer);
    for (int i = 0; i < 2; i++)
        expect_success(diffmm_trainer_fit(t[i].trainer, NULL, NULL));
    expect_same_trainers(t[0].trainer, t[1].trainer);
    training_end(&t[1]);
    training_end(&t[0]);
    end();
}
END_TEST

/* Before any epoch there is a report too. */
START_TEST(the_report)
{
    struct training t;
    diffmm_report report = {.struct_size = sizeof report};
    training_begin(&t, variants[0]);
    expect_success(diffmm_trainer_report(t.trainer, &report));
    ck_assert(report.epoch == 0 && report.best_epoch == 0 && !report.finished);
    ck_assert(report.modality_count == 2 && report.cutoff_count == 1);
    ck_assert(report.denoiser_loss[1] == 0.0 && report.valid[0].users == 0);
    diffmm_report epoch = one_epoch(t.trainer);
    expect_success(diffmm_trainer_report(t.trainer, &report));
    expect_same_report(&report, &epoch);
    ck_assert_mem_eq(&report.seconds, &epoch.seconds, sizeof epoch.seconds);
    /* An epoch that does not come to its end leaves it. */
    double loss = report.denoiser_loss[0];
    diffmm_trainer_cancel(t.trainer);
    ck_assert_int_eq(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_CANCELLED);
    expect_success(diffmm_trainer_report(t.trainer, &report));
    ck_assert(report.epoch == 1 && report.denoiser_loss[0] == loss && loss > 0.0);
    training_end(&t);
}
END_TEST

/* What is kept of the best epoch goes by the names of what it was: after the first, the same. */
START_TEST(what_is_kept)
{
    struct training t;
    struct diffmm__state state;
    size_t kept = 0;
    training_begin(&t, variants[0]);
    ck_assert_uint_eq(one_epoch(t.trainer).best_epoch, 1);
    expect_success(diffmm__state_list(t.trainer, true, &state));
    for (size_t i = 0; i < state.count; i++) {
        const struct diffmm__state_array *best = &state.arrays[i], *now = state.arrays;
        if (strncmp(best->name, "best.", 5) != 0)
            continue;
        while (strcmp(now->name, best->name + 5) != 0)
            ck_assert(++now < state.arrays + state.count);
        ck_assert_uint_eq(now->rows, best->rows);
        ck_assert_uint_eq(now->columns, best->columns);
        ck_assert_msg(memcmp(now->values, best->values,
                             best->rows * best->columns * sizeof *best->values) == 0,
                      "'%s' is something else", best->name);
        kept++;
    }
    ck_assert_uint_eq(kept, diffmm__kept_count(t.model));
    diffmm__state_end(t.trainer, &state);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_epoch_of_every_variant,
                                  interrupted_every_time,
                                  more_epochs,
                                  patience,
                                  a_cancelled_epoch,
                                  set_by_hand,
                                  the_report,
                                  what_is_kept,
                                  nothing_held_out};
    return run_tests("train/resume", tests, sizeof tests / sizeof *tests) != 0;
}
