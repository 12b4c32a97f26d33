/* SPDX-License-Identifier: BSD-2-Clause */
/* The forecast of memory against an allocator that counts, and the limit that rests on it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/counting.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/sanitizers.h"
#include "support/settings.h"
#include "train/plan/peak_memory.h"
#include "train/trainer.h"

struct world {
    struct counter counter;
    size_t threads;
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
};

enum { users = 400, items = 330 };

static void begin_on(struct world *world, size_t threads, const char *const *list,
                     diffmm_dataset *(*data)(diffmm_context *))
{
    *world = (struct world){.threads = threads};
    world->context = counting_context(&world->counter, threads);
    world->dataset = data(world->context);
    expect_success(diffmm_dataset_seal(world->dataset));
    world->options =
        settings(world->context, (const char *const[]){"embedding_size", "32", "hidden_sizes", "64",
                                                       "batch", "300", "epochs", "3", NULL});
    set_all(world->options, list);
    world->counter.peak = world->counter.now;
}

static diffmm_dataset *made_up(diffmm_context *context)
{
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = users,
                                   .items = items,
                                   .interactions = 2500,
                                   .modality_count = 3,
                                   .seed = 2};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    return dataset;
}

static void begin(struct world *world, const char *const *list)
{
    begin_on(world, 1, list, made_up);
}

static void end(struct world *world)
{
    diffmm_options_destroy(world->options);
    diffmm_dataset_destroy(world->dataset);
    diffmm_context_destroy(world->context);
    ck_assert_uint_eq(world->counter.now, 0);
}

static size_t forecast_bytes(const struct world *world)
{
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    expect_success(diffmm_trainer_forecast(world->dataset, world->options, &forecast));
    return forecast.peak_bytes;
}

/* The part of a forecast that comes through the allocator: the rest stands for code, stacks and the
 * matrix library. */
static size_t allocated(const struct world *world, size_t forecast)
{
    size_t outside = world->threads * (9 << 20) + (10 << 20);
    ck_assert_uint_gt(forecast, outside);
    return forecast - outside;
}

/* Never less than was taken; and no more than a twentieth and some small blocks above it. */
static void expect_true(const struct world *world, const char *what, size_t forecast)
{
    size_t peak = world->counter.peak, told = allocated(world, forecast);
    ck_assert_msg(peak <= told, "%s: %zu bytes, forecast %zu", what, peak, told);
    ck_assert_msg((double)told <= 1.05 * (double)peak + (100 << 10), "%s: %zu bytes, forecast %zu",
                  what, peak, told);
}

static void train(diffmm_trainer *trainer, size_t epochs)
{
    for (size_t epoch = 0; epoch < epochs; epoch++)
        expect_success(diffmm_trainer_epoch(trainer, NULL));
    diffmm_trainer_destroy(trainer);
}

static void expect_forecast(size_t threads, const char *what, const char *const *list,
                            diffmm_dataset *(*data)(diffmm_context *), size_t epochs)
{
    struct world world;
    diffmm_trainer *trainer;
    begin_on(&world, threads, list, data);
    size_t forecast = forecast_bytes(&world), before = world.counter.now;
    ck_assert_uint_lt(world.counter.peak - before, 50000); /* allocates nothing large itself */
    /* Exactly so much is allowed, and not one byte less. */
    expect_success(
        diffmm_options_set_integer(world.options, "memory_limit", (int64_t)forecast - 1));
    expect_failure(diffmm_trainer_create(world.dataset, world.options, &trainer),
                   DIFFMM_ERROR_NO_MEMORY, "memory_limit");
    expect_success(diffmm_options_set_integer(world.options, "memory_limit", (int64_t)forecast));
    expect_success(diffmm_trainer_create(world.dataset, world.options, &trainer));
    train(trainer, epochs);
    expect_true(&world, what, forecast);
    end(&world);
}

/* Each shapes memory in a way of its own. */
START_TEST(every_setting_that_shapes_memory)
{
    static const char *const lists[][9] = {
        {NULL},
        {"cutoffs", "330"},
        {"cutoffs", "5,10,1000000,40,80"},
        {"contrastive.anchor", "main", "fusion_ratio", "0.5"},
        {"fusion_ratio", "0.5", "keep_rate", "1"},
        {"fusion_ratio", "1", "keep_rate", "0.9", "rebuild_k", "9"},
        {"diffusion.enabled", "false"},
        {"diffusion.enabled", "false", "keep_rate", "1", "contrastive.enabled", "false"},
        {"contrastive.enabled", "false"},
        {"contrastive.enabled", "false", "alignment", "0.1"},
        {"contrastive.enabled", "false", "contrastive.negatives", "10000000"},
        {"contrastive.negatives", "20"},
        {"contrastive.negatives", "200", "batch", "30", "contrastive.anchor", "main"},
        {"contrastive.negatives", "100000", "batch", "10000000"},
        {"diffusion.msi", "false"},
        {"hidden_sizes", "300"}, /* the direct way, */
        {"hidden_sizes", "8"},   /* and with Gram matrices */
        {"hidden_sizes", "40,60", "norm", "true", "rebuild_k", "20"},
        {"hidden_sizes", "30,20,10,5"},
        {"sampling_noise", "true", "batch", "100000"},
        {"sampling_steps", "3", "steps", "20"},
        {"steps", "300", "time_embedding_size", "512"},
        {"batch", "10000000"},
        {"batch", "auto"},
        {"evaluate.users", "20", "cutoffs", "300"},
        {"rebuild_k", "330"},
        {"projection", "linear", "layers", "3", "keep_rate", "1"},
        {"layers", "0", "keep_rate", "1e-6"},
        {"embedding_size", "1"},
        {"embedding_size", "200"},
        {"generate.every", "2", "rebuild_k", "330"},
        {"generate.every", "3", "rebuild_k", "20", "keep_rate", "1"},
        {"average", "0.9", "embedding_size", "200"},
        {"generate.weights", "scores", "rebuild_k", "330"},
        {"generate.unseen", "true", "rebuild_k", "330"},
        {"generate.unseen", "true", "rebuild_k", "30", "keep_rate", "1"},
        {"generate.weights", "scores", "rebuild_k", "40", "generate.every", "3"},
        {"measure", "off"},
        {"measure", "full"},
        {"measure", "full", "hidden_sizes", "40,60"},
        {"measure", "full", "measure.users", "0", "rebuild_k", "20"},
        {"measure", "full", "measure.users", "3", "cutoffs", "100000"},
        {"denoiser.kind", "spectral"},
        {"denoiser.kind", "spectral", "denoiser.rows", "normalized", "denoiser.linear", "true"},
        {"denoiser.kind", "spectral", "denoiser.rank", "7", "generate.exact", "true"},
        {"denoiser.kind", "spectral", "hidden_sizes", "9,300", "sampling_noise", "true"},
        {"denoiser.kind", "spectral", "diffusion.blend", "0.5"},
        {"denoiser.kind", "spectral", "denoiser.rank", "7", "diffusion.blend", "2"},
        {"epochs", "1"},
    };
#ifdef TESTS_ADDRESS_SANITIZER /* which makes a minute of it, and has other trainings to look at */
    const size_t step = 4;
#else
    const size_t step = 1;
#endif
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l += step) {
        bool one = lists[l][0] && strcmp(lists[l][0], "epochs") == 0;
        char what[64];
        snprintf(what, sizeof what, "%s %s", lists[l][0] ? lists[l][0] : "plain",
                 lists[l][0] ? lists[l][1] : "");
        expect_forecast(1 + l % 3, what, lists[l], made_up, one ? 1 : 2);
    }
}
END_TEST
/* What is there for each thread: long rankings above all. */
START_TEST(every_number_of_threads)
{
    static const char *const longest[] = {"cutoffs", "100000", NULL}, *const plain[] = {NULL};
    for (size_t threads = 1; threads <= 8; threads++) {
        expect_forecast(threads, "longest rankings", longest, made_up, 2);
        expect_forecast(threads, "threads", plain, made_up, 2);
    }
}
END_TEST

static int fill(size_t first, size_t count, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count * 500; i++)
        out[i] = (float)((first * 500 + i) % 7);
    return 0;
}

static float lent[items * 40];

/* Ids, repeated pairs, features lent and features loaded; nothing held out. */
static diffmm_dataset *by_hand(diffmm_context *context)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    char names[items][16];
    const char *ids[items];
    for (size_t i = 0; i < items; i++) {
        snprintf(names[i], sizeof names[i], "item %zu", i);
        ids[i] = names[i];
    }
    expect_success(diffmm_dataset_declare_items(dataset, items, ids));
    for (size_t e = 0; e < 4000; e++) {
        char user[40], item[40];
        const char *users_id = user, *items_id = item;
        snprintf(user, sizeof user, "the user of number %zu", e % users);
        snprintf(item, sizeof item, "item %zu", e % 1300 * 7 % items);
        expect_success(
            diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 1, &users_id, &items_id));
    }
    for (size_t i = 0; i < sizeof lent / sizeof *lent; i++)
        lent[i] = (float)(i % 11);
    expect_success(diffmm_dataset_add_modality_array(dataset, "lent", items, 40, lent, 40));
    expect_success(diffmm_dataset_add_modality(dataset, "loaded", 500, fill, NULL));
    return dataset;
}

/* One modality, and users of whom some have nothing held out. */
static diffmm_dataset *held_out(diffmm_context *context)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    for (int32_t u = 0; u < users; u++)
        for (int32_t i = 0; i < 3 + u % 5; i++) {
            const int32_t item = (u * 13 + i * 29) % items;
            expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, &u, &item));
        }
    expect_success(diffmm_dataset_reserve(dataset, users, items));
    expect_success(diffmm_dataset_hold_out(dataset, 0.05, 0.02, 4));
    expect_success(diffmm_dataset_add_modality_array(dataset, "lent", items, 40, lent, 40));
    return dataset;
}

START_TEST(every_kind_of_data)
{
    static const char *const lists[][5] = {{NULL}, {"cutoffs", "330"}, {"projection", "linear"}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        expect_forecast(2, "by hand", lists[l], by_hand, 2);
        expect_forecast(2, "held out", lists[l], held_out, 2);
    }
}
END_TEST

/* Trainers that go on from a model, or from a checkpoint, take what any does. */
START_TEST(trainers_that_go_on)
{
    static const char *const lists[][7] = {
        {"cutoffs", "330", "fusion_ratio", "0.5"},
        {"diffusion.enabled", "false", "keep_rate", "1", "contrastive.enabled", "false"}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct world world;
        diffmm_trainer *trainer;
        diffmm_model *model;
        size_t size;
        begin_on(&world, 4, lists[l], made_up);
        size_t forecast = forecast_bytes(&world);
        expect_success(diffmm_trainer_create(world.dataset, world.options, &trainer));
        expect_success(diffmm_trainer_epoch(trainer, NULL));
        expect_success(diffmm_trainer_checkpoint_memory(trainer, NULL, 0, &size));
        void *checkpoint = malloc(size);
        expect_success(diffmm_trainer_checkpoint_memory(trainer, checkpoint, size, &size));
        diffmm_trainer_destroy(trainer);
        world.counter.peak = world.counter.now;
        expect_success(
            diffmm_trainer_resume_memory(world.dataset, checkpoint, size, NULL, &trainer));
        free(checkpoint);
        train(trainer, 2);
        expect_true(&world, "resumed", forecast);

        expect_success(diffmm_model_create(world.dataset, world.options, &model));
        size_t of_model = world.counter.now;
        world.counter.peak = world.counter.now;
        expect_success(diffmm_trainer_create_from(world.dataset, world.options, model, &trainer));
        diffmm_model_destroy(model);
        ck_assert_uint_le(world.counter.peak, allocated(&world, forecast) + of_model);
        world.counter.peak = world.counter.now;
        train(trainer, 2);
        expect_true(&world, "created from", forecast);
        end(&world);
    }
}
END_TEST

/* A checkpoint takes next to nothing while it is written, and a resumed training what any does. */
START_TEST(checkpoints)
{
    struct world world;
    struct folder folder = folder_begin();
    char path[128];
    diffmm_trainer *trainer;
    begin(&world, (const char *const[]){"fusion_ratio", "0.5", NULL});
    folder_file(&folder, "run.ckpt", path);
    size_t forecast = forecast_bytes(&world), size;
    expect_success(diffmm_trainer_create(world.dataset, world.options, &trainer));
    for (size_t epoch = 0; epoch < 2;
         epoch++) /* the second has the first one's graphs beside its own */
        expect_success(diffmm_trainer_epoch(trainer, NULL));
    size_t before = world.counter.now, whole = world.counter.peak;
    world.counter.peak = before;
    expect_success(diffmm_trainer_checkpoint(trainer, path));
    expect_success(diffmm_trainer_checkpoint_memory(trainer, NULL, 0, &size));
    ck_assert_uint_eq(world.counter.now, before);
    ck_assert_uint_lt(world.counter.peak - before, size / 10);
    diffmm_trainer_destroy(trainer);
    expect_success(diffmm_trainer_resume(world.dataset, path, NULL, &trainer));
    expect_success(diffmm_trainer_epoch(trainer, NULL));
    diffmm_trainer_destroy(trainer);
    ck_assert_uint_gt(world.counter.peak, before);
    ck_assert_uint_lt(world.counter.peak, whole + size / 10);
    ck_assert_uint_le(world.counter.peak, forecast);
    folder_end(&folder);
    end(&world);
}
END_TEST

START_TEST(the_limit)
{
    struct world world;
    diffmm_trainer *trainer = NULL;
    begin(&world, (const char *const[]){NULL});
    size_t bytes = forecast_bytes(&world), before = world.counter.now;
    world.counter.peak = before;
    expect_success(diffmm_options_set_integer(world.options, "memory_limit", (int64_t)bytes - 1));
    expect_failure(diffmm_trainer_create(world.dataset, world.options, &trainer),
                   DIFFMM_ERROR_NO_MEMORY, "memory_limit");
    ck_assert_ptr_null(trainer);
    ck_assert_uint_lt(world.counter.peak - before, 100000); /* refused beforehand */
    expect_success(diffmm_options_set_integer(world.options, "memory_limit", (int64_t)bytes));
    expect_success(diffmm_trainer_create(world.dataset, world.options, &trainer));
    diffmm_trainer_destroy(trainer);
    end(&world);
}
END_TEST

static size_t forecast_peer(const struct world *world, size_t rank, size_t size)
{
    diffmm_forecast forecast = {.struct_size = sizeof forecast};
    expect_success(
        diffmm_trainer_forecast_peer(world->dataset, world->options, rank, size, &forecast));
    return forecast.peak_bytes;
}

/* Node matrices with the rows of some users: 11 + 2 M of all, 3 + 2 M where batches alone are shared. */
START_TEST(peers)
{
    enum { d = 32, modalities = 3, few = 4096, float_bytes = 4 };
    static const struct {
        const char *option;
        size_t matrices;
    } cases[] = {{"peers.batches", 3 + 2 * modalities}, {"peers.divide", 11 + 2 * modalities}};
    struct world world;
    begin(&world, (const char *const[]){"diffusion.enabled", "false", NULL});
    size_t whole = forecast_bytes(&world);
    ck_assert_uint_eq(forecast_peer(&world, 0, 1), whole);
    ck_assert_uint_eq(forecast_peer(&world, 2, 3), whole); /* all have everything */
    for (size_t i = 0; i < 2; i++) {
        expect_success(diffmm_options_set(world.options, cases[i].option, "true"));
        whole = forecast_peer(&world, 0, 1);
        ck_assert_uint_eq(whole, forecast_bytes(&world));
        size_t saved = 0, of_users = users * d * float_bytes * cases[i].matrices;
        for (size_t rank = 0; rank < 4; rank++)
            saved += whole - forecast_peer(&world, rank, 4);
        /* Each of four lacks three quarters, on average; beside matrices a float of each user. */
        ck_assert_uint_ge(saved + few, 3 * of_users);
        ck_assert_uint_le(saved, 3 * (of_users + users * float_bytes) + few);
    }
    end(&world);
    /* Of three denoisers' moments peer 0 of two has two, peer 1 one. */
    begin(&world, (const char *const[]){"peers.divide", "true", "embedding_size", "1",
                                        "hidden_sizes", "200", NULL});
    size_t first = forecast_peer(&world, 0, 2), second = forecast_peer(&world, 1, 2);
    size_t moments = 2 * float_bytes * 200 * items * 2;
    ck_assert_uint_gt(first, second + moments);
    ck_assert_uint_lt(first, second + moments + moments / 10);
    end(&world);
}
END_TEST

START_TEST(bad_input)
{
    struct world world;
    begin(&world, (const char *const[]){NULL});
    diffmm_forecast forecast = {.struct_size = sizeof forecast}, untouched = forecast;
    expect_failure(diffmm_trainer_forecast(NULL, world.options, &forecast),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "dataset");
    expect_failure(diffmm_trainer_forecast(world.dataset, world.options, NULL),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "out");
    expect_success(diffmm_options_set(world.options, "noise_max", "1000"));
    expect_failure(diffmm_trainer_forecast(world.dataset, world.options, &forecast),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "noise_max");
    ck_assert_mem_eq(&forecast, &untouched, sizeof forecast);
    expect_success(diffmm_trainer_forecast(world.dataset, NULL, &forecast)); /* the defaults */
    ck_assert_uint_gt(forecast.peak_bytes, 0);
    end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_setting_that_shapes_memory,
                                  every_number_of_threads,
                                  every_kind_of_data,
                                  trainers_that_go_on,
                                  checkpoints,
                                  the_limit,
                                  peers,
                                  bad_input};
    return run_tests("train/forecast", tests, sizeof tests / sizeof *tests) != 0;
}
