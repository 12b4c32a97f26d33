/* SPDX-License-Identifier: BSD-2-Clause */
/* The forecast of memory against an allocator that counts, and the limit that rests on it. */
#include <stdatomic.h>
#include <stdlib.h>

#include "../support/failure.h"
#include "../support/folder.h"
#include "../support/settings.h"
#include "train/work.h"

struct counter {
    atomic_size_t now, peak;
};

enum { header = 64 };

static void *count_allocate(size_t size, void *user_data)
{
    struct counter *counter = user_data;
    char *block = malloc(size + header);
    if (!block)
        return NULL;
    *(size_t *)(void *)block = size;
    size_t now = atomic_fetch_add(&counter->now, size) + size;
    if (now > counter->peak)
        counter->peak = now;
    return block + header;
}

static void count_release(void *pointer, void *user_data)
{
    struct counter *counter = user_data;
    char *block = (char *)pointer - header;
    atomic_fetch_sub(&counter->now, *(size_t *)(void *)block);
    free(block);
}

struct world {
    struct counter counter;
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
};

static void begin(struct world *world, const char *const *list)
{
    *world = (struct world){0};
    const diffmm_context_settings how = {.threads = 1,
                                         .allocate = count_allocate,
                                         .release = count_release,
                                         .allocator_data = &world->counter};
    const diffmm_synthetic spec = {
        .struct_size = sizeof spec, .users = 300, .items = 250, .modality_count = 3, .seed = 2};
    expect_success(diffmm_context_create(&how, &world->context));
    expect_success(diffmm_dataset_synthesize(world->context, &spec, &world->dataset));
    expect_success(diffmm_dataset_seal(world->dataset));
    world->options =
        settings(world->context, (const char *const[]){"embedding_size", "32", "hidden_sizes", "64",
                                                       "batch", "128", NULL});
    set_all(world->options, list);
    world->counter.peak = world->counter.now;
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

START_TEST(a_bound_that_is_near)
{
    static const char *const lists[][7] = {
        {NULL},
        {"contrastive.anchor", "main", "fusion_ratio", "0.5"},
        {"diffusion.enabled", "false"},
        {"contrastive.enabled", "false"},
        {"hidden_sizes", "300"},
        {"hidden_sizes", "40,60", "norm", "true", "rebuild_k", "20"},
        {"sampling_noise", "true", "batch", "1000"},
        {"projection", "linear", "layers", "3", "keep_rate", "1"}};
    /* What stands for code, stacks and the matrix library does not come through the allocator. */
    const size_t outside = (9 << 20) + (10 << 20);
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        struct world world;
        diffmm_trainer *trainer;
        begin(&world, lists[l]);
        size_t forecast = forecast_bytes(&world);
        ck_assert_uint_lt(world.counter.peak, forecast); /* and allocates nothing large itself */
        expect_success(diffmm_trainer_create(world.dataset, world.options, &trainer));
        for (int epoch = 0; epoch < 2; epoch++)
            expect_success(diffmm_trainer_epoch(trainer, NULL));
        diffmm_trainer_destroy(trainer);
        size_t peak = world.counter.peak;
        ck_assert_uint_gt(forecast, outside);
        ck_assert_msg(peak <= forecast, "case %zu: %zu bytes, forecast %zu", l, peak, forecast);
        ck_assert_msg((double)(forecast - outside) < 1.5 * (double)peak,
                      "case %zu: %zu bytes, forecast %zu", l, peak, forecast - outside);
        ck_assert_msg((double)(forecast - outside) > 0.8 * (double)peak,
                      "case %zu: %zu bytes, forecast %zu", l, peak, forecast - outside);
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
    const TTest *const tests[] = {a_bound_that_is_near, checkpoints, the_limit, bad_input};
    return run_tests("train/forecast", tests, sizeof tests / sizeof *tests) != 0;
}
