/* SPDX-License-Identifier: BSD-2-Clause */
/* Parallel loops. The caller cuts the work, in the same way for any number of threads, and each
 * result goes to a place that its index determines: so the bits never depend on the threads. */
#ifndef DIFFMM_BASE_POOL_H
#define DIFFMM_BASE_POOL_H

#include <stddef.h>

#include <diffmm/context.h>

/* `worker` is below diffmm__workers(). Tasks that run at the same time have different ones, so that
 * it can select scratch memory. */
typedef void (*diffmm__indexed_task)(void *argument, size_t index, size_t worker);
typedef void (*diffmm__range_task)(void *argument, size_t begin, size_t end);

/* The number of tasks that may run at once: the threads of the context, or 1 for NULL. */
size_t diffmm__workers(const diffmm_context *context);

/* Call the task once for each index below count, and return when all calls have ended. If the pool
 * is busy with another job (or this is called from a task), the calling thread does everything. */
void diffmm__parallel(const diffmm_context *context, size_t count, diffmm__indexed_task task,
                      void *argument);

/* The same over [0, total) in ranges of `grain`; the last one may be shorter. */
void diffmm__parallel_ranges(const diffmm_context *context, size_t total, size_t grain,
                             diffmm__range_task task, void *argument);

/* The same in as many equal ranges as there are threads, for tasks that read all of their input but
 * write only the results of their range. The input is then read once by each thread; and since
 * ranges depend on the number of threads, results must not depend on the ranges. */
void diffmm__parallel_shares(const diffmm_context *context, size_t total, diffmm__range_task task,
                             void *argument);

/* A pool of `threads` threads, the calling one included. Threads start with the first parallel
 * call, and again in a forked child. */
struct diffmm__pool *diffmm__pool_create(const diffmm_context *context, size_t threads);
void diffmm__pool_destroy(const diffmm_context *context, struct diffmm__pool *pool);

#endif
