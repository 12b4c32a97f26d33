/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 1 against a loop of the public functions, with the draws that seed, streams and users'
 * numbers say. */
#include <stdlib.h>

#include <diffmm/optim.h>

#include "base/numbers.h"
#include "base/random.h"
#include "base/streams.h"
#include "diffusion/q_sample.h"
#include "model/workspace.h"
#include "support/model_shape.h"
#include "support/trainer_state.h"
#include "train/epoch.h"
#include "train/trainer.h"

enum { users = 70, items = 60, d = 8, batch = 32, seed = 5, steps = 4 };

/* Over all users: in each epoch, and before the first one. */
struct passes {
    size_t each, warmup;
    double decay; /* of the learning rate; 0: none */
};

static const struct passes once = {1, 0, 0};

/* One modality's denoiser, trained the slow way. */
struct slow {
    size_t m;
    uint64_t step;
    uint64_t epoch; /* whose streams it draws from, */
    size_t pass;    /* as which pass of that epoch */
    double e_loss;  /* 0: no MSI */
    double dropout;
    double rate;
    diffmm_schedule *schedule;
    diffmm_denoiser_shape shape;
    size_t size;
    float *values, *gradient, *first_moment, *second_moment;
    float *initial;
};

static void slow_begin(struct slow *slow, const diffmm_model *model, size_t m, double e_loss,
                       double dropout)
{
    *slow =
        (struct slow){.m = m, .e_loss = e_loss, .dropout = dropout, .shape = model_shape(model)};
    size_t size = slow->size = diffmm_denoiser_size(&slow->shape);
    expect_success(diffmm_schedule_create(NULL, steps, 0.5, 0.01, 0.2, 1, &slow->schedule));
    float **arrays[] = {&slow->values, &slow->gradient, &slow->first_moment, &slow->second_moment,
                        &slow->initial};
    for (size_t i = 0; i < 5; i++)
        *arrays[i] = calloc(size, sizeof(float));
    memcpy(slow->values, model->modalities[m].diffusion->values, size * sizeof(float));
    memcpy(slow->initial, slow->values, size * sizeof(float));
}

static void slow_end(struct slow *slow)
{
    diffmm_schedule_destroy(slow->schedule);
    free(slow->values);
    free(slow->gradient);
    free(slow->first_moment);
    free(slow->second_moment);
    free(slow->initial);
}

static uint64_t stream(const struct slow *slow, uint64_t first)
{
    return diffmm__stream_pass(first, slow->pass);
}

/* A user's factors, from a stream of their own: 16 numbers of four words each to a block of 64. */
static void draw_dropout(const struct slow *slow, uint64_t user, float *factors)
{
    for (uint64_t i = 0; i < items; i++) {
        uint32_t words[4];
        uint64_t block = user * ((items + 255) / 256 * 4) + i / 64;
        diffmm__random4(seed, stream(slow, diffmm__stream_dropout(slow->m, slow->epoch)),
                        block * 16 + i % 16, words);
        bool kept = (double)words[i % 64 / 16] >= slow->dropout * 0x1p32;
        factors[i] = kept ? (float)(1 / (1 - slow->dropout)) : 0.0f;
    }
}

static double slow_batch(struct slow *slow, const struct training *t, size_t rows,
                         const int32_t *order)
{
    static float x0[batch * items], noise[batch * items], dropout[batch * items];
    int32_t time[batch];
    const struct diffmm__draws draws = {
        .seed = seed, .noise_stream = stream(slow, diffmm__stream_noise(slow->m, slow->epoch))};
    memset(x0, 0, sizeof x0);
    for (size_t b = 0; b < rows; b++) {
        const int32_t *row;
        size_t count;
        expect_success(diffmm_dataset_row(t->dataset, DIFFMM_TRAIN, order[b], &row, &count));
        for (size_t i = 0; i < count; i++)
            x0[b * items + (size_t)row[i]] = 1;
        diffmm__draws_noise(&draws, (uint64_t)order[b], items, noise + b * items);
        draw_dropout(slow, (uint64_t)order[b], dropout + b * items);
        time[b] = (int32_t)diffmm__random_below(
            seed, stream(slow, diffmm__stream_time(slow->m, slow->epoch)), (uint64_t)order[b],
            steps);
    }
    double loss;
    expect_success(diffmm_denoiser_loss(
        NULL, &slow->shape, slow->schedule, slow->values, rows, x0, time, noise, dropout,
        slow->e_loss > 0 ? d : 0, t->model->workspace->modality[slow->m].projected,
        t->model->parameters[1].values, slow->e_loss, &loss, NULL, NULL, slow->gradient));
    const diffmm_adam adam = {.struct_size = sizeof adam, .learning_rate = slow->rate};
    expect_success(diffmm_adam_step(&adam, ++slow->step, slow->size, slow->values, slow->gradient,
                                    slow->first_moment, slow->second_moment));
    return loss;
}

/* Mean loss over the batches of a pass. */
static double slow_pass(struct slow *slow, const struct training *t, uint64_t epoch, size_t pass)
{
    int32_t order[users];
    double sum = 0;
    size_t batches = 0;
    slow->epoch = epoch;
    slow->pass = pass;
    diffmm__random_shuffle(seed, stream(slow, diffmm__stream_user_order(epoch)), users, order);
    for (size_t first = 0; first < users; first += batch, batches++) {
        size_t rows = users - first < batch ? users - first : batch;
        sum += slow_batch(slow, t, rows, order + first);
    }
    return sum / (double)batches;
}

/* Mean loss over the batches of an epoch. Before the first one, passes of epoch 0 are the warm-up. */
static double slow_epoch(struct slow *slow, const struct training *t, uint64_t epoch,
                         struct passes passes)
{
    size_t warmup = epoch == 1 ? passes.warmup : 0;
    double sum = 0;
    slow->rate = passes.decay > 0 ? 0.01 * pow(passes.decay, (double)(epoch - 1)) : 0.01;
    for (size_t pass = 0; pass < warmup; pass++)
        sum += slow_pass(slow, t, 0, pass);
    for (size_t pass = 0; pass < passes.each; pass++)
        sum += slow_pass(slow, t, epoch, pass);
    return sum / (double)(warmup + passes.each);
}

/* Adam divides a gradient by its own size, so where it is nearly 0 rounding decides the step's
 * sign: compare the parameters as a whole, with how far they have moved. */
static void expect_values(const struct slow *slow, const float *got)
{
    double moved = 0, apart = 0;
    for (size_t i = 0; i < slow->size; i++) {
        double a = (double)slow->values[i] - (double)slow->initial[i];
        double b = (double)got[i] - (double)slow->values[i];
        moved += a * a;
        apart += b * b;
    }
    ck_assert(moved > 0);
    ck_assert_msg(apart <= 1e-6 * moved, "moved by %g, apart by %g", sqrt(moved), sqrt(apart));
}

static void expect_training(const char *const *list, double e_loss, double dropout,
                            struct passes passes)
{
    struct training t;
    struct slow slow[2];
    char rate[DIFFMM__REAL_TEXT];
    const char *all[32] = {"batch",       "32",  "dropout",   "",     "steps",     "4",
                           "noise_scale", "0.5", "noise_min", "0.01", "noise_max", "0.2"};
    all[3] = diffmm__real_text(dropout, rate);
    for (size_t i = 0; list[i]; i++)
        all[12 + i] = list[i];
    training_begin(&t, all);
    for (size_t m = 0; m < 2; m++)
        slow_begin(&slow[m], t.model, m, e_loss, dropout);
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        expect_success(diffmm__epoch_denoise(t.trainer));
        for (size_t m = 0; m < 2; m++) {
            double expected = slow_epoch(&slow[m], &t, epoch, passes),
                   got = t.trainer->report.denoiser_loss[m];
            ck_assert_msg(fabs(got - expected) <= 2e-5 * expected, "loss %.9g, not %.9g", got,
                          expected);
            expect_values(&slow[m], t.model->modalities[m].diffusion->values);
        }
        t.trainer->epoch++;
    }
    for (size_t m = 0; m < 2; m++)
        slow_end(&slow[m]);
    training_end(&t);
}

START_TEST(equals_the_public_functions)
{
    expect_training((const char *const[]){"e_loss", "0.7", NULL}, 0.7, 0, once);
    expect_training((const char *const[]){"e_loss", "0.7", NULL}, 0.7, 0.5, once);
    expect_training((const char *const[]){"diffusion.msi", "false", NULL}, 0, 0.25, once);
    expect_training((const char *const[]){"norm", "true", "projection", "linear", NULL}, 0.1, 0.5,
                    once);
    expect_training((const char *const[]){"hidden_sizes", "12,20", "e_loss", "0.3", NULL}, 0.3, 0,
                    once);
    expect_training((const char *const[]){"hidden_sizes", "90", "embedding_size", "8", NULL}, 0.1,
                    0.8, once);
}
END_TEST

/* Each pass over all users draws anew, in every epoch; the first has more of them. */
START_TEST(several_passes)
{
    expect_training((const char *const[]){"denoiser.passes", "3", NULL}, 0.1, 0.5,
                    (struct passes){3, 0, 0});
    expect_training((const char *const[]){"denoiser.warmup", "2", NULL}, 0.1, 0.5,
                    (struct passes){1, 2, 0});
    expect_training((const char *const[]){"denoiser.warmup", "3", "denoiser.passes", "2", NULL},
                    0.1, 0.5, (struct passes){2, 3, 0});
}
END_TEST

/* Every pass of an epoch has the epoch's learning rate. */
START_TEST(a_learning_rate_that_falls)
{
    expect_training((const char *const[]){"denoiser_learning_rate_decay", "0.4", "denoiser.passes",
                                          "2", "denoiser.warmup", "1", NULL},
                    0.1, 0.5, (struct passes){2, 1, 0.4});
}
END_TEST

/* The losses fall, with dropout and all. With one step, since the weights of the others differ so
 * much that the mean is mostly a matter of which steps are drawn. */
START_TEST(denoisers_learn)
{
    struct training t;
    double first[2] = {0}, last[2] = {0};
    training_begin(&t, (const char *const[]){"steps", "1", NULL});
    for (int epoch = 0; epoch < 12; epoch++) {
        expect_success(diffmm__epoch_denoise(t.trainer));
        for (size_t m = 0; m < 2; m++)
            *(epoch == 0 ? &first[m] : &last[m]) = t.trainer->report.denoiser_loss[m];
        t.trainer->epoch++;
    }
    for (size_t m = 0; m < 2; m++)
        ck_assert_msg(last[m] < 0.8 * first[m], "from %g to %g", first[m], last[m]);
    training_end(&t);
}
END_TEST

/* The recommender's parameters are constants here, and dropout is part of it. */
START_TEST(only_denoisers_change)
{
    struct training t, dry;
    diffmm_model *before;
    training_begin(&t, (const char *const[]){NULL});
    training_begin(&dry, (const char *const[]){"dropout", "0", NULL});
    expect_success(diffmm_model_create(t.dataset, t.options, &before));
    expect_success(diffmm__epoch_denoise(t.trainer));
    expect_success(diffmm__epoch_denoise(dry.trainer));
    for (size_t p = 0; p < before->parameter_count; p++) {
        const struct diffmm__parameter *parameter = &before->parameters[p];
        ck_assert_mem_eq(parameter->values, t.model->parameters[p].values,
                         parameter->rows * parameter->columns * sizeof(float));
    }
    ck_assert_str_eq(first_difference(t.model, dry.model), "denoiser.image.time.weight");
    ck_assert(t.trainer->report.denoiser_loss[0] != dry.trainer->report.denoiser_loss[0]);
    diffmm_model_destroy(before);
    training_end(&t);
    training_end(&dry);
}
END_TEST

struct seen {
    size_t calls, total;
};

static int watch(const diffmm_progress *progress, void *user_data)
{
    struct seen *seen = user_data;
    ck_assert_uint_eq(progress->done, ++seen->calls);
    ck_assert_uint_eq(progress->total, seen->total);
    ck_assert_int_eq(progress->phase, DIFFMM_PHASE_DENOISE);
    return 0;
}

/* 70 users in batches of 32, two modalities */
enum { steps_of_a_pass = 2 * 3 };

static void expect_steps(struct training *t, size_t passes)
{
    struct seen seen = {.total = passes * steps_of_a_pass};
    expect_success(diffmm_trainer_on_progress(t->trainer, watch, &seen));
    expect_success(diffmm__epoch_denoise(t->trainer));
    ck_assert_uint_eq(seen.calls, seen.total);
    t->trainer->epoch++;
}

START_TEST(a_step_is_a_batch)
{
    struct training t;
    training_begin(&t, (const char *const[]){"batch", "32", NULL});
    expect_steps(&t, 1);
    expect_steps(&t, 1);
    training_end(&t);
    training_begin(&t, (const char *const[]){"batch", "32", "denoiser.passes", "3",
                                             "denoiser.warmup", "4", NULL});
    expect_steps(&t, 4 + 3);
    expect_steps(&t, 3);
    training_end(&t);
}
END_TEST

START_TEST(a_loss_that_is_not_finite)
{
    traps_off(); /* the loss is no float */
    struct training t;
    training_begin(&t, (const char *const[]){NULL});
    t.trainer->epoch = 6;
    diffmm_parameter bias = {.struct_size = sizeof bias};
    expect_success(diffmm_model_parameter(t.model, "denoiser.text.decoder.0.bias", &bias));
    float *values = malloc(bias.rows * sizeof *values);
    for (size_t i = 0; i < bias.rows; i++)
        values[i] = 1e38F;
    expect_success(diffmm_model_set_parameter(
        (diffmm_model *)(uintptr_t)t.model, "denoiser.text.decoder.0.bias", bias.rows, 1, values));
    free(values);
    diffmm_status status = diffmm__epoch_denoise(t.trainer);
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "epoch 7, denoise");
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "loss of modality 'text'");
    training_end(&t);
}
END_TEST

/* Where spectral denoisers do not learn, losses alone are computed: the same, of the same models, as
 * with the steps that would change nothing. */
START_TEST(frozen_denoisers)
{
    static const char *const lists[][16] = {
        {"denoiser.kind", "spectral", "denoiser.rank", "9", "denoiser_learning_rate", "0",
         "denoiser.passes", "2"},
        {"denoiser.kind", "spectral", "denoiser.rank", "9", "denoiser_learning_rate", "0",
         "denoiser.linear", "true", "denoiser.rows", "normalized", "diffusion.blend", "0.5"}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct training frozen, stepping;
        training_begin(&frozen, lists[l]);
        training_begin(&stepping, lists[l]);
        ck_assert(frozen.trainer->denoisers.workspace.loss.plan.frozen);
        stepping.trainer->denoisers.workspace.loss.plan.frozen = false;
        for (size_t e = 0; e < 2; e++) {
            diffmm_report a = {.struct_size = sizeof a}, b = a;
            expect_success(diffmm_trainer_epoch(frozen.trainer, &a));
            expect_success(diffmm_trainer_epoch(stepping.trainer, &b));
            expect_same_report(&a, &b);
            ck_assert(a.denoiser_loss[0] > 0.0);
            expect_same_bits(frozen.model, stepping.model);
        }
        for (size_t m = 0; m < 2; m++) {
            const diffmm_diffusion *module = frozen.model->modalities[m].diffusion,
                                   *other = stepping.model->modalities[m].diffusion;
            ck_assert_mem_eq(module->values, other->values,
                             module->layers.size * sizeof *module->values);
            ck_assert(module->steps == 0 && other->steps > 0);
        }
        training_end(&stepping);
        training_end(&frozen);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_the_public_functions, several_passes,
                                  a_learning_rate_that_falls,  denoisers_learn,
                                  only_denoisers_change,       a_step_is_a_batch,
                                  a_loss_that_is_not_finite,   frozen_denoisers};
    return run_tests("train/denoise", tests, sizeof tests / sizeof *tests) != 0;
}
