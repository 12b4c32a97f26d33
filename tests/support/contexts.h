/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts of several numbers of threads: results must be the same bits in each. */
#ifndef DIFFMM_TESTS_CONTEXTS_H
#define DIFFMM_TESTS_CONTEXTS_H

#include <stdlib.h>

#include <diffmm/context.h>

#include "context.h"

/* None, then one of 1, 2 and 4 threads. */
enum { context_count = 4 };

static inline void contexts_begin(diffmm_context *contexts[context_count])
{
    contexts[0] = NULL;
    for (size_t i = 1; i < context_count; i++)
        contexts[i] = new_context((size_t)1 << (i - 1));
}

static inline void contexts_end(diffmm_context *contexts[context_count])
{
    for (size_t i = 0; i < context_count; i++)
        diffmm_context_destroy(contexts[i]);
}

/* Call work(context, argument, out) with no context, then with one of 1, 2 and 4 threads; `out` has
 * room for `size` bytes and must be filled alike. */
static inline void
expect_same_bits(size_t size, void (*work)(diffmm_context *context, void *argument, void *out),
                 void *argument)
{
    void *first = calloc(1, size), *other = calloc(1, size);
    ck_assert(first && other);
    work(NULL, argument, first);
    for (size_t threads = 1; threads <= 4; threads *= 2) {
        diffmm_context *context = new_context(threads);
        memset(other, 0xa5, size);
        work(context, argument, other);
        ck_assert_msg(memcmp(first, other, size) == 0, "%zu threads give other bits", threads);
        diffmm_context_destroy(context);
    }
    free(first);
    free(other);
}

#endif
