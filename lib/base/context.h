/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_CONTEXT_H
#define DIFFMM_BASE_CONTEXT_H

#include <stdbool.h>

#include <diffmm/context.h>

#include "base/handle.h"

struct diffmm__host_pool;
struct diffmm__pool;

struct diffmm_context {
    struct diffmm__handle handle;
    diffmm_context_settings settings; /* with defaults filled in */
    /* At most one of the two; neither where one thread computes. */
    struct diffmm__pool *pool;
    struct diffmm__host_pool *host_pool;
};

/* Adds a reference to a context, and gives one up; both accept NULL. */
diffmm_context *diffmm__context_retain(const diffmm_context *context);
void diffmm__context_release(diffmm_context *context);

/* Whether functions of the host may be called while the context is used. */
static inline bool diffmm__context_calls_back(const diffmm_context *context)
{
    const diffmm_context_settings *settings = &context->settings;
    return settings->allocate || settings->log || settings->pool_run;
}

#endif
