/* SPDX-License-Identifier: BSD-2-Clause */
/* Stopping: from the progress callback in each phase, from the epoch callback, from another thread;
 * and that the trainer goes on afterwards. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "support/training.h"

/* Stop at a phase's step of an epoch; watch the order of steps. */
struct stop {
    size_t epoch;
    diffmm_phase phase;
    size_t done;          /* 0: at the last step */
    diffmm_trainer *also; /* on which diffmm_trainer_cancel is called too */
    bool alone;           /* .. and nothing returned */
    size_t stopped;
    diffmm_progress last;
};

static int on_step(const diffmm_progress *progress, void *user_data)
{
    struct stop *stop = user_data;
    const diffmm_progress *last = &stop->last;
    ck_assert_uint_eq(progress->struct_size, sizeof *progress);
    ck_assert(progress->done >= 1 && progress->done <= progress->total);
    ck_assert_uint_eq(progress->epochs, 3);
    if (last->done > 0 && last->epoch == progress->epoch && progress->phase == last->phase)
        ck_assert_uint_eq(progress->done, last->done + 1);
    else
        ck_assert_uint_eq(progress->done, 1);
    stop->last = *progress;
    if (progress->epoch != stop->epoch || progress->phase != stop->phase ||
        progress->done != (stop->done ? stop->done : progress->total))
        return 0;
    stop->stopped++;
    stop->last = (diffmm_progress){0};
    if (stop->also)
        diffmm_trainer_cancel(stop->also);
    return !stop->alone;
}

static void expect_stopped(const char *const *list, struct stop stop)
{
    struct training t;
    training_begin(&t, list);
    size_t size = final_size(t.model) * sizeof(float);
    float *best = malloc(size);
    if (stop.also)
        stop.also = t.trainer;
    expect_success(diffmm_trainer_on_progress(t.trainer, on_step, &stop));
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    memcpy(best, diffmm_model_user_embeddings(t.model), size);

    expect_failure(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_CANCELLED, "epoch 2");
    ck_assert_uint_eq(stop.stopped, 1);
    expect_success(diffmm_trainer_restore_best(t.trainer));
    ck_assert_mem_eq(best, diffmm_model_user_embeddings(t.model), size);
    stop.stopped = 0;
    expect_failure(diffmm_trainer_fit(t.trainer, NULL, NULL), DIFFMM_CANCELLED, "epoch 2");
    ck_assert_uint_eq(stop.stopped, 1);
    ck_assert_mem_eq(best, diffmm_model_user_embeddings(t.model), size); /* fit restores */

    stop.epoch = 0; /* no more */
    diffmm_report report = {.struct_size = sizeof report};
    expect_success(diffmm_trainer_epoch(t.trainer, &report));
    ck_assert_uint_eq(report.epoch, 2);
    expect_success(diffmm_trainer_on_progress(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    ck_assert_uint_eq(stop.last.epoch, 2); /* and heard nothing since */
    expect_finite(t.model);
    free(best);
    training_end(&t);
}

START_TEST(from_the_progress_callback_in_each_phase)
{
    static const char *const list[] = {"rebuild_k", "2", NULL};
    for (int phase = DIFFMM_PHASE_DENOISE; phase <= DIFFMM_PHASE_EVALUATE; phase++)
        for (size_t done = 0; done < 2; done++)
            expect_stopped(list,
                           (struct stop){.epoch = 2, .phase = (diffmm_phase)phase, .done = done});
    expect_stopped((const char *const[]){"diffusion.enabled", "false", NULL},
                   (struct stop){.epoch = 2, .phase = DIFFMM_PHASE_RECOMMEND, .done = 3});
}
END_TEST

/* A callback may cancel, or cancel and say so: either way it is one request. */
START_TEST(from_within_a_callback)
{
    diffmm_trainer *any = (diffmm_trainer *)1;
    expect_stopped((const char *const[]){NULL},
                   (struct stop){.epoch = 2, .phase = DIFFMM_PHASE_RECOMMEND, .also = any});
    expect_stopped(
        (const char *const[]){NULL},
        (struct stop){.epoch = 2, .phase = DIFFMM_PHASE_GENERATE, .also = any, .alone = true});
}
END_TEST

static int stop_at(const diffmm_report *report, void *user_data)
{
    return report->epoch == *(const size_t *)user_data;
}

START_TEST(from_the_epoch_callback)
{
    struct training t;
    size_t when = 1, epoch;
    training_begin(&t, (const char *const[]){NULL});
    expect_failure(diffmm_trainer_fit(t.trainer, stop_at, &when), DIFFMM_CANCELLED,
                   "after epoch 1");
    expect_success(diffmm_trainer_best(t.trainer, &epoch, NULL, NULL)); /* this epoch is kept */
    ck_assert_uint_eq(epoch, 1);
    when = 3; /* with the last epoch there is nothing to stop */
    expect_success(diffmm_trainer_fit(t.trainer, stop_at, &when));
    expect_failure(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_ERROR_STATE, "after epoch 3");
    training_end(&t);
}
END_TEST

/* A thread that cancels as soon as it is told to. */
struct other {
    diffmm_trainer *trainer;
    atomic_bool now, done;
    size_t steps, cancelled_at;
};

static void *cancel_when_told(void *argument)
{
    struct other *other = argument;
    while (!atomic_load(&other->now))
        sched_yield();
    diffmm_trainer_cancel(other->trainer);
    atomic_store(&other->done, true);
    return NULL;
}

static int tell_other(const diffmm_progress *progress, void *user_data)
{
    struct other *other = user_data;
    (void)progress;
    if (++other->steps == 7) {
        other->cancelled_at = other->steps;
        atomic_store(&other->now, true);
        while (!atomic_load(&other->done))
            sched_yield();
    }
    return 0;
}

START_TEST(from_another_thread)
{
    struct training t;
    pthread_t thread;
    struct other other = {0};
    training_with(&t, &(diffmm_context_settings){.threads = 2}, (const char *const[]){NULL});
    other.trainer = t.trainer;
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_when_told, &other), 0);
    expect_success(diffmm_trainer_on_progress(t.trainer, tell_other, &other));
    expect_failure(diffmm_trainer_fit(t.trainer, NULL, NULL), DIFFMM_CANCELLED,
                   "epoch 1 was cancelled");
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(other.steps, other.cancelled_at); /* at that very step */
    expect_failure(diffmm_trainer_restore_best(t.trainer), DIFFMM_ERROR_STATE, "no epoch");
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    ck_assert_uint_gt(other.steps, other.cancelled_at);
    training_end(&t);
}
END_TEST

/* Between two epochs of the host's loop the request waits for the next one. */
START_TEST(before_an_epoch)
{
    struct training t;
    training_begin(&t, (const char *const[]){NULL});
    diffmm_trainer_cancel(NULL);
    diffmm_trainer_cancel(t.trainer);
    diffmm_trainer_cancel(t.trainer);
    expect_failure(diffmm_trainer_epoch(t.trainer, NULL), DIFFMM_CANCELLED, "epoch 1");
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {from_the_progress_callback_in_each_phase, from_within_a_callback,
                                  from_the_epoch_callback, from_another_thread, before_an_epoch};
    return run_tests("train/cancel", tests, sizeof tests / sizeof *tests) != 0;
}
