/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's own threads, for one job at a time. Nothing is taken for granted of the host's pool:
 * it may leave out tasks, run them twice, or run them after it has returned. So a task is given a
 * pointer to a place that lives as long as the context, and looks there whether there is anything
 * to do. */
#ifndef DIFFMM_BASE_HOST_POOL_H
#define DIFFMM_BASE_HOST_POOL_H

#include <diffmm/context.h>

struct diffmm__host_pool;

/* One worker's share of a job; `worker` is below the number of workers asked for. */
typedef void (*diffmm__host_work)(void *job, size_t worker);

struct diffmm__host_pool *diffmm__host_pool_create(const diffmm_context *context);
void diffmm__host_pool_destroy(const diffmm_context *context, struct diffmm__host_pool *pool);

/* Let the host's threads call work(job, 0) .. work(job, workers - 1): each at most once, though
 * perhaps not at all. All that have begun have ended when this returns. Does nothing while the pool
 * has another job. */
void diffmm__host_pool_run(const diffmm_context *context, struct diffmm__host_pool *pool,
                           size_t workers, diffmm__host_work work, void *job);

#endif
