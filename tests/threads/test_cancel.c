/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelling from other threads, at any moment. */
#include <sched.h>
#include <stdatomic.h>

#include "support/together.h"
#include "support/training.h"

enum { cancellers = 3, rounds = 25 };

struct contest {
    diffmm_trainer *trainer;
    atomic_size_t steps;
    atomic_bool over;
    size_t round;
    diffmm_status status;
};

static int count_step(const diffmm_progress *progress, void *user_data)
{
    struct contest *contest = user_data;
    (void)progress;
    atomic_fetch_add(&contest->steps, 1);
    return 0;
}

/* Thread 0 trains; the others cancel once some steps are done, more in each round. */
static size_t train_or_cancel(void *argument, size_t thread)
{
    struct contest *contest = argument;
    if (thread == 0) {
        contest->status = diffmm_trainer_epoch(contest->trainer, NULL);
        atomic_store(&contest->over, true);
        return contest->status != DIFFMM_OK && contest->status != DIFFMM_CANCELLED;
    }
    while (atomic_load(&contest->steps) < contest->round * thread && !atomic_load(&contest->over))
        sched_yield();
    diffmm_trainer_cancel(contest->trainer);
    return 0;
}

START_TEST(several_threads_cancel_one_training)
{
    struct training t;
    size_t cancelled = 0;
    training_with(&t, &(diffmm_context_settings){.threads = 3},
                  (const char *const[]){"epochs", "1000", "patience", "0", NULL});
    for (size_t round = 0; round < rounds; round++) {
        struct contest contest = {.trainer = t.trainer, .round = round};
        expect_success(diffmm_trainer_on_progress(t.trainer, count_step, &contest));
        ck_assert_uint_eq(together(1 + cancellers, train_or_cancel, &contest), 0);
        cancelled += contest.status == DIFFMM_CANCELLED;
    }
    ck_assert_uint_gt(cancelled, 0);
    /* At most one request is left, and then training goes on. */
    expect_success(diffmm_trainer_on_progress(t.trainer, NULL, NULL));
    diffmm_status status = diffmm_trainer_epoch(t.trainer, NULL);
    ck_assert(status == DIFFMM_OK || status == DIFFMM_CANCELLED);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_finite(t.model);
    training_end(&t);
}
END_TEST

/* Of two trainers on one context one is cancelled; the other ends with the bits it has alone. */
struct pair {
    diffmm_trainer *trained, *stopped;
    atomic_bool running;
    diffmm_status status;
};

static int say_running(const diffmm_progress *progress, void *user_data)
{
    struct pair *pair = user_data;
    (void)progress;
    atomic_store(&pair->running, true);
    return 0;
}

static size_t one_of_pair(void *argument, size_t thread)
{
    struct pair *pair = argument;
    if (thread == 0)
        return diffmm_trainer_fit(pair->trained, NULL, NULL) != DIFFMM_OK;
    if (thread == 1)
        return diffmm_trainer_fit(pair->stopped, NULL, NULL) != DIFFMM_CANCELLED;
    while (!atomic_load(&pair->running))
        sched_yield();
    diffmm_trainer_cancel(pair->stopped);
    return 0;
}

START_TEST(the_other_trainer_goes_on)
{
    struct training alone, shared;
    struct pair pair = {0};
    training_begin(&alone, (const char *const[]){NULL});
    expect_success(diffmm_trainer_fit(alone.trainer, NULL, NULL));
    training_with(&shared, &(diffmm_context_settings){.threads = 3}, (const char *const[]){NULL});
    set_all(shared.options, (const char *const[]){"epochs", "100000", "patience", "0", NULL});
    pair.trained = shared.trainer;
    expect_success(diffmm_trainer_create(shared.dataset, shared.options, &pair.stopped));
    expect_success(diffmm_trainer_on_progress(pair.stopped, say_running, &pair));
    ck_assert_uint_eq(together(3, one_of_pair, &pair), 0);
    expect_same_bits(alone.model, shared.model);
    diffmm_trainer_destroy(pair.stopped);
    training_end(&shared);
    training_end(&alone);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {several_threads_cancel_one_training, the_other_trainer_goes_on};
    return run_tests("threads/cancel", tests, sizeof tests / sizeof *tests) != 0;
}
