/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 3 against a loop of the host's: the model's objective and step over the sampler's pairs. */
#include "support/training.h"
#include "train/epoch.h"
#include "train/trainer.h"

static void add_losses(diffmm_losses *sum, const diffmm_losses *more)
{
    sum->bpr += more->bpr;
    sum->contrastive += more->contrastive;
    sum->regularizer += more->regularizer;
    sum->total += more->total;
}

static void expect_near(double expected, double got)
{
    ck_assert_msg(fabs(got - expected) <= 1e-12 * fabs(expected), "%.17g, not %.17g", got,
                  expected);
}

/* One epoch on `model`; returns the number of batches. */
static size_t own_epoch(diffmm_model *model, struct diffmm__pairs *pairs, size_t batch,
                        uint64_t epoch, diffmm_losses *mean)
{
    size_t batches = 0;
    *mean = (diffmm_losses){0};
    diffmm__pairs_draw(pairs, NULL, model->catalog, 5, epoch);
    for (size_t first = 0; first < pairs->count; first += batch, batches++) {
        diffmm_losses losses;
        size_t count = pairs->count - first < batch ? pairs->count - first : batch;
        expect_success(diffmm_model_objective(model, count, pairs->batch_user + first,
                                              pairs->batch_positive + first,
                                              pairs->batch_negative + first, &losses));
        expect_success(diffmm_model_step(model));
        add_losses(mean, &losses);
    }
    return batches;
}

static void expect_epochs(const char *const *list, size_t batch)
{
    struct training t;
    struct diffmm__pairs pairs;
    diffmm_model *own;
    training_begin(&t, list);
    expect_success(diffmm_model_create(t.dataset, t.options, &own));
    expect_success(diffmm__pairs_create(t.context, own->catalog, &pairs));
    ck_assert(pairs.count > 500 && pairs.count % batch != 0); /* a last batch that is smaller */
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        diffmm_losses mean, got;
        expect_success(
            diffmm__graphs_reserve(&t.trainer->graphs, t.trainer->model, t.trainer->epoch + 1));
        expect_success(diffmm__epoch_generate(t.trainer));
        diffmm__graphs_unreserve(&t.trainer->graphs, 2);
        for (size_t m = 0; m < 2; m++)
            expect_success(diffmm_model_set_graph(own, own->modalities[m].name,
                                                  t.trainer->model->modalities[m].graph));
        size_t batches = own_epoch(own, &pairs, batch, epoch, &mean);
        expect_success(diffmm__epoch_recommend(t.trainer));
        diffmm__report_complete(&t.trainer->report);
        got = t.trainer->report.figures.loss;
        expect_near(mean.bpr / (double)batches, got.bpr);
        expect_near(mean.contrastive / (double)batches, got.contrastive);
        expect_near(mean.regularizer / (double)batches, got.regularizer);
        expect_near(mean.total / (double)batches, got.total);
        ck_assert(got.bpr > 0 && got.contrastive > 0 && got.regularizer > 0);
        for (size_t p = 0; p < own->parameter_count; p++)
            ck_assert_mem_eq(own->parameters[p].values, t.model->parameters[p].values,
                             own->parameters[p].rows * own->parameters[p].columns * sizeof(float));
        t.trainer->epoch++;
    }
    diffmm__pairs_end(&pairs);
    diffmm_model_destroy(own);
    training_end(&t);
}

START_TEST(equals_a_loop_of_the_hosts)
{
    expect_epochs((const char *const[]){"contrastive.anchor", "main", "reg", "0.01", NULL}, 64);
    expect_epochs(
        (const char *const[]){"projection", "linear", "layers", "2", "batch", "200", NULL}, 200);
    expect_epochs((const char *const[]){"batch", "100000", NULL}, 100000);
    expect_epochs((const char *const[]){"weight_decay", "3", NULL}, 64);
}
END_TEST

/* Of all parameters together. */
static double distance(const diffmm_model *a, const diffmm_model *b)
{
    double sum = 0;
    for (size_t p = 0; p < a->parameter_count; p++)
        for (size_t i = 0; i < a->parameters[p].rows * a->parameters[p].columns; i++) {
            double apart = (double)a->parameters[p].values[i] - (double)b->parameters[p].values[i];
            sum += apart * apart;
        }
    return sqrt(sum);
}

/* The first step of Adam is as long as the learning rate, which is multiplied by
 * learning_rate_decay once for each epoch that is done. */
START_TEST(a_learning_rate_that_decays)
{
    double length[4];
    for (size_t epoch = 1; epoch <= 3; epoch++) {
        struct training t;
        diffmm_model *before;
        training_begin(
            &t, (const char *const[]){"learning_rate_decay", "0.25", "batch", "100000", NULL});
        expect_success(diffmm_model_create(t.dataset, t.options, &before));
        t.trainer->epoch = epoch - 1;
        expect_success(diffmm__epoch_recommend(t.trainer));
        length[epoch] = distance(t.model, before);
        diffmm_model_destroy(before);
        training_end(&t);
    }
    ck_assert(length[1] > 0);
    ck_assert_msg(fabs(length[2] / length[1] - 0.25) < 1e-3, "%g, then %g", length[1], length[2]);
    ck_assert_msg(fabs(length[3] / length[1] - 0.0625) < 1e-3, "%g, then %g", length[1], length[3]);
}
END_TEST

/* In one step, every parameter is first multiplied by 1 - learning_rate weight_decay; what Adam
 * adds is the same. */
START_TEST(weights_that_decay)
{
    struct training plain, t;
    diffmm_model *before;
    training_begin(&plain, (const char *const[]){"batch", "100000", NULL});
    training_begin(&t, (const char *const[]){"weight_decay", "20", "batch", "100000", NULL});
    expect_success(diffmm_model_create(t.dataset, t.options, &before));
    expect_success(diffmm__epoch_recommend(plain.trainer));
    expect_success(diffmm__epoch_recommend(t.trainer));
    for (size_t p = 0; p < before->parameter_count; p++)
        for (size_t i = 0; i < before->parameters[p].rows * before->parameters[p].columns; i++) {
            double was = (double)before->parameters[p].values[i];
            double want = (double)plain.model->parameters[p].values[i] - 0.01 * 20 * was;
            double got = (double)t.model->parameters[p].values[i];
            ck_assert_msg(fabs(got - want) <= 1e-6, "%s[%zu] is %g, not %g",
                          before->parameters[p].name, i, got, want);
        }
    diffmm_model_destroy(before);
    training_end(&plain);
    training_end(&t);
}
END_TEST

static int count_steps(const diffmm_progress *progress, void *user_data)
{
    size_t *calls = user_data;
    ck_assert_uint_eq(progress->done, ++*calls);
    ck_assert_int_eq(progress->phase, DIFFMM_PHASE_RECOMMEND);
    ck_assert_uint_eq(progress->epoch, 1);
    ck_assert_uint_eq(progress->epochs, 3);
    return 0;
}

START_TEST(a_step_is_a_batch)
{
    struct training t;
    size_t calls = 0;
    training_begin(&t, (const char *const[]){NULL});
    expect_success(diffmm_trainer_on_progress(t.trainer, count_steps, &calls));
    expect_success(diffmm__epoch_recommend(t.trainer));
    ck_assert_uint_eq(calls, (t.trainer->recommender.pairs.count + 63) / 64);
    training_end(&t);
}
END_TEST

START_TEST(a_loss_that_is_not_finite)
{
    traps_off(); /* a parameter is infinite */
    struct training t;
    training_begin(&t, (const char *const[]){NULL});
    t.trainer->model->parameters[1].values[3] = INFINITY;
    diffmm_status status = diffmm__epoch_recommend(t.trainer);
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "epoch 1, recommend, batch 1");
    expect_failure(status, DIFFMM_ERROR_NUMERIC, "bpr");
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {equals_a_loop_of_the_hosts, a_learning_rate_that_decays,
                                  weights_that_decay, a_step_is_a_batch, a_loss_that_is_not_finite};
    return run_tests("train/recommend", tests, sizeof tests / sizeof *tests) != 0;
}
