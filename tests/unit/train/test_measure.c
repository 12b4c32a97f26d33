/* SPDX-License-Identifier: BSD-2-Clause */
/* The time of an epoch, measured by some of its steps. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "support/failure.h"
#include "support/run.h"
#include "support/settings.h"
#include "train/epoch.h"

struct world {
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
};

static void begin(struct world *world, size_t users)
{
    const diffmm_context_settings one = {.struct_size = sizeof one, .threads = 1};
    const diffmm_synthetic spec = {
        .struct_size = sizeof spec, .users = users, .items = 300, .seed = 3};
    expect_success(diffmm_context_create(&one, &world->context));
    expect_success(diffmm_dataset_synthesize(world->context, &spec, &world->dataset));
    world->options =
        settings(world->context, (const char *const[]){"embedding_size", "16", "hidden_sizes", "32",
                                                       "batch", "40", NULL});
}

static void end(struct world *world)
{
    diffmm_options_destroy(world->options);
    diffmm_dataset_destroy(world->dataset);
    diffmm_context_destroy(world->context);
}

static diffmm_seconds measure(const struct world *world, double seconds)
{
    diffmm_seconds out;
    expect_success(diffmm_trainer_measure(world->dataset, world->options, seconds, &out));
    return out;
}

static double sum(const diffmm_seconds *seconds)
{
    return seconds->denoise + seconds->generate + seconds->recommend + seconds->evaluate;
}

/* The seconds of an epoch after the first. */
static diffmm_seconds train(const struct world *world)
{
    diffmm_trainer *trainer;
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_create(world->dataset, world->options, &trainer));
    for (int epoch = 0; epoch < 2; epoch++)
        expect_success(diffmm_trainer_epoch(trainer, &report));
    diffmm_trainer_destroy(trainer);
    return report.seconds;
}

/* Whether a small part of an epoch has foretold it to a factor of 3. */
static bool foretold(const struct world *world)
{
    double began = diffmm__clock_seconds();
    diffmm_seconds estimate = measure(world, 1e-6);
    double taken = diffmm__clock_seconds() - began;
    diffmm_seconds real = train(world);
    return sum(&estimate) > sum(&real) / 3 && sum(&estimate) < sum(&real) * 3 &&
           taken < sum(&real) / 2;
}

/* Others may take the processor at any moment: once of many times it must come true. */
START_TEST(a_part_tells_the_whole)
{
    struct world world;
    begin(&world, 1500);
    int tries = 0;
    while (!foretold(&world))
        ck_assert_int_lt(++tries, 10);
    end(&world);
}
END_TEST

/* Phases of one or two steps only. */
START_TEST(short_phases)
{
    struct world world;
    begin(&world, 20);
    diffmm_seconds seconds = measure(&world, 1e-6);
    ck_assert(seconds.denoise > 0 && seconds.generate > 0 && seconds.recommend > 0 &&
              seconds.evaluate > 0);
    ck_assert(sum(&seconds) < 60);
    end(&world);
}
END_TEST

/* The seconds of the mean epoch, not of the first one, which is all that is run: passes before it
 * count as far as they fall to each epoch. */
START_TEST(epochs_that_are_not_alike)
{
    struct world world;
    begin(&world, 300);
    expect_success(diffmm_options_set(world.options, "epochs", "1000000"));
    int tries = 0;
    double plain, warm;
    do {
        expect_success(diffmm_options_set(world.options, "denoiser.warmup", "0"));
        plain = measure(&world, 1).denoise;
        expect_success(diffmm_options_set(world.options, "denoiser.warmup", "19"));
        warm = measure(&world, 1).denoise;
        ck_assert_int_lt(tries++, 10);
    } while (warm > 3 * plain || warm < plain / 3);
    end(&world);
}
END_TEST

START_TEST(without_diffusion)
{
    struct world world;
    begin(&world, 200);
    expect_success(diffmm_options_set(world.options, "diffusion.enabled", "false"));
    diffmm_seconds seconds = measure(&world, 0.01);
    ck_assert(seconds.denoise == 0 && seconds.recommend > 0 && seconds.evaluate > 0);
    end(&world);
}
END_TEST

START_TEST(without_modalities)
{
    static const int32_t user[] = {0, 0, 1, 1, 2, 2, 3}, item[] = {0, 1, 1, 2, 2, 3, 3};
    struct world world;
    begin(&world, 20);
    diffmm_dataset_destroy(world.dataset);
    expect_success(diffmm_dataset_create(world.context, &world.dataset));
    expect_success(diffmm_dataset_add_interactions(world.dataset, DIFFMM_TRAIN, 7, user, item));
    diffmm_seconds seconds = measure(&world, 1e-6);
    ck_assert(seconds.recommend > 0 && seconds.evaluate > 0 && sum(&seconds) < 60);
    end(&world);
}
END_TEST

/* Success leaves the text of the last failure, although phases are cut short. */
START_TEST(the_error_text_stays)
{
    struct world world;
    begin(&world, 1000);
    expect_failure(diffmm_options_set(world.options, "no_such_setting", "1"),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "no_such_setting");
    measure(&world, 1e-6);
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "no_such_setting"));
    end(&world);
}
END_TEST

START_TEST(bad_input)
{
    struct world world;
    diffmm_seconds out;
    begin(&world, 100);
    expect_failure(diffmm_trainer_measure(NULL, world.options, 1, &out),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "dataset is NULL");
    expect_failure(diffmm_trainer_measure(world.dataset, world.options, 1, NULL),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "out is NULL");
    const double wrong[] = {0, -1, 3601, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_failure(diffmm_trainer_measure(world.dataset, world.options, wrong[i], &out),
                       DIFFMM_ERROR_INVALID_ARGUMENT, "seconds must be above 0, and at most 3600");
    expect_success(diffmm_options_set(world.options, "memory_limit", "1000"));
    expect_failure(diffmm_trainer_measure(world.dataset, world.options, 1, &out),
                   DIFFMM_ERROR_NO_MEMORY, "memory_limit");
    end(&world);
}
END_TEST

static int stop_after(const diffmm_progress *progress, void *steps)
{
    return progress->done == *(const size_t *)steps;
}

/* Wherever generating is cut short, each modality gets a graph of full size. */
START_TEST(graphs_are_completed)
{
    enum { users = 50, block = 16, blocks = 4 };
    struct world world;
    diffmm_trainer *trainer;
    begin(&world, users);
    expect_success(diffmm_options_set(world.options, "keep_rate", "1"));
    for (size_t steps = 1; steps <= (size_t)2 * blocks; steps++) {
        expect_success(
            diffmm_options_set(world.options, "generate.weights", steps < 5 ? "ones" : "scores"));
        expect_success(
            diffmm_options_set(world.options, "generate.unseen", steps % 3 ? "false" : "true"));
        /* With one list of neighbours for all modalities, and with one for each. */
        expect_success(diffmm_options_set(world.options, "generate.every", steps % 2 ? "1" : "2"));
        expect_success(diffmm_trainer_create(world.dataset, world.options, &trainer));
        diffmm_model *model = trainer->model;
        ck_assert_uint_eq(model->modality_count, 2);
        trainer->graphs.block = block;
        expect_success(diffmm_trainer_on_progress(trainer, stop_after, &steps));
        expect_success(diffmm__graphs_reserve(&trainer->graphs, model, 1));
        ck_assert_int_eq(diffmm__epoch_generate(trainer), DIFFMM_CANCELLED);
        expect_success(diffmm__graphs_complete(&trainer->graphs, model, 1, steps));
        for (size_t m = 0; m < 2; m++)
            ck_assert_uint_eq(diffmm_graph_entries(model->modalities[m].graph),
                              2 * users * model->settings.rebuild_k + users + model->items);
        diffmm__graphs_unreserve(&trainer->graphs, 2);
        diffmm_trainer_destroy(trainer);
    }
    end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_part_tells_the_whole,
                                  short_phases,
                                  epochs_that_are_not_alike,
                                  without_diffusion,
                                  without_modalities,
                                  the_error_text_stays,
                                  bad_input,
                                  graphs_are_completed};
    return run_tests("train/measure", tests, sizeof tests / sizeof *tests) != 0;
}
