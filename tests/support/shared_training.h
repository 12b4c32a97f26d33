/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers that train together, each with a context, a data set and a trainer of its own, on threads of one
 * process; and the bits that they end with. */
#ifndef DIFFMM_TESTS_SHARED_TRAINING_H
#define DIFFMM_TESTS_SHARED_TRAINING_H

#include "failing.h"
#include "network.h"
#include "together.h"
#include "train/trainer.h"
#include "training.h"

enum { shared_settings = 40 };

/* What a training is made of. */
struct shared_case {
    const char *preset; /* or NULL */
    const char *settings[shared_settings];
    size_t users; /* 0: as many as take several blocks of every kind */
    size_t items; /* 0: few */
    bool without_modalities;
    bool whole_batches;      /* each peer computes the recommender's batches */
    bool divided;            /* each peer keeps its own users' rows alone */
    struct failing *failing; /* the allocator of the last peer; NULL: none of its own */
};

struct shared_peer {
    struct training t;
    diffmm_status status;
    char message[512];
};

struct shared {
    struct network network;
    struct shared_peer peers[network_most];
};

/* The interactions alone. Ends the data set. */
static inline diffmm_dataset *shared_interactions(diffmm_context *context, diffmm_dataset *made)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(
        diffmm_dataset_reserve(dataset, diffmm_dataset_users(made), diffmm_dataset_items(made)));
    for (int32_t u = 0; u < (int32_t)diffmm_dataset_users(made); u++)
        for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++) {
            const int32_t *items;
            size_t count;
            expect_success(diffmm_dataset_row(made, (diffmm_split)split, u, &items, &count));
            for (size_t i = 0; i < count; i++)
                expect_success(diffmm_dataset_add_interactions(dataset, (diffmm_split)split, 1, &u,
                                                               &items[i]));
        }
    diffmm_dataset_destroy(made);
    return dataset;
}

static inline diffmm_dataset *shared_data(diffmm_context *context, const struct shared_case *c)
{
    static const size_t dimensions[] = {12, 7, 9};
    const diffmm_synthetic spec = {.struct_size = sizeof spec,
                                   .users = c->users ? c->users : 300,
                                   .items = c->items ? c->items : 50,
                                   .interactions = 8 * (c->users ? c->users : 300),
                                   .modality_count = 3,
                                   .dimensions = dimensions,
                                   .seed = 3};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_synthesize(context, &spec, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    return c->without_modalities ? shared_interactions(context, dataset) : dataset;
}

/* Few users make a block of generated neighbours, so that there are many blocks. */
static inline void shared_cut(diffmm_trainer *trainer)
{
    if (trainer->graphs.block > 32)
        trainer->graphs.block = 32;
}

/* A training as any; from a checkpoint, where there is one. */
static inline void shared_training_begin(struct training *t, const struct shared_case *c,
                                         const void *checkpoint, size_t size)
{
    *t = (struct training){0};
    if (c->failing)
        t->context = failing_context(c->failing, 1);
    else
        expect_success(
            diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &t->context));
    t->dataset = shared_data(t->context, c);
    expect_success(diffmm_options_create(t->context, &t->options));
    if (c->preset)
        expect_success(diffmm_options_preset(t->options, c->preset));
    set_all(t->options, training_settings);
    expect_success(diffmm_options_set(t->options, "batch", "512"));
    set_all(t->options, c->settings);
    expect_success(
        diffmm_options_set(t->options, "peers.batches", c->whole_batches ? "false" : "true"));
    expect_success(diffmm_options_set(t->options, "peers.divide", c->divided ? "true" : "false"));
    expect_success(checkpoint ? diffmm_trainer_resume_memory(t->dataset, checkpoint, size,
                                                             t->options, &t->trainer)
                              : diffmm_trainer_create(t->dataset, t->options, &t->trainer));
    t->model = diffmm_trainer_model(t->trainer);
    shared_cut(t->trainer);
}

static inline struct shared *shared_begin(uint32_t size, const struct shared_case *c,
                                          const void *checkpoint, size_t bytes)
{
    struct shared *shared = calloc(1, sizeof *shared);
    network_begin(&shared->network, size);
    for (uint32_t rank = 0; rank < size; rank++) {
        struct shared_case own = *c;
        if (rank + 1 < size)
            own.failing = NULL;
        shared_training_begin(&shared->peers[rank].t, &own, checkpoint, bytes);
    }
    return shared;
}

static inline void shared_end(struct shared *shared)
{
    for (uint32_t rank = 0; rank < shared->network.size; rank++)
        training_end(&shared->peers[rank].t);
    network_end(&shared->network);
    free(shared);
}

/* One peer's part: joins and trains to the end, epoch by epoch. */
static inline diffmm_status shared_epochs(struct shared *shared, size_t rank)
{
    diffmm_trainer *trainer = shared->peers[rank].t.trainer;
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    diffmm_status status = diffmm_trainer_join(trainer, &peers);
    while (!status && !diffmm__trainer_finished(trainer))
        status = diffmm_trainer_epoch(trainer, NULL);
    return status;
}

static inline size_t shared_train(void *argument, size_t rank)
{
    struct shared *shared = argument;
    struct shared_peer *peer = &shared->peers[rank];
    peer->status = shared_epochs(shared, rank);
    strcpy(peer->message, peer->status ? diffmm_error_message() : "");
    return 0;
}

/* The checkpoint of a trainer, but for the time that its last epoch took; to be freed. */
static inline void *shared_checkpoint(diffmm_trainer *trainer, size_t *size)
{
    trainer->last.figures.seconds = (diffmm_seconds){0};
    expect_success(diffmm_trainer_checkpoint_memory(trainer, NULL, 0, size));
    void *data = malloc(*size);
    expect_success(diffmm_trainer_checkpoint_memory(trainer, data, *size, size));
    return data;
}

static inline void shared_expect_checkpoint(diffmm_trainer *trainer, const void *wanted,
                                            size_t wanted_size)
{
    size_t size;
    void *data = shared_checkpoint(trainer, &size);
    ck_assert_uint_eq(size, wanted_size);
    ck_assert(memcmp(data, wanted, size) == 0);
    free(data);
}

/* Every peer has come to its end, with these bits. */
static inline void shared_expect(struct shared *shared, const void *wanted, size_t size)
{
    for (uint32_t rank = 0; rank < shared->network.size; rank++) {
        const struct shared_peer *peer = &shared->peers[rank];
        ck_assert_msg(peer->status == DIFFMM_OK, "peer %u of %u: %s", rank, shared->network.size,
                      peer->message);
        ck_assert_uint_eq(shared->network.ends[rank].abandoned, 0);
        shared_expect_checkpoint(peer->t.trainer, wanted, size);
    }
}

#endif
