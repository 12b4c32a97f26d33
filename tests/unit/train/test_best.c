/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/workspace.h"
#include "support/failing.h"
#include "support/failure.h"
#include "support/small_model.h"
#include "support/training.h"
#include "train/best.h"
#include "train/trainer.h"

enum { cutoffs = 2 };

struct world {
    diffmm_context *context;
    diffmm_model *model;
    struct diffmm__best best;
};

static void begin(struct world *world)
{
    expect_success(
        diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &world->context));
    world->model = small_model(world->context, 7, 12, 5, false);
    expect_success(diffmm__best_create(world->model, cutoffs, &world->best));
}

static void end(struct world *world)
{
    diffmm__best_end(&world->best);
    diffmm_model_destroy(world->model);
    diffmm_context_destroy(world->context);
}

/* An epoch with these results, of so many users; the second cutoff says the contrary. */
static void offer(struct world *world, size_t epoch, size_t valid_users, double valid,
                  size_t test_users, double test)
{
    const diffmm_metrics v[cutoffs] = {{.cutoff = 20, .users = valid_users, .recall = valid},
                                       {.cutoff = 5, .users = valid_users, .recall = 1 - valid}};
    const diffmm_metrics t[cutoffs] = {{.cutoff = 20, .users = test_users, .recall = test},
                                       {.cutoff = 5, .users = test_users, .recall = 1 - test}};
    diffmm__best_offer(
        &world->best, world->model, epoch,
        &(struct diffmm__results){.cutoffs = cutoffs, .valid = v, .test = t, .loss = 1});
}

START_TEST(chosen_by_validation)
{
    struct world world;
    begin(&world);
    ck_assert_uint_eq(world.best.epoch, 0);
    offer(&world, 1, 9, 0, 9, 0.9);
    ck_assert_uint_eq(world.best.epoch, 1); /* however bad */
    offer(&world, 2, 9, 0.3, 9, 0.1);
    ck_assert_uint_eq(world.best.epoch, 2);
    offer(&world, 3, 9, 0.3, 9, 0.8); /* no better */
    offer(&world, 4, 9, 0.2, 9, 0.95);
    ck_assert_uint_eq(world.best.epoch, 2);
    ck_assert(world.best.valid[0].recall == 0.3 && world.best.valid[1].recall == 0.7);
    ck_assert(world.best.test[0].recall == 0.1 && world.best.test[1].cutoff == 5);
    end(&world);
}
END_TEST

START_TEST(chosen_by_test)
{
    struct world world;
    begin(&world);
    world.model->settings.select_by_test = true;
    offer(&world, 1, 9, 0.9, 9, 0.1);
    offer(&world, 2, 9, 0.1, 9, 0.2);
    ck_assert_uint_eq(world.best.epoch, 2);
    end(&world);

    begin(&world); /* or because there is no validation */
    offer(&world, 1, 0, 0, 9, 0.1);
    offer(&world, 2, 0, 0, 9, 0.2);
    offer(&world, 3, 0, 0, 9, 0.2);
    ck_assert_uint_eq(world.best.epoch, 2);
    end(&world);

    begin(&world); /* but by validation where there is no test */
    world.model->settings.select_by_test = true;
    offer(&world, 1, 9, 0.1, 0, 0);
    offer(&world, 2, 9, 0.2, 0, 0);
    offer(&world, 3, 9, 0.1, 0, 0);
    ck_assert_uint_eq(world.best.epoch, 2);
    end(&world);
}
END_TEST

struct measures {
    double recall, ndcg, later_recall, later_ndcg, loss;
};

/* Judged by validation or test, while the other split says the contrary. */
static void offer_measures(struct world *world, size_t epoch, const struct measures *m)
{
    const diffmm_metrics told[cutoffs] = {
        {.cutoff = 20, .users = 9, .recall = m->recall, .ndcg = m->ndcg},
        {.cutoff = 5, .users = 9, .recall = m->later_recall, .ndcg = m->later_ndcg}};
    const diffmm_metrics other[cutoffs] = {{.users = 9, .recall = -m->recall, .ndcg = -m->ndcg},
                                           {.users = 9, .recall = -m->later_recall}};
    bool by_test = world->model->settings.select_by_test;
    diffmm__best_offer(&world->best, world->model, epoch,
                       &(struct diffmm__results){.cutoffs = cutoffs,
                                                 .valid = by_test ? other : told,
                                                 .test = by_test ? told : other,
                                                 .loss = m->loss});
}

/* Each measure decides where all before it are equal, whatever those after it say. */
START_TEST(ties_go_to_the_next_measure)
{
    static const struct {
        struct measures first, second;
        size_t best;
    } cases[] = {{{1, .5, .5, .5, 5}, {1, .6, .1, .1, 9}, 2},
                 {{1, .5, .5, .5, 5}, {1, .4, .9, .9, 1}, 1},
                 {{1, 1, .5, .5, 5}, {1, 1, .6, .1, 9}, 2},
                 {{1, 1, .5, .5, 5}, {1, 1, .4, .9, 1}, 1},
                 {{1, 1, 1, .5, 5}, {1, 1, 1, .6, 9}, 2},
                 {{1, 1, 1, .5, 5}, {1, 1, 1, .4, 1}, 1},
                 {{1, 1, 1, 1, 5}, {1, 1, 1, 1, 4.9}, 2},
                 {{1, 1, 1, 1, 5}, {1, 1, 1, 1, 5.1}, 1},
                 {{1, 1, 1, 1, 5}, {1, 1, 1, 1, 5}, 1},
                 {{.5, .5, .5, .5, 5}, {.6, .1, .1, .1, 9}, 2},
                 {{.5, .5, .5, .5, 5}, {.4, .9, .9, .9, 1}, 1},
                 /* what is no number is worse than any number, and not better than itself */
                 {{NAN, .5, .5, .5, 5}, {0, 0, 0, 0, 9}, 2},
                 {{0, .5, .5, .5, 5}, {NAN, .9, .9, .9, 1}, 1},
                 {{NAN, .5, .5, .5, 5}, {NAN, .6, .5, .5, 5}, 2},
                 {{NAN, NAN, NAN, NAN, 5}, {NAN, NAN, NAN, NAN, 5}, 1},
                 {{1, NAN, .5, .5, 5}, {1, .1, .5, .5, 5}, 2},
                 {{1, 1, 1, 1, NAN}, {1, 1, 1, 1, 5}, 2},
                 {{1, 1, 1, 1, 5}, {1, 1, 1, 1, NAN}, 1},
                 /* not known, of an old checkpoint */
                 {{1, 1, 1, 1, -INFINITY}, {1, 1, 1, 1, -5}, 1}};
    for (int by_test = 0; by_test < 2; by_test++)
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            struct world world;
            begin(&world);
            world.model->settings.select_by_test = by_test;
            offer_measures(&world, 1, &cases[c].first);
            offer_measures(&world, 2, &cases[c].second);
            ck_assert_msg(world.best.epoch == cases[c].best, "case %zu: epoch %zu", c,
                          world.best.epoch);
            ck_assert(!diffmm__best_is_stale(&world.best, 2, 3 - world.best.epoch));
            end(&world);
        }
}
END_TEST

enum { full_users = 6, full_items = 20 };

struct heard {
    size_t count;
    char last[400];
};

static void listen(diffmm_log_level level, const char *message, void *user_data)
{
    struct heard *heard = user_data;
    if (level != DIFFMM_LOG_WARNING || !strstr(message, "cutoff"))
        return;
    heard->count++;
    snprintf(heard->last, sizeof heard->last, "%s", message);
}

/* User u has `seen` items from u on, and the last one that is left for validation. */
static void begin_full(struct training *t, struct heard *heard, size_t seen,
                       const char *const *list)
{
    static float features[full_items * 3];
    const diffmm_context_settings how = {
        .threads = 1, .log = listen, .log_data = heard, .log_level = DIFFMM_LOG_WARNING};
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(&how, &context));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_reserve(dataset, full_users, full_items));
    for (int32_t u = 0; u < full_users; u++) {
        for (size_t i = 0; i < seen; i++) {
            const int32_t item = (u + (int32_t)i) % full_items;
            expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, &u, &item));
        }
        const int32_t held = (u + full_items - 1) % full_items;
        expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_VALID, 1, &u, &held));
    }
    for (size_t i = 0; i < full_items * 3; i++)
        features[i] = sinf((float)i);
    expect_success(diffmm_dataset_add_modality_array(dataset, "image", full_items, 3, features, 3));
    training_on(t, context, dataset, list);
}

/* The epoch that is best of those trained so far by hand: of equal metrics, the lowest loss. */
static void expect_best_is_lowest(const char *const *list, bool all_alike)
{
    struct heard heard = {0};
    struct training t, parted;
    size_t lowest = 0;
    double loss = INFINITY;
    begin_full(&t, &heard, all_alike ? full_items - 1 : 5, list);
    begin_full(&parted, &heard, all_alike ? full_items - 1 : 5, list);
    diffmm_report report = {.struct_size = sizeof report}, other = report;
    for (size_t epoch = 1; epoch <= 6; epoch++) {
        expect_success(diffmm_trainer_epoch(t.trainer, &report));
        ck_assert(report.valid[0].recall == 1);
        if (report.loss.total < loss) {
            loss = report.loss.total;
            lowest = epoch;
        }
        if (all_alike) {
            ck_assert(report.valid[0].ndcg == 1);
            ck_assert_uint_eq(report.best_epoch, lowest);
        }
        /* The other training is interrupted after every epoch. */
        size_t size;
        expect_success(diffmm_trainer_epoch(parted.trainer, NULL));
        expect_success(diffmm_trainer_checkpoint_memory(parted.trainer, NULL, 0, &size));
        void *data = malloc(size);
        expect_success(diffmm_trainer_checkpoint_memory(parted.trainer, data, size, &size));
        diffmm_trainer_destroy(parted.trainer);
        expect_success(
            diffmm_trainer_resume_memory(parted.dataset, data, size, NULL, &parted.trainer));
        free(data);
        expect_success(diffmm_trainer_report(parted.trainer, &other));
        ck_assert_uint_eq(other.best_epoch, report.best_epoch);
        ck_assert_int_eq(other.finished, report.finished);
        ck_assert(parted.trainer->best.loss == t.trainer->best.loss);
    }
    ck_assert_uint_gt(report.best_epoch, 1);
    parted.model = NULL;
    training_end(&parted);
    training_end(&t);
}

START_TEST(a_saturated_measure_does_not_choose)
{
    static const char *const list[] = {"epochs",        "9",     "patience", "3", "cutoffs", "20",
                                       "learning_rate", "0.001", NULL};
    static const char *const more[] = {"epochs",        "9",         "patience", "3",
                                       "cutoffs",       "20,100,15", "select",   "test",
                                       "learning_rate", "0.001",     NULL};
    expect_best_is_lowest(list, true);
    expect_best_is_lowest(more, true);
    expect_best_is_lowest(list, false);
}
END_TEST

/* A cutoff that leaves a user no more items to rank than fit is warned of when a trainer is made,
 * and only then. */
START_TEST(cutoffs_that_reach_the_catalogue_are_warned_of)
{
    static const struct {
        size_t seen;
        const char *cutoffs, *part;
    } cases[] = {{5, "20", "cutoff 20 reaches"},
                 {5, "14", NULL},
                 {5, "15", "cutoff 15 reaches"},
                 {5, "40,15,3", "cutoff 15 reaches every item that is left to rank for 6 of 6"},
                 {18, "1", NULL},
                 {18, "2,1000000", "cutoff 2 reaches"}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct heard heard = {0};
        struct training t;
        begin_full(&t, &heard, cases[c].seen,
                   (const char *const[]){"cutoffs", cases[c].cutoffs, NULL});
        expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
        ck_assert_uint_eq(heard.count, cases[c].part ? 1 : 0);
        ck_assert_msg(!cases[c].part || strstr(heard.last, cases[c].part), "%s", heard.last);
        training_end(&t);
    }
}
END_TEST

START_TEST(nothing_to_choose_by)
{
    struct world world;
    begin(&world);
    for (size_t epoch = 1; epoch <= 5; epoch++) {
        offer(&world, epoch, 0, 0, 0, 0);
        ck_assert_uint_eq(world.best.epoch, epoch);
        ck_assert(!diffmm__best_is_stale(&world.best, epoch, 1));
    }
    end(&world);
}
END_TEST

START_TEST(patience)
{
    struct world world;
    begin(&world);
    offer(&world, 1, 9, 0.5, 9, 0.5);
    ck_assert(!diffmm__best_is_stale(&world.best, 1, 1));
    ck_assert(diffmm__best_is_stale(&world.best, 2, 1));
    ck_assert(!diffmm__best_is_stale(&world.best, 3, 3));
    ck_assert(diffmm__best_is_stale(&world.best, 4, 3));
    ck_assert(!diffmm__best_is_stale(&world.best, 1000, 0)); /* never */
    offer(&world, 4, 9, 0.6, 9, 0.5);
    ck_assert(!diffmm__best_is_stale(&world.best, 4, 3));
    end(&world);
}
END_TEST

/* Every parameter and the final embeddings, one after the other. */
static float *snapshot(const diffmm_model *model, size_t *count)
{
    size_t size = (model->users + model->items) * model->d;
    float *all = malloc(4096 * sizeof *all);
    *count = 0;
    for (size_t p = 0; p < model->parameter_count; p++) {
        size_t n = model->parameters[p].rows * model->parameters[p].columns;
        memcpy(all + *count, model->parameters[p].values, n * sizeof *all);
        *count += n;
    }
    memcpy(all + *count, model->final, size * sizeof *all);
    *count += size;
    ck_assert_uint_lt(*count, 4096);
    return all;
}

static void change_all(diffmm_model *model)
{
    for (size_t p = 0; p < model->parameter_count; p++)
        for (size_t i = 0; i < model->parameters[p].rows * model->parameters[p].columns; i++)
            model->parameters[p].values[i] += 1;
    for (size_t i = 0; i < (model->users + model->items) * model->d; i++)
        model->final[i] += 1;
}

START_TEST(the_best_is_put_back)
{
    struct world world;
    size_t count;
    begin(&world);
    offer(&world, 1, 9, 0.1, 9, 0.5);
    change_all(world.model);
    offer(&world, 2, 9, 0.5, 9, 0.5);
    float *best = snapshot(world.model, &count);
    change_all(world.model);
    offer(&world, 3, 9, 0.4, 9, 0.5);
    for (int again = 0; again < 2; again++) {
        diffmm__best_restore(&world.best, world.model);
        float *now = snapshot(world.model, &count);
        ck_assert_mem_eq(now, best, count * sizeof *now);
        free(now);
        change_all(world.model);
    }
    free(best);
    end(&world);
}
END_TEST

/* What serving takes from a forward pass goes back too, so that a model saved after its best epoch
 * was restored folds users in by that epoch. */
START_TEST(the_best_forward_pass_is_put_back)
{
    static const char *const list[] = {NULL};
    struct training t;
    struct diffmm__best best;
    training_begin(&t, list);
    diffmm_model *model = t.trainer->model;
    const struct diffmm__workspace *w = model->workspace;
    size_t items = model->items * model->d, all = model->users * model->d + items;
    float *v = malloc(all * sizeof *v), *content = malloc(2 * items * sizeof *content);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm__best_create(model, t.trainer->model->settings.cutoff_count, &best));
    diffmm__best_offer(&best, model, 1,
                       &(struct diffmm__results){.cutoffs = t.trainer->model->settings.cutoff_count,
                                                 .valid = t.trainer->report.valid,
                                                 .test = t.trainer->report.test});
    memcpy(v, w->v, all * sizeof *v);
    for (size_t m = 0; m < 2; m++)
        memcpy(content + m * items, w->modality[m].normalized, items * sizeof *content);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    ck_assert_mem_ne(v, w->v, all * sizeof *v);
    ck_assert_mem_ne(content, w->modality[0].normalized, items * sizeof *content);
    diffmm__best_restore(&best, model);
    ck_assert_mem_eq(v, w->v, all * sizeof *v);
    for (size_t m = 0; m < 2; m++)
        ck_assert_mem_eq(content + m * items, w->modality[m].normalized, items * sizeof *content);
    free(v);
    free(content);
    diffmm__best_end(&best);
    training_end(&t);
}
END_TEST

static diffmm_status create(void *model)
{
    struct diffmm__best best;
    diffmm_status status = diffmm__best_create(model, cutoffs, &best);
    if (!status)
        diffmm__best_end(&best);
    return status;
}

START_TEST(without_memory)
{
    struct failing failing = {.fail = 0};
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_model *model = small_model(context, 7, 12, 5, false);
    ck_assert_uint_ge(fail_each_allocation(&failing, create, model), 6);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {chosen_by_validation,
                                  chosen_by_test,
                                  ties_go_to_the_next_measure,
                                  a_saturated_measure_does_not_choose,
                                  cutoffs_that_reach_the_catalogue_are_warned_of,
                                  nothing_to_choose_by,
                                  patience,
                                  the_best_is_put_back,
                                  the_best_forward_pass_is_put_back,
                                  without_memory};
    return run_tests("train/best", tests, sizeof tests / sizeof *tests) != 0;
}
