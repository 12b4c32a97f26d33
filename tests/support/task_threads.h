/* SPDX-License-Identifier: BSD-2-Clause */
/* The simplest pool that a host can have: a thread for each task. */
#ifndef DIFFMM_TESTS_TASK_THREADS_H
#define DIFFMM_TESTS_TASK_THREADS_H

#include <check.h>
#include <pthread.h>

#include <diffmm/context.h>

enum { most_task_threads = 8 };

struct task_thread {
    pthread_t thread;
    diffmm_task task;
    void *argument;
    size_t index;
};

static inline void *task_thread_run(void *argument)
{
    const struct task_thread *one = argument;
    one->task(one->argument, one->index);
    return NULL;
}

/* Run the first `here` tasks on this thread, and each other one in a thread of its own, of which
 * the last starts first. */
static inline void run_in_threads(size_t here, size_t count, diffmm_task task, void *argument)
{
    struct task_thread threads[most_task_threads];
    ck_assert_uint_le(count, most_task_threads);
    for (size_t i = count; i-- > here;) {
        threads[i] = (struct task_thread){.task = task, .argument = argument, .index = i};
        ck_assert_int_eq(pthread_create(&threads[i].thread, NULL, task_thread_run, &threads[i]), 0);
    }
    for (size_t i = 0; i < here && i < count; i++)
        task(argument, i);
    for (size_t i = here; i < count; i++)
        pthread_join(threads[i].thread, NULL);
}

#endif
