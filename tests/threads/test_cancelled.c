/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that another one cancels while they train, save, open and recommend: each call ends, and
 * the context's threads, the trainer and the scorer work as before. (tests/hosts cancels at every
 * single place, in a host whose threads are its own.) */
#include <fcntl.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "support/failure.h"
#include "support/folder.h"
#include "support/settings.h"
#include "support/together.h"

enum { rounds = 15 };

struct world {
    struct folder folder;
    char path[128];
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_trainer *trainer;
    diffmm_scorer *scorer;
    int nowhere;
    atomic_int calls; /* that returned */
    diffmm_status status;
};

/* What waits in a callback would end the thread. */
static void take_message(diffmm_log_level level, const char *message, void *user_data)
{
    const struct world *world = user_data;
    (void)level;
    if (write(world->nowhere, message, strlen(message)) < 0)
        ck_abort();
}

static void begin(struct world *world)
{
    static const char *const list[] = {
        "embedding_size", "8",       "hidden_sizes", "16", "batch", "64",
        "epochs",         "1000000", "patience",     "0",  NULL};
    const diffmm_synthetic spec = {.struct_size = sizeof spec, .users = 200, .items = 100};
    world->folder = folder_begin();
    folder_file(&world->folder, "model.safetensors", world->path);
    world->nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    const diffmm_context_settings context = {.struct_size = sizeof context,
                                             .threads = 3,
                                             .log = take_message,
                                             .log_data = world,
                                             .log_level = DIFFMM_LOG_DEBUG};
    expect_success(diffmm_context_create(&context, &world->context));
    expect_success(diffmm_dataset_synthesize(world->context, &spec, &world->dataset));
    diffmm_options *options = settings(world->context, list);
    expect_success(diffmm_trainer_create(world->dataset, options, &world->trainer));
    diffmm_options_destroy(options);
    expect_success(diffmm_trainer_epoch(world->trainer, NULL));
    expect_success(diffmm_scorer_create(diffmm_trainer_model(world->trainer), &world->scorer));
}

static void end(struct world *world)
{
    diffmm_scorer_destroy(world->scorer);
    diffmm_trainer_destroy(world->trainer);
    diffmm_dataset_destroy(world->dataset);
    diffmm_context_destroy(world->context);
    close(world->nowhere);
    folder_end(&world->folder);
}

static diffmm_status train(struct world *world)
{
    return diffmm_trainer_epoch(world->trainer, NULL);
}

static diffmm_status save(struct world *world)
{
    return diffmm_model_save(diffmm_trainer_model(world->trainer), world->path);
}

static diffmm_status save_and_open(struct world *world)
{
    diffmm_scorer *scorer;
    diffmm_status status = save(world);
    if (!status)
        status = diffmm_scorer_open(world->context, world->path, &scorer);
    if (!status)
        diffmm_scorer_destroy(scorer);
    return status;
}

static diffmm_status recommend(struct world *world)
{
    static diffmm_hit hits[200 * 10];
    static size_t found[200];
    const diffmm_query query = {.struct_size = sizeof query, .count = 10};
    return diffmm_recommend_users(world->scorer, 200, NULL, &query, hits, found);
}

struct victim {
    struct world *world;
    diffmm_status (*call)(struct world *world);
};

/* On and on, until it is cancelled. */
static void *call_main(void *argument)
{
    struct victim *victim = argument;
    for (;;) {
        victim->world->status = victim->call(victim->world);
        atomic_fetch_add(&victim->world->calls, 1);
        if (victim->world->status)
            return NULL;
        pthread_testcancel();
    }
}

static void cancel_again_and_again(diffmm_status (*call)(struct world *world))
{
    struct world world = {.status = DIFFMM_OK};
    begin(&world);
    for (long round = 0; round < rounds; round++) {
        struct victim victim = {&world, call};
        pthread_t thread;
        void *result;
        ck_assert_int_eq(pthread_create(&thread, NULL, call_main, &victim), 0);
        nanosleep(&(struct timespec){.tv_nsec = round * round % 37 * 100000}, NULL);
        pthread_cancel(thread);
        ck_assert_int_eq(pthread_join(thread, &result), 0);
        expect_success(world.status);
        ck_assert_ptr_eq(result, PTHREAD_CANCELED);
        expect_success(call(&world));
    }
    /* Each thread was cancelled after a call, never in one. */
    ck_assert_int_ge(world.calls, rounds);
    end(&world);
}

START_TEST(while_it_trains)
{
    cancel_again_and_again(train);
}
END_TEST

START_TEST(while_it_saves)
{
    cancel_again_and_again(save);
}
END_TEST

START_TEST(while_it_saves_and_opens)
{
    cancel_again_and_again(save_and_open);
}
END_TEST

START_TEST(while_it_recommends)
{
    cancel_again_and_again(recommend);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {while_it_trains, while_it_saves, while_it_saves_and_opens,
                                  while_it_recommends};
    return run_tests("threads/cancelled", tests, sizeof tests / sizeof *tests) != 0;
}
