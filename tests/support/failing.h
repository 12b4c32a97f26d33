/* SPDX-License-Identifier: BSD-2-Clause */
/* A context whose n-th allocation fails: only that one, or that one and all after it. */
#ifndef DIFFMM_TESTS_FAILING_H
#define DIFFMM_TESTS_FAILING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include <diffmm/context.h>

#include "failure.h"

struct failing {
    atomic_size_t count; /* of allocations so far */
    atomic_size_t fail;  /* which one fails, from 1; 0: none */
    bool onwards;
};

static inline void *failing_allocate(size_t size, void *user_data)
{
    struct failing *failing = user_data;
    size_t number = atomic_fetch_add(&failing->count, 1) + 1, fail = failing->fail;
    if (fail != 0 && (number == fail || (failing->onwards && number > fail)))
        return NULL;
    return malloc(size);
}

static inline void failing_release(void *pointer, void *user_data)
{
    (void)user_data;
    free(pointer);
}

static inline diffmm_context *failing_context(struct failing *failing, size_t threads)
{
    diffmm_context *context;
    const diffmm_context_settings settings = {.threads = threads,
                                              .allocate = failing_allocate,
                                              .release = failing_release,
                                              .allocator_data = failing};
    expect_success(diffmm_context_create(&settings, &context));
    return context;
}

/* Call `work` with its first allocation failing, then the second, .. until it succeeds; in both
 * ways. Each failure must be DIFFMM_ERROR_NO_MEMORY; leaks are the sanitizer's to find. Returns
 * how many allocations were made to fail. */
static inline size_t fail_each_allocation(struct failing *failing,
                                          diffmm_status (*work)(void *argument), void *argument)
{
    size_t failed = 0;
    for (int onwards = 0; onwards < 2; onwards++) {
        diffmm_status status = DIFFMM_ERROR_NO_MEMORY;
        for (size_t n = 1; status; n++) {
            failing->onwards = onwards != 0;
            atomic_store(&failing->count, 0);
            atomic_store(&failing->fail, n);
            status = work(argument);
            atomic_store(&failing->fail, 0);
            ck_assert_msg(status == DIFFMM_OK || status == DIFFMM_ERROR_NO_MEMORY,
                          "allocation %zu: %s", n, diffmm_error_message());
            failed += status != DIFFMM_OK;
        }
    }
    return failed;
}

/* The same with a context of its own, which is the argument of `work`; it must allocate. */
static inline void expect_survives_no_memory(diffmm_status (*work)(void *context))
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, work, context), 0);
    diffmm_context_destroy(context);
}

#endif
