/* SPDX-License-Identifier: BSD-2-Clause */
/* Parallel loops under pressure. What tasks write is not atomic: that the caller sees all of it,
 * and that tasks see what the caller wrote before, is what is tested (and what ThreadSanitizer
 * watches). */
#include <stdlib.h>
#include <time.h>

#include "base/context.h"
#include "base/pool.h"
#include "support/failure.h"
#include "support/together.h"

enum { cells = 64, host_threads = 8 };

static diffmm_context *with_threads(size_t threads)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
    return context;
}

/* Each call reads what the one before it has written, on whatever thread that was. */
struct chain {
    size_t before[cells], after[cells];
};

static void chain_task(void *argument, size_t index, size_t worker)
{
    struct chain *chain = argument;
    (void)worker;
    chain->after[index] = chain->before[(index * 7 + 1) % cells] + index + 1;
}

static void chain_plain(struct chain *chain)
{
    for (size_t i = 0; i < cells; i++)
        chain_task(chain, i, 0);
}

static void pause_for(long nanoseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = nanoseconds}, NULL);
}

/* `calls` calls upon each other, with a pause after every `stretch`; equal to a plain loop? */
static size_t run_chain(const diffmm_context *context, size_t calls, size_t stretch, long pause)
{
    struct chain chain = {{0}, {0}}, plain = chain;
    for (size_t call = 0; call < calls; call++) {
        if (call % stretch == stretch - 1)
            pause_for(pause);
        diffmm__parallel(context, cells, chain_task, &chain);
        chain_plain(&plain);
        memcpy(chain.before, chain.after, sizeof chain.before);
        memcpy(plain.before, plain.after, sizeof plain.before);
    }
    return memcmp(&chain, &plain, sizeof chain) != 0;
}

/* Pauses from shorter than threads look for work before they sleep, to much longer. */
START_TEST(calls_upon_each_other)
{
    static const long pauses[] = {0, 10000, 50000, 200000};
    for (size_t threads = 2; threads <= 8; threads *= 2) {
        diffmm_context *context = with_threads(threads);
        for (size_t p = 0; p < sizeof pauses / sizeof *pauses; p++)
            ck_assert_uint_eq(run_chain(context, 400, 4, pauses[p]), 0);
        diffmm_context_destroy(context);
    }
}
END_TEST

static void slow_task(void *argument, size_t index, size_t worker)
{
    size_t *written = argument;
    (void)worker;
    if (index % 2)
        pause_for(300000);
    written[index]++;
}

/* The caller is done first and sleeps; or the others are. */
START_TEST(tasks_of_unequal_length)
{
    diffmm_context *context = with_threads(4);
    size_t written[8] = {0};
    for (size_t call = 1; call <= 60; call++) {
        diffmm__parallel(context, 8, slow_task, written);
        for (size_t i = 0; i < 8; i++)
            ck_assert_uint_eq(written[i], call);
    }
    diffmm_context_destroy(context);
}
END_TEST

/* Ends before threads have started, while they look for work, and while they sleep. */
START_TEST(short_lives)
{
    for (size_t round = 0; round < 150; round++) {
        diffmm_context *context = with_threads(2 + round % 4);
        ck_assert_uint_eq(run_chain(context, round % 3, 4, 0), 0);
        if (round % 10 == 0)
            pause_for(300000);
        diffmm_context_destroy(context);
    }
}
END_TEST

static size_t share(void *argument, size_t thread)
{
    return run_chain(argument, 300, 3 + thread, 20000);
}

/* Where the pool is busy, the calling thread computes alone. */
START_TEST(eight_host_threads_share_a_context)
{
    for (size_t threads = 2; threads <= 4; threads++) {
        diffmm_context *context = with_threads(threads);
        ck_assert_uint_eq(together(host_threads, share, context), 0);
        diffmm_context_destroy(context);
    }
}
END_TEST

static size_t own_contexts(void *argument, size_t thread)
{
    size_t faults = 0;
    (void)argument;
    for (size_t round = 0; round < 20; round++) {
        diffmm_context *context;
        if (diffmm_context_create(&(diffmm_context_settings){.threads = 2 + thread % 2}, &context))
            return faults + 1;
        faults += run_chain(context, 10, 5, 1000);
        diffmm_context_destroy(context);
    }
    return faults;
}

START_TEST(eight_host_threads_with_contexts_of_their_own)
{
    ck_assert_uint_eq(together(host_threads, own_contexts, NULL), 0);
}
END_TEST

/* A context that several hold ends with the last, on whichever thread that is. */
static size_t hold_and_leave(void *argument, size_t thread)
{
    diffmm_context **contexts = argument;
    size_t faults = run_chain(contexts[thread], 1 + thread, 2, 5000);
    diffmm_context_destroy(contexts[thread]);
    return faults;
}

START_TEST(the_last_of_several_hosts_ends_it)
{
    for (size_t round = 0; round < 60; round++) {
        diffmm_context *contexts[host_threads] = {with_threads(3)};
        for (size_t h = 1; h < host_threads; h++)
            contexts[h] = diffmm__context_retain(contexts[0]);
        ck_assert_uint_eq(together(host_threads, hold_and_leave, contexts), 0);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {calls_upon_each_other,
                                  tasks_of_unequal_length,
                                  short_lives,
                                  eight_host_threads_share_a_context,
                                  eight_host_threads_with_contexts_of_their_own,
                                  the_last_of_several_hosts_ends_it};
    return run_tests("threads/pool", tests, sizeof tests / sizeof *tests) != 0;
}
