/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "../support/failing.h"
#include "../support/failure.h"
#include "../support/small_model.h"
#include "../support/training.h"
#include "model/workspace.h"
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
    diffmm__best_offer(&world->best, world->model, epoch, cutoffs, v, t);
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
    expect_success(diffmm__best_create(model, t.trainer->cutoffs, &best));
    diffmm__best_offer(&best, model, 1, t.trainer->cutoffs, t.trainer->valid, t.trainer->test);
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
    const TTest *const tests[] = {chosen_by_validation, chosen_by_test,
                                  nothing_to_choose_by, patience,
                                  the_best_is_put_back, the_best_forward_pass_is_put_back,
                                  without_memory};
    return run_tests("train/best", tests, sizeof tests / sizeof *tests) != 0;
}
