/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls as an asynchronous runtime makes them: each on whichever of its workers is free, while the
 * text of a failure is asked for elsewhere, when that worker has long made other calls. What
 * NAME_r() wrote is the text of its call. (tests/errors makes all its calls through the siblings,
 * too.) */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <diffmm/with_message.h>

#include "support/failure.h"
#include "support/together.h"
#include "support/training.h"

enum { workers = 4, calls = 4000 };

/* A call that the host waits for, with a number that the text must name. */
struct job {
    int number;
    diffmm_status status;
    char says[64], message[DIFFMM_MESSAGE_SIZE];
};

/* What all calls share, and none changes. */
struct world {
    struct training training;
    diffmm_scorer *scorer;
    struct job *jobs;
    atomic_int next;
};

static void call_option(const struct world *world, struct job *job)
{
    char name[32];
    diffmm_options *options = NULL;
    snprintf(name, sizeof name, "option%d", job->number);
    snprintf(job->says, sizeof job->says, "%s", name);
    job->status = diffmm_options_create_r(world->training.context, &options, job->message,
                                          sizeof job->message);
    if (job->status == DIFFMM_OK)
        job->status = diffmm_options_set_r(options, name, "1", job->message, sizeof job->message);
    diffmm_options_destroy(options);
}

static void call_file(const struct world *world, struct job *job)
{
    diffmm_file *file = NULL;
    snprintf(job->says, sizeof job->says, "/nowhere/%d", job->number);
    job->status = diffmm_file_open_r(world->training.context, job->says, &file, job->message,
                                     sizeof job->message);
}

static void call_user(const struct world *world, struct job *job)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = 1};
    diffmm_hit hit;
    size_t found = 0;
    snprintf(job->says, sizeof job->says, "%d", job->number + 1000);
    job->status = diffmm_recommend_r(world->scorer, job->number + 1000, &query, &hit, &found,
                                     job->message, sizeof job->message);
}

static void call_id(const struct world *world, struct job *job)
{
    char id[32];
    int32_t user = 0;
    snprintf(id, sizeof id, "someone%d", job->number);
    snprintf(job->says, sizeof job->says, "%s", id);
    job->status = diffmm_dataset_find_user_r(world->training.dataset, id, &user, job->message,
                                             sizeof job->message);
}

static void call_reserve(const struct world *world, struct job *job)
{
    diffmm_dataset *dataset = NULL; /* its own: this changes it */
    const size_t users = ((size_t)1 << 40) + (size_t)job->number;
    snprintf(job->says, sizeof job->says, "%zu", users);
    job->status = diffmm_dataset_create_r(world->training.context, &dataset, job->message,
                                          sizeof job->message);
    if (job->status == DIFFMM_OK)
        job->status =
            diffmm_dataset_reserve_r(dataset, users, 1, job->message, sizeof job->message);
    diffmm_dataset_destroy(dataset);
}

static void call_well(const struct world *world, struct job *job)
{
    float weights[2];
    job->status =
        diffmm_scorer_modality_weights_r(world->scorer, weights, job->message, sizeof job->message);
}

static void make(const struct world *world, struct job *job)
{
    switch (job->number % 6) {
    case 0: call_option(world, job); return;
    case 1: call_file(world, job); return;
    case 2: call_user(world, job); return;
    case 3: call_id(world, job); return;
    case 4: call_reserve(world, job); return;
    default: call_well(world, job);
    }
}

/* Faults: where a worker's own text is not what the call without the sibling leaves. */
static size_t worker(void *argument, size_t thread)
{
    struct world *world = argument;
    size_t faults = 0;
    char before[DIFFMM_MESSAGE_SIZE];
    (void)thread;
    for (int number; (number = atomic_fetch_add(&world->next, 1)) < calls;) {
        struct job *job = &world->jobs[number];
        strcpy(before, diffmm_error_message());
        job->number = number;
        memset(job->message, '?', sizeof job->message);
        make(world, job);
        faults += strcmp(diffmm_error_message(), job->status ? job->message : before) != 0;
    }
    return faults;
}

START_TEST(each_text_belongs_to_its_call)
{
    struct world world = {.jobs = calloc(calls, sizeof(struct job))};
    ck_assert_ptr_nonnull(world.jobs);
    training_begin(&world.training, (const char *const[]){NULL});
    expect_success(diffmm_scorer_create(world.training.model, &world.scorer));
    ck_assert_uint_eq(together(workers, worker, &world), 0);
    for (int i = 0; i < calls; i++) {
        const struct job *job = &world.jobs[i];
        bool right = i % 6 == 5 ? job->status == DIFFMM_OK && job->message[0] == '\0'
                                : job->status != DIFFMM_OK && strstr(job->message, job->says);
        ck_assert_msg(right, "call %d: %s, '%s'", i, diffmm_status_name(job->status), job->message);
    }
    diffmm_scorer_destroy(world.scorer);
    training_end(&world.training);
    free(world.jobs);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_text_belongs_to_its_call};
    return run_tests("messages", tests, sizeof tests / sizeof *tests) != 0;
}
