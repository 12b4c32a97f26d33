/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/context.h"
#include "base/host_pool.h"
#include "base/memory.h"
#include "base/system.h"

/* One parallel call: workers draw indices from `next` until none are left. */
struct job {
    diffmm__indexed_task task;
    void *argument;
    size_t count;
    atomic_size_t next;
};

/* Both sides spin for a while before they sleep: an epoch makes some 10,000 parallel calls, and
 * many of them, and of the pauses between them, take less time than waking a thread. No wake-up is
 * lost: whoever announces something first stores it and then checks whether the other side sleeps;
 * whoever goes to sleep first says so and then checks once more. So at least one of them sees the
 * other. */
struct diffmm__pool {
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    struct job *job;          /* the job of the present generation */
    atomic_size_t generation; /* counts jobs, so that a thread takes each only once */
    atomic_size_t running;    /* threads that have not finished the present job */
    atomic_size_t sleepers;   /* threads that wait for `work` */
    atomic_bool caller_sleeps;
    atomic_bool stop;
    atomic_flag busy; /* one job at a time */
    pid_t process;    /* threads do not survive a fork; 0 before the first start */
    size_t threads;   /* wanted, with the calling one */
    size_t started;   /* started, without the calling one */
    pthread_t *handles;
    struct seat *seats;
};

struct seat {
    struct diffmm__pool *pool;
    size_t worker;
};

static void work_on(void *argument, size_t worker)
{
    struct job *job = argument;
    for (;;) {
        size_t index = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed);
        if (index >= job->count)
            return;
        job->task(job->argument, index, worker);
    }
}

/* Waking a thread takes some 50 microseconds on a virtual machine, so a thread spins for longer than
 * that before it sleeps. After a tenth of this time it offers its processor to other threads: where
 * there are more threads than processors, the one that it waits for may need it. */
static const double spin_seconds = 200e-6, yield_seconds = 20e-6;
enum { spins_a_look = 64 };

/* A thread that spins: how often it has, and since when. */
struct spinning {
    size_t spins;
    double since; /* seconds */
};

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* Lets a moment pass. False when it is time to sleep. */
static bool spin(struct spinning *spinning)
{
    pause_briefly();
    if (spinning->spins++ % spins_a_look > 0)
        return true;
    double now = diffmm__clock_seconds();
    if (spinning->spins == 1)
        spinning->since = now;
    if (now - spinning->since > yield_seconds)
        sched_yield();
    return now - spinning->since < spin_seconds;
}

/* Wait for the job after `generation`. False when the pool ends. */
static bool await_job(struct diffmm__pool *pool, size_t generation)
{
    struct spinning spinning = {0};
    while (atomic_load(&pool->generation) == generation && spin(&spinning))
        ;
    if (atomic_load(&pool->generation) == generation) {
        pthread_mutex_lock(&pool->mutex);
        atomic_fetch_add(&pool->sleepers, 1);
        while (atomic_load(&pool->generation) == generation)
            pthread_cond_wait(&pool->work, &pool->mutex);
        atomic_fetch_sub(&pool->sleepers, 1);
        pthread_mutex_unlock(&pool->mutex);
    }
    return !atomic_load(&pool->stop);
}

static void announce_job(struct diffmm__pool *pool)
{
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->sleepers) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
}

static void announce_done(struct diffmm__pool *pool)
{
    if (atomic_fetch_sub(&pool->running, 1) != 1 || !atomic_load(&pool->caller_sleeps))
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
}

static void await_done(struct diffmm__pool *pool)
{
    struct spinning spinning = {0};
    while (atomic_load(&pool->running) > 0 && spin(&spinning))
        ;
    if (atomic_load(&pool->running) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    /* (A store would be enough, but under QEMU's AArch64 the following load may overtake it.) */
    atomic_exchange(&pool->caller_sleeps, true);
    while (atomic_load(&pool->running) > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->mutex);
}

static void *thread_main(void *argument)
{
    struct seat *seat = argument;
    struct diffmm__pool *pool = seat->pool;
    for (size_t generation = 0; await_job(pool, generation); generation++) {
        work_on(pool->job, seat->worker);
        announce_done(pool);
    }
    return NULL;
}

struct diffmm__pool *diffmm__pool_create(const diffmm_context *context, size_t threads)
{
    struct diffmm__pool *pool = diffmm__allocate_zero(context, 1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->threads = threads;
    pool->handles = diffmm__allocate(context, threads, sizeof *pool->handles);
    pool->seats = diffmm__allocate(context, threads, sizeof *pool->seats);
    if (!pool->handles || !pool->seats) {
        diffmm__release(context, pool->handles);
        diffmm__release(context, pool->seats);
        diffmm__release(context, pool);
        return NULL;
    }
    atomic_flag_clear(&pool->busy);
    return pool;
}

/* If a thread cannot be started, fewer compute, with the same results. */
static void start_threads(struct diffmm__pool *pool)
{
    pool->process = getpid();
    pool->started = 0;
    pool->job = NULL;
    atomic_init(&pool->generation, 0);
    atomic_init(&pool->running, 0);
    atomic_init(&pool->sleepers, 0);
    atomic_init(&pool->caller_sleeps, false);
    atomic_init(&pool->stop, false);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (size_t i = 0; i + 1 < pool->threads; i++) {
        pool->seats[i] = (struct seat){.pool = pool, .worker = i + 1};
        if (diffmm__sys_thread(&pool->handles[i], 0, thread_main, &pool->seats[i]))
            break;
        pool->started++;
    }
}

void diffmm__pool_destroy(const diffmm_context *context, struct diffmm__pool *pool)
{
    if (!pool)
        return;
    if (pool->process == getpid()) {
        atomic_store(&pool->stop, true);
        announce_job(pool);
        for (size_t i = 0; i < pool->started; i++)
            pthread_join(pool->handles[i], NULL);
        pthread_cond_destroy(&pool->done);
        pthread_cond_destroy(&pool->work);
        pthread_mutex_destroy(&pool->mutex);
    }
    diffmm__release(context, pool->handles);
    diffmm__release(context, pool->seats);
    diffmm__release(context, pool);
}

static void pool_work(struct diffmm__pool *pool, struct job *job)
{
    if (pool->process != getpid())
        start_threads(pool);
    pool->job = job;
    atomic_store(&pool->running, pool->started);
    announce_job(pool);
    work_on(job, 0);
    await_done(pool);
}

size_t diffmm__workers(const diffmm_context *context)
{
    return diffmm_context_threads(context);
}

void diffmm__parallel(const diffmm_context *context, size_t count, diffmm__indexed_task task,
                      void *argument)
{
    struct job job = {.task = task, .argument = argument, .count = count};
    size_t workers = diffmm__workers(context);
    if (workers > count)
        workers = count;
    if (workers > 1 && context->host_pool) {
        diffmm__host_pool_run(context, context->host_pool, workers, work_on, &job);
        work_on(&job, 0); /* whatever the host's threads have left over */
    } else if (workers > 1 && context->pool && !atomic_flag_test_and_set(&context->pool->busy)) {
        pool_work(context->pool, &job);
        atomic_flag_clear(&context->pool->busy);
    } else {
        work_on(&job, 0);
    }
}

struct ranges {
    diffmm__range_task task;
    void *argument;
    size_t total, grain;
};

static void range_task(void *argument, size_t index, size_t worker)
{
    (void)worker;
    const struct ranges *ranges = argument;
    size_t begin = index * ranges->grain, end = begin + ranges->grain;
    ranges->task(ranges->argument, begin, end < ranges->total ? end : ranges->total);
}

void diffmm__parallel_ranges(const diffmm_context *context, size_t total, size_t grain,
                             diffmm__range_task task, void *argument)
{
    struct ranges ranges = {.task = task, .argument = argument, .total = total, .grain = grain};
    diffmm__parallel(context, (total + grain - 1) / grain, range_task, &ranges);
}

void diffmm__parallel_shares(const diffmm_context *context, size_t total, diffmm__range_task task,
                             void *argument)
{
    size_t workers = diffmm__workers(context);
    if (total > 0)
        diffmm__parallel_ranges(context, total, (total + workers - 1) / workers, task, argument);
}
