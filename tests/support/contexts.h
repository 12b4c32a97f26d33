/* SPDX-License-Identifier: BSD-2-Clause */
/* Results must be the same bits whatever the number of threads. */
#ifndef DIFFMM_TESTS_CONTEXTS_H
#define DIFFMM_TESTS_CONTEXTS_H

#include <stdlib.h>

#include <diffmm/context.h>

#include "failure.h"

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
        diffmm_context *context;
        expect_success(
            diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
        memset(other, 0xa5, size);
        work(context, argument, other);
        ck_assert_msg(memcmp(first, other, size) == 0, "%zu threads give other bits", threads);
        diffmm_context_destroy(context);
    }
    free(first);
    free(other);
}

#endif
