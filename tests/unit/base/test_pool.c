/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/pool.h"
#include "support/failure.h"

enum { most = 3000, most_workers = 8 };

static diffmm_context *with_threads(size_t threads)
{
    diffmm_context *context;
    const diffmm_context_settings settings = {.threads = threads};
    expect_success(diffmm_context_create(&settings, &context));
    return context;
}

static const size_t thread_counts[] = {1, 2, 4};
enum { thread_count_count = 3 };

/* What the tasks of one call have observed. Tasks count faults instead of failing: a failed check
 * on another thread would leave the call. */
struct seen {
    const diffmm_context *context;
    atomic_int times[most];
    atomic_flag taken[most_workers];
    atomic_int faults;
    size_t inner;
};

static struct seen *seen_begin(const diffmm_context *context)
{
    struct seen *seen = calloc(1, sizeof *seen);
    ck_assert_ptr_nonnull(seen);
    seen->context = context;
    for (size_t w = 0; w < most_workers; w++)
        atomic_flag_clear(&seen->taken[w]);
    return seen;
}

static void expect_each_once(struct seen *seen, size_t count)
{
    size_t good = 0;
    while (good < most && seen->times[good] == (good < count ? 1 : 0))
        good++;
    ck_assert_msg(good == most, "index %zu of %zu: %d times", good, count,
                  seen->times[good < most ? good : 0]);
    ck_assert_int_eq(seen->faults, 0);
}

static void count_task(void *argument, size_t index, size_t worker)
{
    struct seen *seen = argument;
    if (worker >= diffmm__workers(seen->context) || index >= most ||
        atomic_flag_test_and_set(&seen->taken[worker])) {
        atomic_fetch_add(&seen->faults, 1);
        return;
    }
    atomic_fetch_add(&seen->times[index], 1);
    if (index % 16 == 0)
        sched_yield();
    atomic_flag_clear(&seen->taken[worker]);
}

START_TEST(each_index_once_by_distinct_workers)
{
    static const size_t counts[] = {0, 1, 2, 3, 4, 5, 100, most};
    for (size_t t = 0; t < thread_count_count; t++) {
        diffmm_context *context = with_threads(thread_counts[t]);
        ck_assert_uint_eq(diffmm__workers(context), thread_counts[t]);
        for (size_t repeat = 0; repeat < 20; repeat++)
            for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                struct seen *seen = seen_begin(context);
                diffmm__parallel(context, counts[c], count_task, seen);
                expect_each_once(seen, counts[c]);
                free(seen);
            }
        diffmm_context_destroy(context);
    }
    struct seen *seen = seen_begin(NULL);
    ck_assert_uint_eq(diffmm__workers(NULL), 1);
    diffmm__parallel(NULL, most, count_task, seen);
    expect_each_once(seen, most);
    free(seen);
}
END_TEST

static void meet_task(void *argument, size_t index, size_t worker)
{
    (void)index;
    (void)worker;
    pthread_barrier_wait(argument);
}

/* Each task waits for all others, so the call ends only if as many threads take part. */
START_TEST(as_many_threads_as_asked)
{
    for (size_t t = 0; t < thread_count_count; t++) {
        diffmm_context *context = with_threads(thread_counts[t]);
        pthread_barrier_t barrier;
        pthread_barrier_init(&barrier, NULL, (unsigned)thread_counts[t]);
        for (int repeat = 0; repeat < 50; repeat++)
            diffmm__parallel(context, thread_counts[t], meet_task, &barrier);
        pthread_barrier_destroy(&barrier);
        diffmm_context_destroy(context);
    }
}
END_TEST

/* Ten indices of `times` for each outer one. */
static void inner_task(void *argument, size_t index, size_t worker)
{
    (void)worker;
    atomic_int *times = argument;
    atomic_fetch_add(&times[index], 1);
}

static void outer_task(void *argument, size_t index, size_t worker)
{
    struct seen *seen = argument;
    (void)worker;
    diffmm__parallel(seen->context, 10, inner_task, &seen->times[index * 10]);
}

START_TEST(calls_within_tasks)
{
    for (size_t t = 0; t < thread_count_count; t++) {
        diffmm_context *context = with_threads(thread_counts[t]);
        struct seen *seen = seen_begin(context);
        diffmm__parallel(context, most / 10, outer_task, seen);
        expect_each_once(seen, most);
        free(seen);
        diffmm_context_destroy(context);
    }
}
END_TEST

struct host {
    const diffmm_context *context;
    pthread_barrier_t *start;
    int failures;
};

static void *host_main(void *argument)
{
    struct host *host = argument;
    struct seen *seen = calloc(1, sizeof *seen);
    if (!seen) {
        host->failures = 1;
        return NULL;
    }
    pthread_barrier_wait(host->start);
    for (int repeat = 1; repeat <= 200; repeat++) {
        seen->context = host->context;
        diffmm__parallel(host->context, 500, count_task, seen);
        for (size_t i = 0; i < 500; i++)
            host->failures += seen->times[i] != repeat;
        host->failures += seen->faults;
    }
    free(seen);
    return NULL;
}

static void add_task(void *argument, size_t index, size_t worker)
{
    (void)worker;
    atomic_fetch_add((atomic_size_t *)argument, index + 1);
}

/* Calls in quick succession, and calls after pauses that are long enough for the threads to fall
 * asleep. */
START_TEST(many_short_calls)
{
    for (size_t t = 0; t < thread_count_count; t++) {
        diffmm_context *context = with_threads(thread_counts[t]);
        atomic_size_t sum = 0;
        for (size_t call = 0; call < 4000; call++) {
            if (call % 100 == 0)
                nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
            diffmm__parallel(context, 5, add_task, &sum);
        }
        ck_assert_uint_eq(sum, 4000 * 15);
        diffmm_context_destroy(context);
    }
}
END_TEST

START_TEST(two_host_threads_share_a_context)
{
    for (size_t t = 0; t < thread_count_count; t++) {
        diffmm_context *context = with_threads(thread_counts[t]);
        pthread_barrier_t start;
        pthread_barrier_init(&start, NULL, 2);
        struct host hosts[2];
        pthread_t threads[2];
        for (size_t h = 0; h < 2; h++) {
            hosts[h] = (struct host){.context = context, .start = &start};
            ck_assert_int_eq(pthread_create(&threads[h], NULL, host_main, &hosts[h]), 0);
        }
        for (size_t h = 0; h < 2; h++) {
            pthread_join(threads[h], NULL);
            ck_assert_int_eq(hosts[h].failures, 0);
        }
        pthread_barrier_destroy(&start);
        diffmm_context_destroy(context);
    }
}
END_TEST

/* Each range starts at a multiple of the grain and is full, except the last. */
struct cover {
    struct seen *seen;
    size_t total, grain;
};

static void cover_task(void *argument, size_t begin, size_t end)
{
    struct cover *cover = argument;
    if (begin % cover->grain || begin >= end || end > cover->total ||
        (end != cover->total && end - begin != cover->grain) || end - begin > cover->grain)
        atomic_fetch_add(&cover->seen->faults, 1);
    for (size_t i = begin; i < end && i < most; i++)
        atomic_fetch_add(&cover->seen->times[i], 1);
}

START_TEST(ranges_cover_exactly)
{
    static const size_t totals[] = {0, 1, 2, 99, 100, 101, most}, grains[] = {1, 7, 100, 5000};
    for (size_t t = 0; t < thread_count_count; t++) {
        diffmm_context *context = with_threads(thread_counts[t]);
        for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
            for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
                struct cover cover = {
                    .seen = seen_begin(context), .total = totals[i], .grain = grains[g]};
                diffmm__parallel_ranges(context, totals[i], grains[g], cover_task, &cover);
                expect_each_once(cover.seen, totals[i]);
                free(cover.seen);
            }
        diffmm_context_destroy(context);
    }
}
END_TEST

START_TEST(shares_cover_exactly)
{
    static const size_t totals[] = {0, 1, 2, 3, 99, 100, most};
    for (size_t t = 0; t < thread_count_count; t++) {
        diffmm_context *context = with_threads(thread_counts[t]);
        size_t workers = diffmm__workers(context);
        for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
            struct cover cover = {.seen = seen_begin(context),
                                  .total = totals[i],
                                  .grain = (totals[i] + workers - 1) / workers};
            diffmm__parallel_shares(context, totals[i], cover_task, &cover);
            expect_each_once(cover.seen, totals[i]);
            free(cover.seen);
        }
        diffmm_context_destroy(context);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_index_once_by_distinct_workers,
                                  as_many_threads_as_asked,
                                  calls_within_tasks,
                                  many_short_calls,
                                  two_host_threads_share_a_context,
                                  ranges_cover_exactly,
                                  shares_cover_exactly};
    return run_tests("pool", tests, sizeof tests / sizeof *tests) != 0;
}
