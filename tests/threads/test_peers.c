/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers on threads of one process, each with threads of its own: the bits of one. */
#include "support/network.h"
#include "support/together.h"
#include "support/training.h"

enum { size = 3 };

struct group {
    struct network network;
    struct training peers[size];
};

/* More users than two blocks of generated neighbours have. */
static void begin(struct training *t, size_t threads)
{
    static const size_t dimensions[] = {10, 7};
    static const char *const list[] = {"epochs", "2", "batch", "8192", NULL};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = 4300,
                                   .items = 40,
                                   .interactions = 13000,
                                   .modality_count = 2,
                                   .dimensions = dimensions,
                                   .seed = 4};
    diffmm_context *context;
    diffmm_dataset *dataset;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    training_on(t, context, dataset, list);
}

static size_t train(void *argument, size_t rank)
{
    struct group *group = argument;
    diffmm_peers peers = network_peers(&group->network, (uint32_t)rank);
    return diffmm_trainer_join(group->peers[rank].trainer, &peers) ||
           diffmm_trainer_fit(group->peers[rank].trainer, NULL, NULL);
}

START_TEST(shared)
{
    struct training alone;
    begin(&alone, 1);
    expect_success(diffmm_trainer_fit(alone.trainer, NULL, NULL));
    struct group *group = calloc(1, sizeof *group);
    network_begin(&group->network, size);
    for (size_t rank = 0; rank < size; rank++)
        begin(&group->peers[rank], rank + 1);
    ck_assert_uint_eq(together(size, train, group), 0);
    for (size_t rank = 0; rank < size; rank++) {
        expect_same_bits(alone.model, group->peers[rank].model);
        training_end(&group->peers[rank]);
    }
    network_end(&group->network);
    free(group);
    training_end(&alone);
}
END_TEST

static int cancel_next(const diffmm_progress *progress, void *data)
{
    if (progress->phase == DIFFMM_PHASE_GENERATE)
        diffmm_trainer_cancel(data);
    return 0;
}

static size_t lose(void *argument, size_t rank)
{
    struct group *group = argument;
    diffmm_peers peers = network_peers(&group->network, (uint32_t)rank);
    diffmm_trainer *trainer = group->peers[rank].trainer;
    if (diffmm_trainer_join(trainer, &peers))
        return 1;
    return diffmm_trainer_fit(trainer, NULL, NULL) !=
           (rank == 1 ? DIFFMM_CANCELLED : DIFFMM_ERROR_PEER);
}

START_TEST(lost)
{
    struct group *group = calloc(1, sizeof *group);
    network_begin(&group->network, size);
    for (size_t rank = 0; rank < size; rank++)
        begin(&group->peers[rank], 2);
    expect_success(
        diffmm_trainer_on_progress(group->peers[1].trainer, cancel_next, group->peers[1].trainer));
    ck_assert_uint_eq(together(size, lose, group), 0);
    for (size_t rank = 0; rank < size; rank++) {
        ck_assert_uint_eq(group->network.ends[rank].abandoned, 1);
        training_end(&group->peers[rank]);
    }
    network_end(&group->network);
    free(group);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {shared, lost};
    return run_tests("threads/peers", tests, sizeof tests / sizeof *tests) != 0;
}
