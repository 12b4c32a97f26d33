/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/host_pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"

struct diffmm__host_pool {
    pthread_mutex_t mutex; /* guards all that follows */
    pthread_cond_t left;   /* signalled when the last worker has left */
    bool busy;             /* a call has its job here */
    bool open;             /* workers may begin */
    diffmm__host_work work;
    void *job;
    size_t workers;
    size_t inside; /* workers that have begun and not ended */
    bool *begun;   /* of each worker; as many as the context has threads */
};

struct diffmm__host_pool *diffmm__host_pool_create(const diffmm_context *context)
{
    struct diffmm__host_pool *pool = diffmm__allocate_zero(context, 1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->begun = diffmm__allocate_zero(context, context->settings.threads, sizeof *pool->begun);
    if (!pool->begun) {
        diffmm__release(context, pool);
        return NULL;
    }
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->left, NULL);
    return pool;
}

void diffmm__host_pool_destroy(const diffmm_context *context, struct diffmm__host_pool *pool)
{
    if (!pool)
        return;
    pthread_cond_destroy(&pool->left);
    pthread_mutex_destroy(&pool->mutex);
    diffmm__release(context, pool->begun);
    diffmm__release(context, pool);
}

/* Whether this worker may begin. A worker may not that comes after the job has closed, has begun
 * before, or has a number beyond the count. One that is left over from an earlier job may stand in
 * for the worker of that number in the present one. */
static bool begin(struct diffmm__host_pool *pool, size_t worker)
{
    pthread_mutex_lock(&pool->mutex);
    bool good = pool->open && worker < pool->workers && !pool->begun[worker];
    if (good) {
        pool->begun[worker] = true;
        pool->inside++;
    }
    pthread_mutex_unlock(&pool->mutex);
    return good;
}

static void end(struct diffmm__host_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    if (--pool->inside == 0)
        pthread_cond_signal(&pool->left);
    pthread_mutex_unlock(&pool->mutex);
}

static void task(void *argument, size_t worker)
{
    struct diffmm__host_pool *pool = argument;
    if (!begin(pool, worker))
        return;
    pool->work(pool->job, worker);
    end(pool);
}

static bool open_job(struct diffmm__host_pool *pool, size_t workers, diffmm__host_work work,
                     void *job)
{
    pthread_mutex_lock(&pool->mutex);
    bool good = !pool->busy;
    if (good) {
        pool->busy = pool->open = true;
        pool->work = work;
        pool->job = job;
        pool->workers = workers;
        memset(pool->begun, 0, workers * sizeof *pool->begun);
    }
    pthread_mutex_unlock(&pool->mutex);
    return good;
}

static void close_job(struct diffmm__host_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->open = false;
    while (pool->inside > 0)
        pthread_cond_wait(&pool->left, &pool->mutex);
    pool->busy = false;
    pthread_mutex_unlock(&pool->mutex);
}

void diffmm__host_pool_run(const diffmm_context *context, struct diffmm__host_pool *pool,
                           size_t workers, diffmm__host_work work, void *job)
{
    if (!open_job(pool, workers, work, job))
        return;
    context->settings.pool_run(workers, task, pool, context->settings.pool_data);
    close_job(pool);
}
