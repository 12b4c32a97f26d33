/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_BASE_CONTEXT_H
#define DIFFMM_BASE_CONTEXT_H

#include <stdatomic.h>

#include <diffmm/context.h>

struct diffmm__host_pool;
struct diffmm__pool;

struct diffmm_context {
    diffmm_context_settings settings; /* with defaults filled in */
    atomic_size_t references;
    /* At most one of them; none where one thread computes. */
    struct diffmm__pool *pool;
    struct diffmm__host_pool *host_pool;
};

/* A handle's hold on its context; both accept NULL. */
diffmm_context *diffmm__context_retain(const diffmm_context *context);
void diffmm__context_release(diffmm_context *context);

#endif
