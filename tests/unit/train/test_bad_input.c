/* SPDX-License-Identifier: BSD-2-Clause */
/* What the trainer's functions refuse, and what happens when memory ends. */
#include <stdlib.h>

#include "support/failing.h"
#include "support/training.h"

START_TEST(null_pointers)
{
    struct training t;
    diffmm_trainer *out = NULL;
    size_t epoch = 77;
    training_begin(&t, (const char *const[]){NULL});
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    expect_failure(diffmm_trainer_create(NULL, t.options, &out), invalid, "dataset");
    expect_failure(diffmm_trainer_create(t.dataset, t.options, NULL), invalid, "out");
    expect_failure(diffmm_trainer_on_progress(NULL, NULL, NULL), invalid, "trainer");
    expect_failure(diffmm_trainer_epoch(NULL, NULL), invalid, "trainer");
    expect_failure(diffmm_trainer_fit(NULL, NULL, NULL), invalid, "trainer");
    expect_failure(diffmm_trainer_restore_best(NULL), invalid, "trainer");
    expect_failure(diffmm_trainer_best(NULL, &epoch, NULL, NULL), invalid, "trainer");
    ck_assert_ptr_null(diffmm_trainer_model(NULL));
    diffmm_trainer_cancel(NULL);
    diffmm_trainer_destroy(NULL);
    ck_assert(out == NULL && epoch == 77);
    training_end(&t);
}
END_TEST

/* Options that are sound each but not together, or not with this data. */
START_TEST(options_that_do_not_fit)
{
    static const struct {
        const char *list[5];
        diffmm_status status;
        const char *part;
    } cases[] = {
        {{"sampling_steps", "6"}, DIFFMM_ERROR_INVALID_ARGUMENT, "sampling_steps"},
        {{"noise_min", "0.5"}, DIFFMM_ERROR_INVALID_ARGUMENT, "noise_min"},
        {{"noise_scale", "999"}, DIFFMM_ERROR_INVALID_ARGUMENT, "noise_scale"},
        {{"rebuild_k", "61"}, DIFFMM_ERROR_INVALID_ARGUMENT, "rebuild_k is 61, but there are 60"},
        {{"modality.images.projection", "linear"}, DIFFMM_ERROR_NOT_FOUND, "images"},
        {{"memory_limit", "1"}, DIFFMM_ERROR_NO_MEMORY, "memory_limit"},
    };
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    diffmm_dataset *dataset = training_data(context);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        diffmm_trainer *trainer = NULL;
        diffmm_options *options = settings(context, training_settings);
        set_all(options, cases[c].list);
        expect_failure(diffmm_trainer_create(dataset, options, &trainer), cases[c].status,
                       cases[c].part);
        ck_assert_ptr_null(trainer);
        diffmm_options_destroy(options);
    }
    /* Without diffusion nobody asks for neighbours. */
    struct training t;
    training_on(&t, context, dataset,
                (const char *const[]){"rebuild_k", "61", "diffusion.enabled", "false", NULL});
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    training_end(&t);
}
END_TEST

static int no_features(size_t first, size_t count, float *out, void *user_data)
{
    (void)first;
    (void)count;
    (void)out;
    (void)user_data;
    return 1;
}

START_TEST(data_that_does_not_do)
{
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_trainer *trainer = NULL;
    static const int32_t user[] = {0, 1}, item[] = {1, 0};
    static const float features[] = {1, 2};
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    ck_assert(diffmm_trainer_create(dataset, NULL, &trainer) != DIFFMM_OK); /* empty */
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 2, user, item));
    expect_success(diffmm_dataset_add_modality_array(dataset, "cover", 1, 1, features, 1));
    expect_failure(diffmm_trainer_create(dataset, NULL, &trainer), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "cover"); /* a row for one item of two */
    diffmm_dataset_destroy(dataset);

    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 2, user, item));
    expect_success(diffmm_dataset_add_modality(dataset, "title", 3, no_features, NULL));
    expect_failure(diffmm_trainer_create(dataset, NULL, &trainer), DIFFMM_ERROR_CALLBACK, "title");
    ck_assert_ptr_null(trainer);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

/* A model borrowed from a trainer refuses what a model refuses, and says how. */
START_TEST(the_borrowed_model)
{
    struct training t;
    training_begin(&t, (const char *const[]){NULL});
    diffmm_parameter parameter = {.struct_size = sizeof parameter};
    expect_failure(diffmm_model_parameter(t.model, "denoiser.cover.time.bias", &parameter),
                   DIFFMM_ERROR_NOT_FOUND, "denoiser.cover.time.bias");
    ck_assert_ptr_null(diffmm_model_graph(t.model, "cover"));
    ck_assert_ptr_nonnull(diffmm_model_graph(t.model, "text"));
    training_end(&t);
}
END_TEST

struct work {
    diffmm_dataset *dataset;
    diffmm_options *options;
};

/* A trainer, one epoch, and its end. */
static diffmm_status train(void *argument)
{
    const struct work *work = argument;
    diffmm_trainer *trainer = NULL;
    diffmm_report report = {.struct_size = sizeof report, .epoch = 77};
    diffmm_status status = diffmm_trainer_create(work->dataset, work->options, &trainer);
    ck_assert_int_eq(status == DIFFMM_OK, trainer != NULL);
    if (status)
        return status;
    status = diffmm_trainer_epoch(trainer, &report);
    ck_assert_uint_eq(report.epoch, status ? 77 : 1);
    diffmm_trainer_destroy(trainer);
    return status;
}

static void expect_no_leak(const char *const *list, size_t least)
{
    struct failing failing = {.fail = 0};
    diffmm_context *context = failing_context(&failing, 1);
    struct work work = {.dataset = training_data(context),
                        .options = settings(context, training_settings)};
    expect_success(diffmm_dataset_seal(work.dataset));
    set_all(work.options, list);
    ck_assert_uint_gt(fail_each_allocation(&failing, train, &work), least);
    diffmm_options_destroy(work.options);
    diffmm_dataset_destroy(work.dataset);
    diffmm_context_destroy(context);
}

START_TEST(without_memory)
{
    expect_no_leak((const char *const[]){"batch", "1000", "fusion_ratio", "0.5", NULL}, 300);
    expect_no_leak((const char *const[]){"batch", "1000", "sampling_noise", "true",
                                         "modality.text.projection", "linear", NULL},
                   300);
    expect_no_leak((const char *const[]){"batch", "1000", "diffusion.enabled", "false", NULL}, 200);
}
END_TEST

/* A fit that ran out of memory in its second epoch goes on where it was once there is some again.
 */
START_TEST(memory_comes_back)
{
    struct failing failing = {.fail = 0};
    struct training t, undisturbed;
    diffmm_context *context = failing_context(&failing, 1);
    training_begin(&undisturbed, (const char *const[]){NULL});
    expect_success(diffmm_trainer_fit(undisturbed.trainer, NULL, NULL));
    training_on(&t, context, training_data(context), (const char *const[]){NULL});
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    for (size_t n = 1; n < 12; n += 3) {
        atomic_store(&failing.count, 0);
        atomic_store(&failing.fail, n);
        ck_assert_int_eq(diffmm_trainer_fit(t.trainer, NULL, NULL), DIFFMM_ERROR_NO_MEMORY);
        atomic_store(&failing.fail, 0);
    }
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_same_bits(t.model, undisturbed.model);
    training_end(&undisturbed);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {null_pointers,         options_that_do_not_fit,
                                  data_that_does_not_do, the_borrowed_model,
                                  without_memory,        memory_comes_back};
    return run_tests("train/bad_input", tests, sizeof tests / sizeof *tests) != 0;
}
