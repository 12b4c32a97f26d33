/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers who each keep their own users' rows alone, train, and write files together; and the files of one
 * process, which theirs are to be. */
#ifndef DIFFMM_TESTS_DIVIDED_TRAINING_H
#define DIFFMM_TESTS_DIVIDED_TRAINING_H

#include "folder.h"
#include "shared_training.h"

/* The files of a training. */
struct divided_files {
    unsigned char *checkpoint, *model;
    size_t checkpoint_size, model_size;
};

static inline void divided_files_end(struct divided_files *files)
{
    free(files->checkpoint);
    free(files->model);
}

static inline unsigned char *divided_save(const diffmm_model *model, size_t *size)
{
    expect_success(diffmm_model_save_memory(model, NULL, 0, size));
    unsigned char *bytes = malloc(*size);
    expect_success(diffmm_model_save_memory(model, bytes, *size, size));
    return bytes;
}

/* By one process: the last epoch's checkpoint, and the best epoch's model. */
static inline struct divided_files divided_alone(const struct shared_case *c)
{
    struct training t;
    struct divided_files files;
    shared_training_begin(&t, c, NULL, 0);
    while (!diffmm__trainer_finished(t.trainer))
        expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    files.checkpoint = shared_checkpoint(t.trainer, &files.checkpoint_size);
    expect_success(diffmm_trainer_restore_best(t.trainer));
    files.model = divided_save(t.model, &files.model_size);
    training_end(&t);
    return files;
}

/* Peers who train, and then write to these paths. */
struct divided_writers {
    struct shared *shared;
    uint32_t rank;                       /* who writes */
    struct path checkpoint, model, half; /* half: a checkpoint to go on from */
};

static inline diffmm_status divided_write(const struct divided_writers *w, diffmm_trainer *trainer,
                                          size_t rank)
{
    const char *checkpoint = rank == w->rank ? w->checkpoint.text : NULL;
    const char *model = rank == w->rank ? w->model.text : NULL;
    trainer->last.figures.seconds = (diffmm_seconds){0};
    diffmm_status status = diffmm_trainer_checkpoint_at(trainer, w->rank, checkpoint);
    if (!status)
        status = diffmm_trainer_restore_best(trainer);
    return status ? status : diffmm_trainer_save_at(trainer, w->rank, model);
}

static inline size_t divided_train(void *argument, size_t rank)
{
    struct divided_writers *w = argument;
    struct shared_peer *peer = &w->shared->peers[rank];
    peer->status = shared_epochs(w->shared, rank);
    if (!peer->status)
        peer->status = divided_write(w, peer->t.trainer, rank);
    strcpy(peer->message, peer->status ? diffmm_error_message() : "");
    return peer->status != DIFFMM_OK;
}

static inline void divided_expect_file(const struct path *path, const unsigned char *wanted,
                                       size_t size)
{
    size_t got;
    unsigned char *bytes = read_bytes(path->text, &got);
    ck_assert_uint_eq(got, size);
    ck_assert(memcmp(bytes, wanted, size) == 0);
    free(bytes);
}

static inline void divided_begin(struct divided_writers *w, const struct folder *folder,
                                 uint32_t size, uint32_t rank, const struct shared_case *c)
{
    *w = (struct divided_writers){.shared = shared_begin(size, c, NULL, 0),
                                  .rank = rank,
                                  .checkpoint = folder_path(folder, "checkpoint"),
                                  .half = folder_path(folder, "half"),
                                  .model = folder_path(folder, "model")};
}

static inline void divided_expect(const struct divided_writers *w,
                                  const struct divided_files *wanted)
{
    for (uint32_t rank = 0; rank < w->shared->network.size; rank++)
        ck_assert_msg(w->shared->peers[rank].status == DIFFMM_OK, "peer %u: %s", rank,
                      w->shared->peers[rank].message);
    divided_expect_file(&w->checkpoint, wanted->checkpoint, wanted->checkpoint_size);
    divided_expect_file(&w->model, wanted->model, wanted->model_size);
}

/* Peers train an epoch, and then do something else. */
struct divided_after {
    struct divided_writers writers;
    diffmm_status (*act)(struct divided_after *after, diffmm_trainer *trainer, size_t rank);
};

static inline size_t divided_train_and_act(void *argument, size_t rank)
{
    struct divided_after *after = argument;
    struct shared *shared = after->writers.shared;
    struct shared_peer *peer = &shared->peers[rank];
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    peer->status = diffmm_trainer_join(peer->t.trainer, &peers);
    if (!peer->status)
        peer->status = diffmm_trainer_epoch(peer->t.trainer, NULL);
    if (!peer->status)
        peer->status = after->act(after, peer->t.trainer, rank);
    strcpy(peer->message, peer->status ? diffmm_error_message() : "");
    return 0;
}

static const struct shared_case divided_case = {
    .settings = {"epochs", "3", "diffusion.enabled", "false"}, .divided = true};

static inline void
divided_run(struct divided_after *after, const struct folder *folder, uint32_t size,
            diffmm_status (*act)(struct divided_after *after, diffmm_trainer *trainer, size_t rank))
{
    divided_begin(&after->writers, folder, size, 1, &divided_case);
    after->act = act;
    together(size, divided_train_and_act, after);
}

static inline void divided_expect_all(const struct divided_after *after, diffmm_status status,
                                      const char *part)
{
    const struct shared *shared = after->writers.shared;
    for (uint32_t rank = 0; rank < shared->network.size; rank++) {
        const struct shared_peer *peer = &shared->peers[rank];
        ck_assert_msg(peer->status == status, "peer %u: %s", rank, peer->message);
        ck_assert_msg(strstr(peer->message, part) != NULL, "peer %u: %s", rank, peer->message);
    }
}

static inline void divided_expect_gone(diffmm_trainer *trainer)
{
    expect_failure(diffmm_trainer_checkpoint_at(trainer, 0, "/dev/null"), DIFFMM_ERROR_STATE,
                   "the peers are gone");
    expect_failure(diffmm_trainer_save_at(trainer, 0, "/dev/null"), DIFFMM_ERROR_STATE,
                   "the peers are gone");
    expect_failure(diffmm_trainer_epoch(trainer, NULL), DIFFMM_ERROR_STATE, "the peers are gone");
}

#endif
