/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that start together and count what went wrong. A failed check on another thread would
 * leave the call in the middle, so they count faults, and the test checks the sum. */
#ifndef DIFFMM_TESTS_TOGETHER_H
#define DIFFMM_TESTS_TOGETHER_H

#include <check.h>
#include <pthread.h>
#include <stddef.h>

enum { together_most = 16 };

typedef size_t (*together_work)(void *argument, size_t thread);

struct together_seat {
    pthread_barrier_t *start;
    together_work work;
    void *argument;
    size_t thread, faults;
};

static inline void *together_main(void *argument)
{
    struct together_seat *seat = argument;
    pthread_barrier_wait(seat->start);
    seat->faults = seat->work(seat->argument, seat->thread);
    return NULL;
}

/* work(argument, 0) .. work(argument, count - 1), each on a thread of its own; the sum of faults.
 */
static inline size_t together(size_t count, together_work work, void *argument)
{
    pthread_barrier_t start;
    pthread_t threads[together_most];
    struct together_seat seats[together_most];
    size_t faults = 0;
    ck_assert_uint_le(count, together_most);
    pthread_barrier_init(&start, NULL, (unsigned)count);
    for (size_t t = 0; t < count; t++) {
        seats[t] = (struct together_seat){&start, work, argument, t, 0};
        ck_assert_int_eq(pthread_create(&threads[t], NULL, together_main, &seats[t]), 0);
    }
    for (size_t t = 0; t < count; t++) {
        ck_assert_int_eq(pthread_join(threads[t], NULL), 0);
        faults += seats[t].faults;
    }
    pthread_barrier_destroy(&start);
    return faults;
}

#endif
