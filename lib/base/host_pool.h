/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's own threads, for one job at a time. The host's pool is a stranger: it may leave out
 * tasks, run them twice, or run them when it has long returned. So a task is handed a place that
 * lives as long as the context, and finds in it whether there is anything to do. */
#ifndef DIFFMM_BASE_HOST_POOL_H
#define DIFFMM_BASE_HOST_POOL_H

#include <diffmm/context.h>

struct diffmm__host_pool;

/* What one of the threads does, of `worker` below the number asked for. */
typedef void (*diffmm__host_work)(void *job, size_t worker);

struct diffmm__host_pool *diffmm__host_pool_create(const diffmm_context *context);
void diffmm__host_pool_destroy(const diffmm_context *context, struct diffmm__host_pool *pool);

/* Let the host's threads do work(job, 0) .. work(job, workers - 1): each at most once, though
 * perhaps none. All that have begun have ended when this returns. Does nothing where the pool is at
 * another job. */
void diffmm__host_pool_run(const diffmm_context *context, struct diffmm__host_pool *pool,
                           size_t workers, diffmm__host_work work, void *job);

#endif
