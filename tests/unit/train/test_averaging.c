/* SPDX-License-Identifier: BSD-2-Clause */
/* The average of the recommender's parameters, against a training without it: the raw parameters
 * have its bits, and their average over its steps is what the model has after an epoch. */
#include <stdlib.h>

#include "support/trainer_state.h"

enum { most_parameters = 8 };

static const char *const plain_settings[] = {"epochs", "6", "patience", "0", NULL};
static const char *const settings_of_average[] = {"epochs",  "6",   "patience", "0",
                                                  "average", "0.3", NULL};

/* Two trainers that differ in the average alone. */
struct pair {
    struct training plain, averaged;
};

static void begin(struct pair *pair)
{
    training_begin(&pair->plain, plain_settings);
    training_begin(&pair->averaged, settings_of_average);
}

static void end(struct pair *pair)
{
    training_end(&pair->plain);
    training_end(&pair->averaged);
}

static void one_epoch(struct pair *pair)
{
    expect_success(diffmm_trainer_epoch(pair->plain.trainer, NULL));
    expect_success(diffmm_trainer_epoch(pair->averaged.trainer, NULL));
}

static size_t size(const struct diffmm__parameter *parameter)
{
    return parameter->rows * parameter->columns;
}

/* The raw parameters beside the average have the bits of the training without one; and so have the
 * denoisers and the moments. */
static void expect_same_raw(const struct pair *pair)
{
    const diffmm_model *plain = pair->plain.model, *model = pair->averaged.model;
    const struct diffmm__averaging *averaging = &pair->averaged.trainer->recommender.averaging;
    const float *raw = averaging->values;
    ck_assert(averaging->served);
    for (size_t p = 0; p < plain->parameter_count; raw += size(&plain->parameters[p++])) {
        size_t bytes = size(&plain->parameters[p]) * sizeof(float);
        ck_assert_mem_eq(raw, plain->parameters[p].values, bytes);
        ck_assert_mem_ne(raw, model->parameters[p].values, bytes);
        ck_assert_mem_eq(plain->parameters[p].second_moment, model->parameters[p].second_moment,
                         bytes);
    }
    for (size_t m = 0; m < plain->modality_count; m++)
        ck_assert_mem_eq(plain->modalities[m].diffusion->values,
                         model->modalities[m].diffusion->values,
                         plain->modalities[m].diffusion->layers.size * sizeof(float));
}

/* Sums over the steps of a training, by the definition of the mean. */
struct sums {
    const diffmm_model *model;
    double decay, weights;
    double *values[most_parameters];
};

static void sums_begin(struct sums *sums, const struct training *t, double average)
{
    size_t steps = (t->trainer->recommender.pairs.count + 63) / 64;
    *sums = (struct sums){.model = t->model, .decay = pow(average, 1.0 / (double)steps)};
    ck_assert_uint_le(t->model->parameter_count, most_parameters);
    for (size_t p = 0; p < t->model->parameter_count; p++)
        sums->values[p] = calloc(size(&t->model->parameters[p]), sizeof(double));
}

static void sums_end(struct sums *sums)
{
    for (size_t p = 0; p < most_parameters; p++)
        free(sums->values[p]);
}

static int add_step(const diffmm_progress *progress, void *user_data)
{
    struct sums *sums = user_data;
    if (progress->phase != DIFFMM_PHASE_RECOMMEND)
        return 0;
    sums->weights = sums->decay * sums->weights + 1;
    for (size_t p = 0; p < sums->model->parameter_count; p++)
        for (size_t i = 0; i < size(&sums->model->parameters[p]); i++)
            sums->values[p][i] =
                sums->decay * sums->values[p][i] + (double)sums->model->parameters[p].values[i];
    return 0;
}

static void expect_average(const struct sums *sums, const diffmm_model *model)
{
    for (size_t p = 0; p < model->parameter_count; p++)
        for (size_t i = 0; i < size(&model->parameters[p]); i++) {
            double want = sums->values[p][i] / sums->weights;
            double got = (double)model->parameters[p].values[i];
            ck_assert_msg(fabs(got - want) <= 2e-6, "%s[%zu] is %.9g, not %.9g",
                          model->parameters[p].name, i, got, want);
        }
}

START_TEST(the_model_has_the_average_of_all_steps)
{
    struct pair pair;
    struct sums sums;
    begin(&pair);
    sums_begin(&sums, &pair.plain, 0.3);
    expect_success(diffmm_trainer_on_progress(pair.plain.trainer, add_step, &sums));
    for (int epoch = 0; epoch < 4; epoch++) {
        one_epoch(&pair);
        expect_same_raw(&pair);
        expect_average(&sums, pair.averaged.model);
    }
    sums_end(&sums);
    end(&pair);
}
END_TEST

/* Embeddings and metrics are the average's, also those of the best epoch. */
START_TEST(what_is_evaluated_and_kept)
{
    struct pair pair;
    begin(&pair);
    diffmm_report report = {.struct_size = sizeof report};
    const diffmm_model *model = pair.averaged.model;
    size_t bytes = final_size(model) * sizeof(float), best;
    float *final = malloc(bytes);
    for (int epoch = 0; epoch < 3; epoch++) {
        one_epoch(&pair);
        memcpy(final, model->final, bytes);
        expect_success(diffmm_model_forward(pair.averaged.trainer->model));
        ck_assert_mem_eq(final, model->final, bytes);
        ck_assert_mem_ne(final, pair.plain.model->final, bytes);
    }
    expect_same_raw(&pair); /* a forward pass changes nothing for the training */
    expect_success(diffmm_trainer_report(pair.averaged.trainer, &report));
    diffmm_metrics metrics;
    const size_t cutoff = 20;
    expect_success(diffmm_evaluate(pair.averaged.context, pair.averaged.dataset, DIFFMM_VALID,
                                   model->d, model->final, model->final + model->users * model->d,
                                   1, &cutoff, &metrics));
    ck_assert(metrics.recall == report.valid[0].recall && metrics.ndcg == report.valid[0].ndcg);
    expect_success(diffmm_trainer_fit(pair.averaged.trainer, NULL, NULL));
    expect_success(diffmm_trainer_best(pair.averaged.trainer, &best, NULL, NULL));
    for (size_t p = 0; p < model->parameter_count; p++) /* the first array that is kept */
        if (p == 0)
            ck_assert_mem_eq(model->parameters[p].values, pair.averaged.trainer->best.values,
                             size(&model->parameters[p]) * sizeof(float));
    free(final);
    end(&pair);
}
END_TEST

struct stop {
    diffmm_phase phase;
    bool done;
};

static int stop_in(const diffmm_progress *progress, void *user_data)
{
    struct stop *stop = user_data;
    bool now = !stop->done && progress->phase == stop->phase && progress->done == 1;
    stop->done |= now;
    return now;
}

/* Wherever an epoch is cancelled, also after the evaluation, the model is left with the raw
 * parameters, and training goes on as without an average. */
START_TEST(cancelled_epochs)
{
    for (int phase = DIFFMM_PHASE_DENOISE; phase <= DIFFMM_PHASE_EVALUATE; phase++) {
        struct pair pair;
        begin(&pair);
        one_epoch(&pair);
        for (int i = 0; i < 2; i++) {
            struct training *t = i == 0 ? &pair.plain : &pair.averaged;
            struct stop stop = {.phase = (diffmm_phase)phase};
            expect_success(diffmm_trainer_on_progress(t->trainer, stop_in, &stop));
            ck_assert_int_eq(diffmm_trainer_epoch(t->trainer, NULL), DIFFMM_CANCELLED);
            expect_success(diffmm_trainer_on_progress(t->trainer, NULL, NULL));
        }
        for (size_t p = 0; p < pair.plain.model->parameter_count; p++)
            ck_assert_mem_eq(pair.plain.model->parameters[p].values,
                             pair.averaged.model->parameters[p].values,
                             size(&pair.plain.model->parameters[p]) * sizeof(float));
        expect_success(diffmm_model_forward(pair.plain.trainer->model));
        expect_success(diffmm_model_forward(pair.averaged.trainer->model));
        expect_same_bits(pair.plain.model, pair.averaged.model);
        one_epoch(&pair);
        expect_same_raw(&pair);
        end(&pair);
    }
}
END_TEST

/* Makes the plain model's parameters those of the other. */
static void copy_parameters(struct pair *pair)
{
    const diffmm_model *from = pair->averaged.model;
    for (size_t p = 0; p < from->parameter_count; p++)
        expect_success(diffmm_model_set_parameter(
            pair->plain.trainer->model, from->parameters[p].name, from->parameters[p].rows,
            from->parameters[p].columns, from->parameters[p].values));
}

/* Where the host has changed a parameter, training goes on from what the model has, as it would
 * without an average; and the average is of the steps from there on. */
START_TEST(a_model_that_the_host_has_changed)
{
    struct pair pair;
    struct sums sums;
    float logits[2] = {0.9f, -0.4f};
    begin(&pair);
    one_epoch(&pair);
    one_epoch(&pair);
    expect_success(
        diffmm_model_set_parameter(pair.averaged.trainer->model, "modality_logits", 2, 1, logits));
    copy_parameters(&pair);
    sums_begin(&sums, &pair.plain, 0.3);
    expect_success(diffmm_trainer_on_progress(pair.plain.trainer, add_step, &sums));
    one_epoch(&pair);
    expect_same_raw(&pair);
    expect_average(&sums, pair.averaged.model);
    sums_end(&sums);
    end(&pair);
}
END_TEST

/* The same where the best epoch has been put back, unless that is the last one. */
START_TEST(training_on_from_the_best_epoch)
{
    struct pair pair;
    size_t epoch = 0, best = 0;
    begin(&pair);
    expect_success(diffmm_options_set(pair.averaged.options, "learning_rate", "0.3"));
    diffmm_trainer_destroy(pair.averaged.trainer);
    diffmm_trainer_destroy(pair.plain.trainer);
    expect_success(diffmm_options_set(pair.plain.options, "learning_rate", "0.3"));
    expect_success(
        diffmm_trainer_create(pair.plain.dataset, pair.plain.options, &pair.plain.trainer));
    expect_success(diffmm_trainer_create(pair.averaged.dataset, pair.averaged.options,
                                         &pair.averaged.trainer));
    pair.plain.model = diffmm_trainer_model(pair.plain.trainer);
    pair.averaged.model = diffmm_trainer_model(pair.averaged.trainer);
    while (best == epoch) { /* until an epoch is worse than the one before */
        one_epoch(&pair);
        expect_success(diffmm_trainer_best(pair.averaged.trainer, &best, NULL, NULL));
        expect_success(diffmm_trainer_restore_best(pair.averaged.trainer));
        if (best == ++epoch)
            expect_same_raw(&pair);
    }
    copy_parameters(&pair);
    one_epoch(&pair);
    expect_same_raw(&pair);
    end(&pair);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        the_model_has_the_average_of_all_steps, what_is_evaluated_and_kept, cancelled_epochs,
        a_model_that_the_host_has_changed, training_on_from_the_best_epoch};
    return run_tests("train/averaging", tests, sizeof tests / sizeof *tests) != 0;
}
