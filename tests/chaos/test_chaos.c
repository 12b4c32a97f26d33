/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "chaos.h"
#include "faults/faults.h"
#include "support/failure.h"
#include "support/folder.h"

/* Different changes tried at each allocation; runs of each case beside a thread that changes. */
enum { seeds = 4, runs = 100 };

static struct fault_world made;
static struct chaos_world world;
static struct folder folder;

static void begin(void)
{
    traps_off(); /* a file that changes holds any numbers */
    const diffmm_context_settings settings = {
        .threads = 1, .allocate = chaos_allocate, .release = chaos_release};
    folder = folder_begin();
    chaos_files_begin(folder.path);
    expect_success(diffmm_context_create(&settings, &made.context));
    fault_make_dataset(&made);
    world = (struct chaos_world){made.context, made.dataset, folder.path};
    chaos_install();
}

static void end(void)
{
    diffmm_dataset_destroy(made.dataset);
    diffmm_context_destroy(made.context);
    folder_end(&folder);
}

/* DIFFMM_CHAOS_TIMES: so many times as many runs. */
static size_t times(void)
{
    const char *text = getenv("DIFFMM_CHAOS_TIMES");
    size_t given = text ? strtoul(text, NULL, 10) : 0;
    return given > 0 ? given : 1;
}

/* Undisturbed, every case goes through: else nothing would be tried. */
START_TEST(files_change_at_every_allocation)
{
    begin();
    for (const struct chaos_case *one = chaos_cases; one->name; one++) {
        size_t before = chaos_changes();
        chaos_begin(0, 0);
        one->run(&world);
        size_t allocations = chaos_allocations();
        ck_assert_uint_gt(allocations, 5);
        for (size_t n = 1; n <= allocations; n++)
            for (uint64_t seed = 0; seed < seeds * times(); seed++) {
                chaos_begin(n, seed << 32 | n);
                one->run(&world);
            }
        printf("%s: %zu allocations, %zu changes\n", one->name, allocations,
               chaos_changes() - before);
        ck_assert_uint_gt(chaos_changes(), before);
    }
    end();
}
END_TEST

static atomic_bool finished;

static void *change_all_the_time(void *argument)
{
    (void)argument;
    while (!finished) {
        chaos_change();
        sched_yield();
    }
    return NULL;
}

START_TEST(files_change_all_the_time)
{
    pthread_t thread;
    begin();
    chaos_begin(0, 77);
    finished = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, change_all_the_time, NULL), 0);
    for (const struct chaos_case *one = chaos_cases; one->name; one++)
        for (size_t run = 0; run < runs * times(); run++)
            one->run(&world);
    finished = true;
    pthread_join(thread, NULL);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {files_change_at_every_allocation, files_change_all_the_time};
    return run_tests("chaos", tests, sizeof tests / sizeof *tests) != 0;
}
