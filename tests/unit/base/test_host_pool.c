/* SPDX-License-Identifier: BSD-2-Clause */
/* Pools that do not keep to what context.h asks of them. All the same, every index is done exactly
 * once, workers that run at the same time have different numbers, and everything is done when the
 * call returns. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/pool.h"
#include "support/failure.h"

enum { workers = 4, indices = 500, most_tasks = 64 };

struct host_task {
    diffmm_task task;
    void *argument;
    size_t index;
    pthread_t thread;
};

/* A host: how its pool runs tasks, and the tasks that it has put aside. */
struct host {
    void (*run)(struct host *host, size_t count, diffmm_task task, void *argument);
    struct host_task aside[most_tasks];
    size_t aside_count;
    size_t runs;
    diffmm_context *context;
};

/* What the tasks have done. */
struct seen {
    atomic_int times[indices];
    atomic_flag taken[workers];
    atomic_int faults;
    sem_t *began, *go; /* or NULL: the first index posts the one and awaits the other */
};

static size_t pool_size(void *user_data)
{
    (void)user_data;
    return workers;
}

static void pool_run(size_t count, diffmm_task task, void *argument, void *user_data)
{
    struct host *host = user_data;
    host->runs++;
    host->run(host, count, task, argument);
}

static void *thread_main(void *argument)
{
    struct host_task *task = argument;
    task->task(task->argument, task->index);
    return NULL;
}

static void put_aside(struct host *host, diffmm_task task, void *argument, size_t index)
{
    ck_assert_uint_lt(host->aside_count, most_tasks);
    host->aside[host->aside_count++] =
        (struct host_task){.task = task, .argument = argument, .index = index};
}

/* Run the tasks that were put aside, one after the other or each on a thread. */
static void run_aside(struct host *host)
{
    for (size_t i = 0; i < host->aside_count; i++)
        thread_main(&host->aside[i]);
    host->aside_count = 0;
}

static void start_aside(struct host *host)
{
    for (size_t i = 0; i < host->aside_count; i++)
        ck_assert_int_eq(pthread_create(&host->aside[i].thread, NULL, thread_main, &host->aside[i]),
                         0);
}

static void join_aside(struct host *host)
{
    for (size_t i = 0; i < host->aside_count; i++)
        pthread_join(host->aside[i].thread, NULL);
    host->aside_count = 0;
}

static void run_nothing(struct host *host, size_t count, diffmm_task task, void *argument)
{
    (void)host;
    (void)count;
    (void)task;
    (void)argument;
}

static void run_in_turn(struct host *host, size_t count, diffmm_task task, void *argument)
{
    (void)host;
    for (size_t i = 0; i < count; i++)
        task(argument, i);
}

static void run_backwards(struct host *host, size_t count, diffmm_task task, void *argument)
{
    (void)host;
    for (size_t i = count; i-- > 0;)
        task(argument, i);
}

static void run_only_the_last(struct host *host, size_t count, diffmm_task task, void *argument)
{
    (void)host;
    task(argument, count - 1);
}

static void run_on_threads(struct host *host, size_t count, diffmm_task task, void *argument)
{
    for (size_t i = 0; i < count; i++)
        put_aside(host, task, argument, i);
    start_aside(host);
    join_aside(host);
}

/* Two workers of the same number at a time would share scratch memory. */
static void run_twice_at_once(struct host *host, size_t count, diffmm_task task, void *argument)
{
    for (size_t i = 0; i < 2 * count; i++)
        put_aside(host, task, argument, i / 2);
    start_aside(host);
    join_aside(host);
}

static void run_twice_in_turn(struct host *host, size_t count, diffmm_task task, void *argument)
{
    run_in_turn(host, count, task, argument);
    run_in_turn(host, count, task, argument);
}

static void run_beyond_the_count(struct host *host, size_t count, diffmm_task task, void *argument)
{
    static const size_t beyond[] = {workers, workers + 1, 1000, SIZE_MAX};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        put_aside(host, task, argument, beyond[i]);
    for (size_t i = 0; i < count; i++)
        put_aside(host, task, argument, i);
    start_aside(host);
    join_aside(host);
}

/* Puts the tasks into a queue, and returns. */
static void run_late(struct host *host, size_t count, diffmm_task task, void *argument)
{
    for (size_t i = 0; i < count; i++)
        put_aside(host, task, argument, i);
}

/* Starts the tasks, and returns while they run. */
static void run_on(struct host *host, size_t count, diffmm_task task, void *argument)
{
    run_late(host, count, task, argument);
    start_aside(host);
}

static diffmm_context *with_host(struct host *host)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(
        &(diffmm_context_settings){.pool_size = pool_size, .pool_run = pool_run, .pool_data = host},
        &context));
    host->context = context;
    return context;
}

static struct seen *seen_begin(void)
{
    struct seen *seen = calloc(1, sizeof *seen);
    ck_assert_ptr_nonnull(seen);
    for (size_t w = 0; w < workers; w++)
        atomic_flag_clear(&seen->taken[w]);
    return seen;
}

static void count_task(void *argument, size_t index, size_t worker)
{
    struct seen *seen = argument;
    if (worker >= workers || atomic_flag_test_and_set(&seen->taken[worker])) {
        atomic_fetch_add(&seen->faults, 1);
        return;
    }
    if (seen->began && index == 0) {
        sem_post(seen->began);
        sem_wait(seen->go);
    }
    atomic_fetch_add(&seen->times[index], 1);
    if (index % 16 == 0)
        sched_yield();
    atomic_flag_clear(&seen->taken[worker]);
}

static void expect_each_once(const struct seen *seen)
{
    for (size_t i = 0; i < indices; i++)
        if (seen->times[i] != 1)
            ck_abort_msg("index %zu: %d times", i, seen->times[i]);
    ck_assert_int_eq(seen->faults, 0);
}

static void expect_done(const diffmm_context *context)
{
    struct seen *seen = seen_begin();
    diffmm__parallel(context, indices, count_task, seen);
    expect_each_once(seen);
    free(seen);
}

START_TEST(whatever_the_pool_runs)
{
    static void (*const runs[])(struct host *, size_t, diffmm_task, void *) = {
        run_nothing,    run_in_turn,       run_backwards,     run_only_the_last,
        run_on_threads, run_twice_at_once, run_twice_in_turn, run_beyond_the_count};
    for (size_t r = 0; r < sizeof runs / sizeof *runs; r++) {
        struct host host = {.run = runs[r]};
        diffmm_context *context = with_host(&host);
        for (size_t call = 0; call < 20; call++)
            expect_done(context);
        ck_assert_uint_eq(host.runs, 20);
        diffmm_context_destroy(context);
    }
}
END_TEST

/* Tasks that are run long after their call has returned find nothing to do, also those of several
 * calls. */
START_TEST(late_tasks_find_nothing)
{
    struct host host = {.run = run_late};
    diffmm_context *context = with_host(&host);
    for (size_t call = 1; call <= 10; call++) {
        expect_done(context);
        if (call % 3 == 0)
            run_aside(&host);
    }
    run_aside(&host);
    diffmm_context_destroy(context);
}
END_TEST

/* The tasks of one call are run during the next call. */
static void run_the_old_with_the_new(struct host *host, size_t count, diffmm_task task,
                                     void *argument)
{
    run_late(host, count, task, argument);
    start_aside(host);
    join_aside(host);
}

START_TEST(tasks_left_over_join_the_next_call)
{
    struct host host = {.run = run_late};
    diffmm_context *context = with_host(&host);
    for (size_t call = 0; call < 10; call++) {
        host.run = call % 2 ? run_the_old_with_the_new : run_late;
        expect_done(context);
    }
    run_aside(&host);
    diffmm_context_destroy(context);
}
END_TEST

/* If the pool returns while tasks run, the call waits for them. */
static void return_early(struct host *host, size_t count, diffmm_task task, void *argument)
{
    run_on(host, count, task, argument);
}

START_TEST(a_task_that_still_runs_is_waited_for)
{
    struct host host = {.run = return_early};
    diffmm_context *context = with_host(&host);
    for (size_t call = 0; call < 50; call++) {
        expect_done(context);
        join_aside(&host);
    }
    diffmm_context_destroy(context);
}
END_TEST

struct releaser {
    sem_t began, go;
};

static void *release_main(void *argument)
{
    struct releaser *releaser = argument;
    sem_wait(&releaser->began);
    sem_post(&releaser->go);
    return NULL;
}

/* A task has taken the first index, and is released by a third thread, which only it can wake. */
START_TEST(an_index_that_was_taken_is_waited_for)
{
    struct host host = {.run = run_on};
    diffmm_context *context = with_host(&host);
    struct releaser releaser;
    pthread_t thread;
    struct seen *seen = seen_begin();
    sem_init(&releaser.began, 0, 0);
    sem_init(&releaser.go, 0, 0);
    seen->began = &releaser.began;
    seen->go = &releaser.go;
    ck_assert_int_eq(pthread_create(&thread, NULL, release_main, &releaser), 0);
    diffmm__parallel(context, indices, count_task, seen);
    expect_each_once(seen);
    pthread_join(thread, NULL);
    join_aside(&host);
    free(seen);
    sem_destroy(&releaser.began);
    sem_destroy(&releaser.go);
    diffmm_context_destroy(context);
}
END_TEST

/* The pool itself calls the library, before it runs the tasks and after. */
static void call_the_library(struct host *host, size_t count, diffmm_task task, void *argument)
{
    expect_done(host->context);
    task(argument, 0);
    expect_done(host->context);
    run_in_turn(host, count, task, argument);
}

START_TEST(a_pool_that_calls_the_library)
{
    struct host host = {.run = call_the_library};
    diffmm_context *context = with_host(&host);
    expect_done(context);
    ck_assert_uint_eq(host.runs, 1); /* the inner calls compute alone */
    expect_done(context);
    diffmm_context_destroy(context);
}
END_TEST

static void *call_main(void *argument)
{
    const diffmm_context *context = argument;
    size_t faults = 0;
    for (size_t call = 0; call < 100; call++) {
        struct seen *seen = calloc(1, sizeof *seen);
        if (!seen)
            return argument;
        diffmm__parallel(context, indices, count_task, seen);
        for (size_t i = 0; i < indices; i++)
            faults += seen->times[i] != 1;
        faults += (size_t)seen->faults;
        free(seen);
    }
    return faults ? argument : NULL;
}

static void run_backwards_twice(struct host *host, size_t count, diffmm_task task, void *argument)
{
    run_backwards(host, count, task, argument);
    run_backwards(host, count, task, argument);
}

START_TEST(two_threads_with_one_pool)
{
    struct host host = {.run = run_backwards_twice};
    diffmm_context *context = with_host(&host);
    pthread_t threads[2];
    for (size_t t = 0; t < 2; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, call_main, context), 0);
    for (size_t t = 0; t < 2; t++) {
        void *faults;
        pthread_join(threads[t], &faults);
        ck_assert_ptr_null(faults);
    }
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {whatever_the_pool_runs,
                                  late_tasks_find_nothing,
                                  tasks_left_over_join_the_next_call,
                                  a_task_that_still_runs_is_waited_for,
                                  an_index_that_was_taken_is_waited_for,
                                  a_pool_that_calls_the_library,
                                  two_threads_with_one_pool};
    return run_tests("host_pool", tests, sizeof tests / sizeof *tests) != 0;
}
