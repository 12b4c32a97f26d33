/* SPDX-License-Identifier: BSD-2-Clause */
/* A context whose allocator counts the bytes it has given out. */
#ifndef DIFFMM_TESTS_COUNTING_H
#define DIFFMM_TESTS_COUNTING_H

#include <stdatomic.h>
#include <stdlib.h>

#include <diffmm/context.h>

#include "failure.h"

struct counter {
    atomic_size_t now, peak;
};

enum { counting_header = 64 };

static inline void *count_allocate(size_t size, void *user_data)
{
    struct counter *counter = user_data;
    char *block = malloc(size + counting_header);
    if (!block)
        return NULL;
    *(size_t *)(void *)block = size;
    size_t now = atomic_fetch_add(&counter->now, size) + size;
    if (now > counter->peak)
        counter->peak = now;
    return block + counting_header;
}

static inline void count_release(void *pointer, void *user_data)
{
    struct counter *counter = user_data;
    char *block = (char *)pointer - counting_header;
    atomic_fetch_sub(&counter->now, *(size_t *)(void *)block);
    free(block);
}

static inline diffmm_context *counting_context(struct counter *counter, size_t threads)
{
    diffmm_context *context;
    const diffmm_context_settings how = {.threads = threads,
                                         .allocate = count_allocate,
                                         .release = count_release,
                                         .allocator_data = counter};
    expect_success(diffmm_context_create(&how, &context));
    return context;
}

#endif
