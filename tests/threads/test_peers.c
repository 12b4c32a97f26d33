/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers on threads of one process, each with threads of its own: the bits of one. */
#include "support/folder.h"
#include "support/network.h"
#include "support/together.h"
#include "support/training.h"

enum { size = 3 };

struct group {
    struct network network;
    struct training peers[size];
    const char *path; /* where peer 0 saves the model; NULL: nowhere */
};

/* More users than two blocks of generated neighbours have. */
static void begin(struct training *t, size_t threads, const char *divide)
{
    static const size_t dimensions[] = {10, 7};
    const char *const list[] = {"epochs", "2", "batch", "8192", "peers.divide", divide, NULL};
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
           diffmm_trainer_fit(group->peers[rank].trainer, NULL, NULL) ||
           (group->path && diffmm_trainer_save_at(group->peers[rank].trainer, 0, group->path));
}

static struct group *group_begin(const char *divide, const char *path)
{
    struct group *group = calloc(1, sizeof *group);
    network_begin(&group->network, size);
    for (size_t rank = 0; rank < size; rank++)
        begin(&group->peers[rank], rank + 1, divide);
    group->path = path;
    return group;
}

static void group_end(struct group *group)
{
    for (size_t rank = 0; rank < size; rank++)
        training_end(&group->peers[rank]);
    network_end(&group->network);
    free(group);
}

START_TEST(shared)
{
    struct training alone;
    begin(&alone, 1, "false");
    expect_success(diffmm_trainer_fit(alone.trainer, NULL, NULL));
    struct group *group = group_begin("false", NULL);
    ck_assert_uint_eq(together(size, train, group), 0);
    for (size_t rank = 0; rank < size; rank++)
        expect_same_bits(alone.model, group->peers[rank].model);
    group_end(group);
    training_end(&alone);
}
END_TEST

/* Each keeps its own users' rows, and they save the model together. */
START_TEST(divided)
{
    struct training alone;
    struct folder folder = folder_begin();
    struct path one = folder_path(&folder, "one"), many = folder_path(&folder, "many");
    size_t sizes[2];
    begin(&alone, 1, "false");
    expect_success(diffmm_trainer_fit(alone.trainer, NULL, NULL));
    expect_success(diffmm_model_save(alone.model, one.text));
    struct group *group = group_begin("true", many.text);
    ck_assert_uint_eq(together(size, train, group), 0);
    unsigned char *wanted = read_bytes(one.text, &sizes[0]),
                  *got = read_bytes(many.text, &sizes[1]);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert(memcmp(wanted, got, sizes[0]) == 0);
    free(wanted);
    free(got);
    group_end(group);
    training_end(&alone);
    folder_end(&folder);
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
    struct group *group = group_begin("false", NULL);
    expect_success(
        diffmm_trainer_on_progress(group->peers[1].trainer, cancel_next, group->peers[1].trainer));
    ck_assert_uint_eq(together(size, lose, group), 0);
    for (size_t rank = 0; rank < size; rank++)
        ck_assert_uint_eq(group->network.ends[rank].abandoned, 1);
    group_end(group);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {shared, divided, lost};
    return run_tests("threads/peers", tests, sizeof tests / sizeof *tests) != 0;
}
