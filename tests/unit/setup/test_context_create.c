/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diffmm/options.h>

#include "base/context.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/pool.h"
#include "linalg/gemm.h"
#include "linalg/normal.h"
#include "linalg/normalize_rows.h"
#include "support/failing.h"
#include "support/sanitizers.h"
#include "support/task_threads.h"

static const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;

START_TEST(defaults)
{
    cpu_set_t set;
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    const diffmm_context_settings nothing = {0};
    const diffmm_context_settings *const given[] = {NULL, &nothing};
    for (size_t i = 0; i < 2; i++) {
        diffmm_context *context;
        expect_success(diffmm_context_create(given[i], &context));
        ck_assert_uint_eq(diffmm_context_threads(context), (size_t)CPU_COUNT(&set));
        diffmm_context_destroy(context);
    }
    ck_assert_uint_eq(diffmm_context_threads(NULL), 1);
    diffmm_context_destroy(NULL);
}
END_TEST

START_TEST(threads_as_asked)
{
    static const size_t counts[] = {1, 2, 3, 1024};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        diffmm_context *context;
        const diffmm_context_settings settings = {.struct_size = sizeof settings,
                                                  .threads = counts[i]};
        expect_success(diffmm_context_create(&settings, &context));
        ck_assert_uint_eq(diffmm_context_threads(context), counts[i]);
        diffmm_context_destroy(context);
    }
}
END_TEST

static size_t pool_of_three(void *user_data)
{
    (void)user_data;
    return 3;
}

static size_t pool_of_none(void *user_data)
{
    (void)user_data;
    return 0;
}

static void run_in_order(size_t count, diffmm_task task, void *argument, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count; i++)
        task(argument, i);
}

static void expect_refused(diffmm_context_settings settings, const char *part)
{
    diffmm_context *context = (diffmm_context *)&settings, *const before = context;
    expect_failure(diffmm_context_create(&settings, &context), bad, part);
    ck_assert_ptr_eq(context, before);
}

START_TEST(bad_settings)
{
    expect_failure(diffmm_context_create(NULL, NULL), bad, "out");
    expect_refused((diffmm_context_settings){.allocate = failing_allocate}, "allocate and release");
    expect_refused((diffmm_context_settings){.release = failing_release}, "allocate and release");
    expect_refused((diffmm_context_settings){.pool_size = pool_of_three}, "pool_size and pool_run");
    expect_refused((diffmm_context_settings){.pool_run = run_in_order}, "pool_size and pool_run");
    expect_refused((diffmm_context_settings){.threads = 5000}, "5000 threads");
    expect_refused((diffmm_context_settings){.threads = 1025}, "1025 threads");
    expect_refused((diffmm_context_settings){.pool_size = pool_of_none, .pool_run = run_in_order},
                   "0 threads");
    expect_refused((diffmm_context_settings){.struct_size = 3}, "struct_size is 3");
    expect_refused((diffmm_context_settings){.struct_size = SIZE_MAX}, "struct_size");
}
END_TEST

/* A caller compiled with a later version, whose struct has grown, or with an earlier one. */
START_TEST(structs_of_other_sizes)
{
    struct {
        diffmm_context_settings known;
        unsigned char later[24];
    } larger = {.known = {.struct_size = sizeof larger, .threads = 2}};
    diffmm_context *context = NULL;
    expect_success(diffmm_context_create(&larger.known, &context));
    ck_assert_uint_eq(diffmm_context_threads(context), 2);
    diffmm_context_destroy(context);
    context = NULL;
    larger.later[23] = 1;
    expect_failure(diffmm_context_create(&larger.known, &context), bad, "settings: byte");
    ck_assert_ptr_null(context);

    /* Only struct_size and threads are the caller's; what follows must not be looked at. */
    const diffmm_context_settings smaller = {.struct_size =
                                                 offsetof(diffmm_context_settings, allocate),
                                             .threads = 3,
                                             .allocate = failing_allocate};
    expect_success(diffmm_context_create(&smaller, &context));
    ck_assert_uint_eq(diffmm_context_threads(context), 3);
    diffmm_context_destroy(context);
}
END_TEST

struct counted {
    atomic_size_t taken, returned;
};

static void *counted_allocate(size_t size, void *user_data)
{
    struct counted *counted = user_data;
    atomic_fetch_add(&counted->taken, 1);
    return malloc(size);
}

static void counted_release(void *pointer, void *user_data)
{
    struct counted *counted = user_data;
    atomic_fetch_add(&counted->returned, 1);
    free(pointer);
}

static diffmm_context *counted_context(struct counted *counted, size_t threads)
{
    diffmm_context *context;
    const diffmm_context_settings settings = {.threads = threads,
                                              .allocate = counted_allocate,
                                              .release = counted_release,
                                              .allocator_data = counted};
    expect_success(diffmm_context_create(&settings, &context));
    return context;
}

static void nothing_task(void *argument, size_t index, size_t worker)
{
    (void)argument;
    (void)index;
    (void)worker;
}

START_TEST(memory_comes_from_the_host_and_returns)
{
    for (size_t threads = 1; threads <= 4; threads++) {
        struct counted counted = {0};
        diffmm_context *context = counted_context(&counted, threads);
        ck_assert_uint_ge(counted.taken, 1);
        size_t before = counted.taken;
        void *block = diffmm__allocate(context, 10, 10);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq(counted.taken, before + 1);
        diffmm__release(context, block);
        ck_assert_uint_eq(counted.returned, 1);
        diffmm__parallel(context, 10, nothing_task, NULL);
        diffmm_context_destroy(context);
        ck_assert_uint_eq(counted.taken, counted.returned);
    }
}
END_TEST

START_TEST(ends_with_its_last_handle)
{
    struct counted counted = {0};
    diffmm_context *context = counted_context(&counted, 2);
    diffmm_options *first, *second;
    expect_success(diffmm_options_create(context, &first));
    expect_success(diffmm_options_create(context, &second));
    diffmm_context_destroy(context);
    expect_success(diffmm_options_set_integer(second, "d", 32));
    diffmm_options_destroy(first);
    expect_success(diffmm_options_set_integer(second, "d", 16));
    ck_assert_uint_gt(counted.taken, counted.returned);
    diffmm_options_destroy(second);
    ck_assert_uint_eq(counted.taken, counted.returned);

    /* The context first; and references by hand. */
    context = counted_context(&counted, 2);
    ck_assert_ptr_eq(diffmm__context_retain(context), context);
    diffmm__context_release(context);
    diffmm__parallel(context, 10, nothing_task, NULL);
    ck_assert_uint_gt(counted.taken, counted.returned);
    diffmm_context_destroy(context);
    ck_assert_uint_eq(counted.taken, counted.returned);
    ck_assert_ptr_null(diffmm__context_retain(NULL));
    diffmm__context_release(NULL);
}
END_TEST

static diffmm_status create_and_destroy(void *argument)
{
    const diffmm_context_settings settings = {.threads = 4,
                                              .allocate = failing_allocate,
                                              .release = failing_release,
                                              .allocator_data = argument};
    diffmm_context *context = NULL;
    diffmm_status status = diffmm_context_create(&settings, &context);
    ck_assert(!status == (context != NULL));
    diffmm_context_destroy(context);
    return status;
}

START_TEST(without_memory)
{
    struct failing failing = {0};
    ck_assert_uint_ge(fail_each_allocation(&failing, create_and_destroy, &failing), 4);
}
END_TEST

/* A host's pool: a thread for each task, started last task first. */
struct host_pool {
    size_t size, runs;
};

static size_t host_pool_size(void *user_data)
{
    const struct host_pool *pool = user_data;
    return pool->size;
}

static void host_pool_run(size_t count, diffmm_task task, void *argument, void *user_data)
{
    struct host_pool *pool = user_data;
    ck_assert_uint_le(count, pool->size);
    pool->runs++;
    run_in_threads(0, count, task, argument);
}

enum { rows = 700, inner = 90, columns = 300 };

struct numbers {
    float a[rows * inner], b[inner * columns], c[rows * columns], norms[rows];
};

/* Some work with parallel loops in it. */
static struct numbers *compute(const diffmm_context *context)
{
    struct numbers *numbers = malloc(sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    diffmm__normal_draws(1, 0, 0, rows * inner, numbers->a);
    diffmm__normal_draws(2, 0, 0, inner * columns, numbers->b);
    diffmm__gemm(context, rows, columns, inner, 1.0f, diffmm__plain(numbers->a, inner),
                 diffmm__plain(numbers->b, columns), 0.0f, numbers->c, columns);
    diffmm__normalize_rows(context, rows, columns, numbers->c, columns, numbers->c, columns,
                           numbers->norms);
    return numbers;
}

START_TEST(the_hosts_pool_gives_the_same_bits)
{
    struct numbers *want = compute(NULL);
    for (size_t threads = 1; threads <= 4; threads++) {
        diffmm_context *context;
        const diffmm_context_settings own = {.threads = threads};
        expect_success(diffmm_context_create(&own, &context));
        struct numbers *numbers = compute(context);
        ck_assert_mem_eq(numbers, want, sizeof *want);
        free(numbers);
        diffmm_context_destroy(context);

        /* `threads` means nothing where the host says how many it runs. */
        struct host_pool pool = {.size = threads};
        const diffmm_context_settings hosted = {.threads = 77,
                                                .pool_size = host_pool_size,
                                                .pool_run = host_pool_run,
                                                .pool_data = &pool};
        expect_success(diffmm_context_create(&hosted, &context));
        ck_assert_uint_eq(diffmm_context_threads(context), threads);
        numbers = compute(context);
        ck_assert_mem_eq(numbers, want, sizeof *want);
        free(numbers);
        ck_assert_uint_eq(pool.runs, threads > 1 ? 2 : 0);
        diffmm_context_destroy(context);
    }
    free(want);
}
END_TEST

/* In the child: 0 if it can do all that its parent can. */
static int use_after_fork(diffmm_context *context, const struct numbers *want)
{
    struct numbers *numbers = compute(context);
    int differs = memcmp(numbers, want, sizeof *want) != 0;
    free(numbers);
    diffmm_context_destroy(context);
    return differs;
}

static void expect_child_success(pid_t child)
{
    int status;
    ck_assert_int_ge(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(a_forked_child_can_use_the_context)
{
#ifdef TESTS_THREAD_SANITIZER
    return; /* ThreadSanitizer itself does not allow a forked child threads of its own. */
#endif
    diffmm_context *context;
    const diffmm_context_settings settings = {.threads = 3};
    expect_success(diffmm_context_create(&settings, &context));
    struct numbers *want = compute(NULL);
    /* Once before any thread has started, and once after. */
    for (int round = 0; round < 2; round++) {
        pid_t child = fork();
        if (child == 0)
            _exit(use_after_fork(context, want));
        expect_child_success(child);
        struct numbers *numbers = compute(context);
        ck_assert_mem_eq(numbers, want, sizeof *want);
        free(numbers);
    }
    /* A child that only destroys its context must not wait for threads that it does not have. */
    pid_t child = fork();
    if (child == 0) {
        diffmm_context_destroy(context);
        _exit(0);
    }
    expect_child_success(child);
    /* A child of a child. */
    child = fork();
    if (child == 0) {
        struct numbers *numbers = compute(context);
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(use_after_fork(context, want));
        int status = 1;
        int waited = waitpid(grandchild, &status, 0) == grandchild;
        _exit(!waited || status != 0 || memcmp(numbers, want, sizeof *want) != 0);
    }
    expect_child_success(child);
    free(want);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {defaults,
                                  threads_as_asked,
                                  bad_settings,
                                  structs_of_other_sizes,
                                  memory_comes_from_the_host_and_returns,
                                  ends_with_its_last_handle,
                                  without_memory,
                                  the_hosts_pool_gives_the_same_bits,
                                  a_forked_child_can_use_the_context};
    return run_tests("context_create", tests, sizeof tests / sizeof *tests) != 0;
}
