/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TESTS_CONTEXT_H
#define DIFFMM_TESTS_CONTEXT_H

#include <diffmm/context.h>

#include "failure.h"

/* A context of so many threads; 0: as many as CPUs. */
static inline diffmm_context *new_context(size_t threads)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
    return context;
}

#endif
