/* SPDX-License-Identifier: BSD-2-Clause */
/* Parallel loops. Work is cut by the caller, the same way whatever the number of threads, and
 * results go to places named by the index: so the bits never depend on the threads. */
#ifndef DIFFMM_BASE_POOL_H
#define DIFFMM_BASE_POOL_H

#include <stddef.h>

#include <diffmm/context.h>

/* `worker` is below diffmm__workers(): tasks that run at the same time have different ones, so it
 * picks scratch memory. */
typedef void (*diffmm__indexed_task)(void *argument, size_t index, size_t worker);
typedef void (*diffmm__range_task)(void *argument, size_t begin, size_t end);

/* How many tasks may run at once: the threads of the context; 1 for NULL. */
size_t diffmm__workers(const diffmm_context *context);

/* Call task once for each index below count, and return when all are done. Where the pool is
 * busy with another call (or this is a task itself), the calling thread does all. */
void diffmm__parallel(const diffmm_context *context, size_t count, diffmm__indexed_task task,
                      void *argument);

/* The same over [0, total) in ranges of `grain` (the last may be shorter). */
void diffmm__parallel_ranges(const diffmm_context *context, size_t total, size_t grain,
                             diffmm__range_task task, void *argument);

/* The same in one range for each thread, for tasks that write the results of their range alone but read all
 * of their input: that is gone through once for each thread, and results must not depend on the ranges. */
void diffmm__parallel_shares(const diffmm_context *context, size_t total, diffmm__range_task task,
                             void *argument);

/* A pool of `threads` threads, the calling one included. Threads start with the first parallel
 * call, and again in a forked child. */
struct diffmm__pool *diffmm__pool_create(const diffmm_context *context, size_t threads);
void diffmm__pool_destroy(const diffmm_context *context, struct diffmm__pool *pool);

#endif
