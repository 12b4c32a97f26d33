/* SPDX-License-Identifier: BSD-2-Clause */
/* A training that peers share ends early: whatever ended it, every peer comes back with an error, its
 * host is told once, its trainer can be used, and the last checkpoint leads to the same bits. */
#include <stdio.h>

#include "support/shared_training.h"

enum { size = 3 };

static const struct shared_case small = {.settings = {"epochs", "2", "denoiser.kind", "spectral",
                                                      "denoiser.rank", "5", "diffusion.blend",
                                                      "0.5", "generate.weights", "scores"},
                                         .users = 140};

/* The exchanges of each peer until the end of an epoch. */
static void count_exchanges(size_t counts[size])
{
    static const struct shared_case one = {.settings = {"epochs", "1", "denoiser.kind", "spectral",
                                                        "denoiser.rank", "5", "diffusion.blend",
                                                        "0.5", "generate.weights", "scores"},
                                           .users = 140};
    struct shared *shared = shared_begin(size, &one, NULL, 0);
    ck_assert_uint_eq(together(size, shared_train, shared), 0);
    for (size_t rank = 0; rank < size; rank++) {
        ck_assert_int_eq(shared->peers[rank].status, DIFFMM_OK);
        counts[rank] = shared->network.ends[rank].exchanges;
    }
    shared_end(shared);
}

/* The exchange to try after exchange k of `count`: at the beginning and at the end each one, in between,
 * where the batches are alike, some. */
static size_t next_exchange(size_t k, size_t count)
{
    enum { first = 60, last = 60, stride = 23 };
    return k > first && k + last < count ? k + stride : k + 1;
}

static void expect_lost(const struct shared *shared)
{
    for (size_t rank = 0; rank < size; rank++) {
        const struct network_end *end = &shared->network.ends[rank];
        const struct shared_peer *peer = &shared->peers[rank];
        ck_assert_int_eq(peer->status, DIFFMM_ERROR_PEER);
        ck_assert_ptr_nonnull(strstr(peer->message, "the exchange with peer"));
        ck_assert_uint_eq(end->abandoned, 1);
        ck_assert_int_eq(end->status, DIFFMM_ERROR_PEER);
        ck_assert_uint_eq(end->after_failure, 0);
        ck_assert_uint_eq(peer->t.trainer->peers.size, 1);
    }
}

/* Wherever it happens. A peer's trainer then trains on alone. */
START_TEST(every_exchange)
{
    size_t counts[size];
    count_exchanges(counts);
    for (size_t rank = 0; rank < size; rank++)
        for (size_t k = 1; k <= counts[rank]; k = next_exchange(k, counts[rank])) {
            struct shared *shared = shared_begin(size, &small, NULL, 0);
            shared->network.ends[rank].fails_at = k;
            ck_assert_uint_eq(together(size, shared_train, shared), 0);
            expect_lost(shared);
            ck_assert_ptr_nonnull(strstr(shared->peers[rank].message, "(7)"));
            diffmm_trainer *trainer = shared->peers[rank].t.trainer;
            size_t bytes;
            free(shared_checkpoint(trainer, &bytes));
            expect_success(diffmm_trainer_epoch(trainer, NULL));
            shared_end(shared);
        }
}
END_TEST

/* The message says in which phase it was. */
START_TEST(messages)
{
    static const char *const phases[] = {"joining: ",
                                         "epoch 1, denoise: ",
                                         "epoch 1, generate: ",
                                         "epoch 1, recommend, batch 1: ",
                                         "epoch 1, recommend, batch 2: ",
                                         "epoch 1, recommend: ",
                                         "epoch 1, evaluate: ",
                                         "epoch 1, comparison: "};
    enum { count = sizeof phases / sizeof *phases };
    size_t counts[size], found = 0;
    count_exchanges(counts);
    for (size_t k = 1; k <= counts[1]; k = next_exchange(k, counts[1])) {
        struct shared *shared = shared_begin(size, &small, NULL, 0);
        shared->network.ends[1].fails_at = k;
        ck_assert_uint_eq(together(size, shared_train, shared), 0);
        const char *message = shared->peers[1].message;
        if (found + 1 < count && strstr(message, phases[found + 1]) == message)
            found++;
        ck_assert_msg(strstr(message, phases[found]) == message, "%s", message);
        shared_end(shared);
    }
    ck_assert_uint_eq(found, count - 1);
}
END_TEST

static int cancel_in_recommend(const diffmm_progress *progress, void *data)
{
    (void)data;
    return progress->phase == DIFFMM_PHASE_RECOMMEND;
}

/* One peer's host ends the training: the others learn of it. */
START_TEST(cancelled)
{
    struct shared *shared = shared_begin(size, &small, NULL, 0);
    expect_success(
        diffmm_trainer_on_progress(shared->peers[1].t.trainer, cancel_in_recommend, NULL));
    ck_assert_uint_eq(together(size, shared_train, shared), 0);
    for (size_t rank = 0; rank < size; rank++) {
        const struct network_end *end = &shared->network.ends[rank];
        ck_assert_int_eq(shared->peers[rank].status,
                         rank == 1 ? DIFFMM_CANCELLED : DIFFMM_ERROR_PEER);
        ck_assert_int_eq(end->status, shared->peers[rank].status);
        ck_assert_uint_eq(end->abandoned, 1);
    }
    shared_end(shared);
}
END_TEST

/* One peer's steps of a phase, in which peer 1 stands still. */
struct still {
    struct network *network;
    size_t rank;
    diffmm_phase phase;
    size_t done, total;
};

enum { last_step = 2 }; /* of the one that stands still */

/* Peer 1 waits until the others wait, too, and then ends its training. */
static int stand_still(const diffmm_progress *progress, void *data)
{
    struct still *still = data;
    struct network *network = still->network;
    if (progress->phase != still->phase)
        return 0;
    still->done = progress->done;
    still->total = progress->total;
    if (still->rank != 1 || progress->done < last_step)
        return 0;
    pthread_mutex_lock(&network->lock);
    while (!network->ends[0].waiting || !network->ends[2].waiting)
        pthread_cond_wait(&network->changed, &network->lock);
    pthread_mutex_unlock(&network->lock);
    return 1;
}

/* While a peer stands still, the others come no further than some steps: they miss it long before the
 * phase is over. */
static void expect_still(const struct shared_case *c, diffmm_phase phase, const char *said)
{
    struct shared *shared = shared_begin(size, c, NULL, 0);
    struct still still[size];
    for (size_t rank = 0; rank < size; rank++) {
        still[rank] = (struct still){&shared->network, rank, phase, 0, 0};
        expect_success(
            diffmm_trainer_on_progress(shared->peers[rank].t.trainer, stand_still, &still[rank]));
    }
    ck_assert_uint_eq(together(size, shared_train, shared), 0);
    ck_assert_int_eq(shared->peers[1].status, DIFFMM_CANCELLED);
    for (size_t rank = 0; rank < size; rank += 2) {
        const struct shared_peer *peer = &shared->peers[rank];
        ck_assert_int_eq(peer->status, DIFFMM_ERROR_PEER);
        ck_assert_msg(strstr(peer->message, said) == peer->message, "%s", peer->message);
        ck_assert_uint_gt(still[rank].done, 0);
        ck_assert_uint_le(still[rank].done, last_step + size);
        ck_assert_uint_lt(last_step + size, still[rank].total);
    }
    shared_end(shared);
}

START_TEST(standing_still)
{
    static const struct shared_case cases[] = {
        {.settings = {"epochs", "1", "batch", "32"}, .whole_batches = true},
        {.settings = {"epochs", "1", "batch", "64", "denoiser.passes", "2", "denoiser.warmup",
                      "1"}},
        {.settings = {"epochs", "1", "batch", "32", "denoiser.kind", "spectral", "denoiser.rank",
                      "5", "denoiser_learning_rate", "0", "denoiser.linear", "true"}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_still(&cases[i], DIFFMM_PHASE_DENOISE, "epoch 1, denoise: the exchange with peer");
        expect_still(&cases[i], DIFFMM_PHASE_GENERATE, "epoch 1, generate: the exchange with peer");
        expect_still(&cases[i], DIFFMM_PHASE_RECOMMEND, "epoch 1, recommend, batch ");
    }
}
END_TEST

static int stop_fit(const diffmm_report *report, void *data)
{
    (void)report, (void)data;
    return 1;
}

static size_t fit(void *argument, size_t rank)
{
    struct shared *shared = argument;
    struct shared_peer *peer = &shared->peers[rank];
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    if (diffmm_trainer_join(peer->t.trainer, &peers))
        return 1;
    peer->status = diffmm_trainer_fit(peer->t.trainer, rank == 2 ? stop_fit : NULL, NULL);
    return 0;
}

/* The epoch function of one peer ends the training. */
START_TEST(stopped)
{
    struct shared *shared = shared_begin(size, &small, NULL, 0);
    ck_assert_uint_eq(together(size, fit, shared), 0);
    for (size_t rank = 0; rank < size; rank++) {
        ck_assert_int_eq(shared->peers[rank].status,
                         rank == 2 ? DIFFMM_CANCELLED : DIFFMM_ERROR_PEER);
        ck_assert_uint_eq(shared->network.ends[rank].abandoned, 1);
        ck_assert_uint_eq(shared->peers[rank].t.trainer->epoch, 1);
    }
    shared_end(shared);
}
END_TEST

static size_t misuse(void *argument, size_t rank)
{
    struct shared *shared = argument;
    diffmm_trainer *trainer = shared->peers[rank].t.trainer;
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    diffmm_report report = {.struct_size = 3};
    return diffmm_trainer_join(trainer, &peers) ||
           diffmm_trainer_epoch(trainer, &report) != DIFFMM_ERROR_INVALID_ARGUMENT ||
           diffmm_trainer_epoch(trainer, NULL) || diffmm_trainer_epoch(trainer, NULL) ||
           diffmm_trainer_epoch(trainer, NULL) != DIFFMM_ERROR_STATE;
}

/* What is refused before anything has begun ends nothing. */
START_TEST(refused)
{
    struct shared *shared = shared_begin(size, &small, NULL, 0);
    ck_assert_uint_eq(together(size, misuse, shared), 0);
    for (size_t rank = 0; rank < size; rank++) {
        ck_assert_uint_eq(shared->network.ends[rank].abandoned, 0);
        ck_assert_uint_eq(shared->peers[rank].t.trainer->peers.size, size);
    }
    shared_end(shared);
}
END_TEST

/* A peer computes something else, as if it ran on another processor. All find out alike. */
static int change(const diffmm_progress *progress, void *data)
{
    diffmm_trainer *trainer = data;
    if (progress->phase == DIFFMM_PHASE_RECOMMEND)
        trainer->model->parameters[1].values[3] += 1.0F; /* of an item, which every peer has */
    return 0;
}

START_TEST(other_bits)
{
    struct shared *shared = shared_begin(size, &small, NULL, 0);
    expect_success(
        diffmm_trainer_on_progress(shared->peers[2].t.trainer, change, shared->peers[2].t.trainer));
    ck_assert_uint_eq(together(size, shared_train, shared), 0);
    for (size_t rank = 0; rank < size; rank++) {
        ck_assert_int_eq(shared->peers[rank].status, DIFFMM_ERROR_PEER);
        ck_assert_str_eq(shared->peers[rank].message,
                         "epoch 1: peer 2 has other parameters than peer 0; do they run on "
                         "different kinds of processors?");
        ck_assert_uint_eq(shared->network.ends[rank].abandoned, 0);
        ck_assert_uint_eq(shared->peers[rank].t.trainer->peers.size, 1);
    }
    shared_end(shared);
}
END_TEST

/* As shared_train(), but for a host that tells nobody when it leaves. */
static size_t train_silently(void *argument, size_t rank)
{
    struct shared *shared = argument;
    struct shared_peer *peer = &shared->peers[rank];
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    peers.abandon = NULL;
    peer->status = diffmm_trainer_join(peer->t.trainer, &peers);
    while (!peer->status && peer->t.trainer->epoch < 2)
        peer->status = diffmm_trainer_epoch(peer->t.trainer, NULL);
    return 0;
}

/* Without being told, the others find out by their deadlines. */
START_TEST(killed)
{
    struct shared *shared = shared_begin(size, &small, NULL, 0);
    shared->network.milliseconds = 200;
    shared->network.ends[1].fails_at = 12;
    ck_assert_uint_eq(together(size, train_silently, shared), 0);
    for (size_t rank = 0; rank < size; rank++) {
        ck_assert_int_eq(shared->peers[rank].status, DIFFMM_ERROR_PEER);
        ck_assert_uint_eq(shared->network.ends[rank].after_failure, 0);
    }
    shared_end(shared);
}
END_TEST

/* Three peers write a checkpoint, one of them is lost, and the two others end with the bits of one. */
START_TEST(goes_on)
{
    struct training t;
    size_t sizes[2], counts[size];
    count_exchanges(counts);
    shared_training_begin(&t, &small, NULL, 0);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    void *half = shared_checkpoint(t.trainer, &sizes[0]);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    void *wanted = shared_checkpoint(t.trainer, &sizes[1]);
    struct shared *shared = shared_begin(size, &small, half, sizes[0]);
    shared->network.ends[1].fails_at = counts[1] - 5;
    ck_assert_uint_eq(together(size, shared_train, shared), 0);
    expect_lost(shared);
    shared_end(shared);
    shared = shared_begin(2, &small, half, sizes[0]);
    ck_assert_uint_eq(together(2, shared_train, shared), 0);
    shared_expect(shared, wanted, sizes[1]);
    shared_end(shared);
    training_end(&t);
    free(half);
    free(wanted);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_exchange, messages,   cancelled, standing_still, stopped,
                                  refused,        other_bits, killed,    goes_on};
    return run_tests("train/peer_lost", tests, sizeof tests / sizeof *tests) != 0;
}
