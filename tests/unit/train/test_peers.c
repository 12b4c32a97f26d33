/* SPDX-License-Identifier: BSD-2-Clause */
/* A training that peers share has the bits of one process, whatever the number of peers. */
#include "support/shared_training.h"

/* The last checkpoint of a training by one process, to be freed. */
static void *alone(const struct shared_case *c, size_t *size)
{
    struct training t;
    shared_training_begin(&t, c, NULL, 0);
    while (!diffmm__trainer_finished(t.trainer))
        expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    void *data = shared_checkpoint(t.trainer, size);
    training_end(&t);
    return data;
}

static void expect_same(const struct shared_case *c, size_t count, const uint32_t *sizes)
{
    size_t size;
    void *wanted = alone(c, &size);
    for (size_t i = 0; i < count; i++) {
        struct shared *shared = shared_begin(sizes[i], c, NULL, 0);
        ck_assert_uint_eq(together(sizes[i], shared_train, shared), 0);
        shared_expect(shared, wanted, size);
        ck_assert(sizes[i] == 1 || shared->network.ends[0].exchanges > 0);
        ck_assert(sizes[i] > 1 || shared->network.ends[0].exchanges == 0);
        shared_end(shared);
    }
    free(wanted);
}

static const uint32_t all_sizes[] = {1, 2, 3, 4, 8}, three = 3;

START_TEST(defaults)
{
    const struct shared_case c = {.settings = {"epochs", "2"}},
                             whole = {.settings = {"epochs", "2"}, .whole_batches = true};
    expect_same(&c, 5, all_sizes);
    expect_same(&whole, 5, all_sizes);
}
END_TEST

START_TEST(spectral)
{
    const struct shared_case c = {.preset = "tiktok-spectral",
                                  .settings = {"epochs", "2", "denoiser.rank", "7"}};
    expect_same(&c, 5, all_sizes);
}
END_TEST

START_TEST(presets)
{
    static const struct shared_case cases[] = {
        {.preset = "tiktok", .settings = {"epochs", "2"}},
        {.preset = "baby", .settings = {"epochs", "2"}},
        {.preset = "sports", .settings = {"epochs", "2"}},
        {.preset = "debian-spectral", .settings = {"epochs", "2", "denoiser.rank", "9"}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_same(&cases[i], 1, &three);
}
END_TEST

START_TEST(variants)
{
    static const struct shared_case cases[] = {
        {.settings = {"generate.weights", "scores", "generate.every", "2", "measure", "full"}},
        {.settings = {"denoiser.warmup", "1", "denoiser.passes", "2", "average", "0.5",
                      "fusion_ratio", "0.3", "epochs", "2"}},
        {.settings = {"denoiser.kind", "spectral", "denoiser.rank", "6", "sampling_noise", "true",
                      "diffusion.blend", "0.5", "epochs", "2"}},
        {.settings = {"denoiser.kind", "spectral", "denoiser.rank", "6", "denoiser_learning_rate",
                      "0", "denoiser.linear", "true", "epochs", "2"}},
        {.settings = {"patience", "1", "epochs", "12", "learning_rate", "0.2"}},
        {.settings = {"diffusion.enabled", "false", "epochs", "2"}},
        {.settings = {"epochs", "2"}, .without_modalities = true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_same(&cases[i], 1, &three);
}
END_TEST

/* So many nodes that the work of a batch falls into several tiles and stretches, whose ends are not those
 * of the peers' rows. */
START_TEST(batches)
{
    static const char *const many[] = {
        "batch", "4096", "epochs", "1", "embedding_size", "44", "diffusion.enabled", "false"};
    static const char *const others[][10] = {
        {"layers", "1"},
        {"layers", "3", "contrastive.anchor", "main", "fusion_ratio", "0.4"},
        {"layers", "0", "projection", "linear", "tau", "0.01"},
        {"contrastive.negatives", "900", "alignment", "0.2"},
        {"alignment", "0.2", "layers", "2"},
        {"contrastive.negatives", "300", "contrastive.anchor", "main", "weight_decay", "0.1"},
        {"contrastive.enabled", "false", "embedding_size", "7"}};
    static const uint32_t sizes[] = {3, 8};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct shared_case c = {.users = 1100, .items = 1060};
        size_t count = 0;
        for (size_t k = 0; k < sizeof many / sizeof *many; k++)
            c.settings[count++] = many[k];
        for (size_t k = 0; others[i][k]; k++)
            c.settings[count++] = others[i][k];
        expect_same(&c, i == 0 ? 2 : 1, sizes);
    }
}
END_TEST

/* More peers than tiles, rows and even nodes for some. */
START_TEST(few_nodes)
{
    static const uint32_t sizes[] = {5, 9};
    const struct shared_case c = {.settings = {"epochs", "1"}, .users = 6, .items = 17};
    expect_same(&c, 2, sizes);
}
END_TEST

/* An early stop is one. */
START_TEST(stopped_early)
{
    const struct shared_case c = {
        .settings = {"patience", "1", "epochs", "12", "learning_rate", "0.2"}};
    struct shared *shared = shared_begin(2, &c, NULL, 0);
    ck_assert_uint_eq(together(2, shared_train, shared), 0);
    for (size_t rank = 0; rank < 2; rank++) {
        ck_assert_int_eq(shared->peers[rank].status, DIFFMM_OK);
        ck_assert(shared->peers[rank].t.trainer->stopped);
        ck_assert_uint_lt(shared->peers[rank].t.trainer->epoch, 12);
    }
    shared_end(shared);
}
END_TEST

static size_t fit(void *argument, size_t rank)
{
    struct shared *shared = argument;
    struct shared_peer *peer = &shared->peers[rank];
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    peer->status = diffmm_trainer_join(peer->t.trainer, &peers);
    if (!peer->status)
        peer->status = diffmm_trainer_fit(peer->t.trainer, NULL, NULL);
    return peer->status != DIFFMM_OK;
}

/* The best epoch, too, is the same. */
START_TEST(fitted)
{
    const struct shared_case c = {.settings = {"epochs", "3"}};
    struct training t;
    shared_training_begin(&t, &c, NULL, 0);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    struct shared *shared = shared_begin(3, &c, NULL, 0);
    ck_assert_uint_eq(together(3, fit, shared), 0);
    for (size_t rank = 0; rank < 3; rank++)
        expect_same_bits(t.model, shared->peers[rank].t.model);
    training_end(&t);
    shared_end(shared);
}
END_TEST

struct finals {
    struct shared *shared;
    diffmm_trainer *trainers[3];
};

static size_t fit_final(void *argument, size_t rank)
{
    struct finals *finals = argument;
    struct shared_peer *peer = &finals->shared->peers[rank];
    if (fit(finals->shared, rank))
        return 1;
    peer->status = diffmm_trainer_fit_final(peer->t.trainer, NULL, NULL, &finals->trainers[rank]);
    return 0;
}

/* The final fit is shared, too. */
START_TEST(fitted_finally)
{
    const struct shared_case c = {.settings = {"epochs", "2"}};
    struct training t;
    diffmm_trainer *final;
    shared_training_begin(&t, &c, NULL, 0);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_fit_final(t.trainer, NULL, NULL, &final));
    struct finals finals = {.shared = shared_begin(3, &c, NULL, 0)};
    ck_assert_uint_eq(together(3, fit_final, &finals), 0);
    for (size_t rank = 0; rank < 3; rank++) {
        ck_assert_int_eq(finals.shared->peers[rank].status, DIFFMM_OK);
        ck_assert_uint_eq(finals.trainers[rank]->peers.size, 1);
        ck_assert_uint_eq(finals.shared->peers[rank].t.trainer->peers.size, 3);
        expect_same_bits(diffmm_trainer_model(final), diffmm_trainer_model(finals.trainers[rank]));
        diffmm_trainer_destroy(finals.trainers[rank]);
    }
    diffmm_trainer_destroy(final);
    training_end(&t);
    shared_end(finals.shared);
}
END_TEST

/* A peer that is lost in the final fit: no final trainer, and the first one is alone. */
START_TEST(lost_finally)
{
    const struct shared_case c = {.settings = {"epochs", "1"}};
    struct finals finals = {.shared = shared_begin(3, &c, NULL, 0)};
    ck_assert_uint_eq(together(3, fit_final, &finals), 0);
    size_t exchanges = finals.shared->network.ends[1].exchanges;
    for (size_t rank = 0; rank < 3; rank++)
        diffmm_trainer_destroy(finals.trainers[rank]);
    shared_end(finals.shared);
    /* With its agreement, the final fit makes a little more than half of the exchanges. */
    for (size_t before = 1; before < exchanges / 2; before += exchanges / 8) {
        finals = (struct finals){.shared = shared_begin(3, &c, NULL, 0)};
        finals.shared->network.ends[1].fails_at = exchanges - before;
        ck_assert_uint_eq(together(3, fit_final, &finals), 0);
        for (size_t rank = 0; rank < 3; rank++) {
            const struct shared_peer *peer = &finals.shared->peers[rank];
            ck_assert_int_eq(peer->status, DIFFMM_ERROR_PEER);
            ck_assert_ptr_null(finals.trainers[rank]);
            ck_assert_uint_eq(finals.shared->network.ends[rank].abandoned, 1);
            ck_assert_uint_eq(peer->t.trainer->peers.size, 1);
        }
        shared_end(finals.shared);
    }
}
END_TEST

static size_t train_two_epochs(void *argument, size_t rank)
{
    struct shared *shared = argument;
    struct shared_peer *peer = &shared->peers[rank];
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    return diffmm_trainer_join(peer->t.trainer, &peers) ||
           diffmm_trainer_epoch(peer->t.trainer, NULL) ||
           diffmm_trainer_epoch(peer->t.trainer, NULL);
}

/* A checkpoint of three peers, written by the last of them, goes on with two, and with one. */
START_TEST(resumed)
{
    static const struct shared_case cases[] = {
        {.settings = {"epochs", "4", "generate.every", "3"}},
        {.preset = "tiktok-spectral", .settings = {"epochs", "4", "denoiser.rank", "7"}}};
    for (size_t i = 0; i < 2; i++) {
        size_t sizes[2];
        void *wanted = alone(&cases[i], &sizes[0]);
        struct shared *shared = shared_begin(3, &cases[i], NULL, 0);
        ck_assert_uint_eq(together(3, train_two_epochs, shared), 0);
        void *half = shared_checkpoint(shared->peers[2].t.trainer, &sizes[1]);
        shared_end(shared);
        for (uint32_t size = 2; size >= 1; size--) {
            shared = shared_begin(size, &cases[i], half, sizes[1]);
            ck_assert_uint_eq(together(size, shared_train, shared), 0);
            shared_expect(shared, wanted, sizes[0]);
            shared_end(shared);
        }
        free(wanted);
        free(half);
    }
}
END_TEST

/* What a peer's progress function was told. */
struct told {
    size_t steps[4], total[4];
};

static int on_progress(const diffmm_progress *progress, void *data)
{
    struct told *told = data;
    bool next = progress->done == ++told->steps[progress->phase];
    told->total[progress->phase] = progress->total;
    return !next; /* which would end the training */
}

/* Each peer is told of its own steps. */
START_TEST(progress)
{
    const struct shared_case c = {.settings = {"epochs", "1"}};
    struct told told[3] = {0};
    struct shared *shared = shared_begin(2, &c, NULL, 0);
    for (size_t rank = 0; rank < 2; rank++)
        expect_success(
            diffmm_trainer_on_progress(shared->peers[rank].t.trainer, on_progress, &told[rank]));
    ck_assert_uint_eq(together(2, shared_train, shared), 0);
    struct training t;
    shared_training_begin(&t, &c, NULL, 0);
    expect_success(diffmm_trainer_on_progress(t.trainer, on_progress, &told[2]));
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    for (size_t rank = 0; rank < 3; rank++)
        ck_assert_mem_eq(told[rank].steps, told[rank].total, sizeof told[rank].steps);
    /* Of three modalities peer 0 trains two. */
    ck_assert_uint_eq(told[0].total[DIFFMM_PHASE_DENOISE], 2 * told[1].total[DIFFMM_PHASE_DENOISE]);
    ck_assert_uint_eq(told[0].total[DIFFMM_PHASE_DENOISE] + told[1].total[DIFFMM_PHASE_DENOISE],
                      told[2].total[DIFFMM_PHASE_DENOISE]);
    /* Three times 300 users, or 150, in blocks of 32. */
    const size_t blocks[] = {3 * 5, 3 * 5, 3 * 10};
    for (size_t rank = 0; rank < 3; rank++)
        ck_assert_uint_eq(told[rank].total[DIFFMM_PHASE_GENERATE], blocks[rank]);
    ck_assert_uint_eq(told[1].total[DIFFMM_PHASE_RECOMMEND], told[2].total[DIFFMM_PHASE_RECOMMEND]);
    training_end(&t);
    shared_end(shared);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {defaults,       spectral,     presets,       variants,
                                  batches,        few_nodes,    stopped_early, fitted,
                                  fitted_finally, lost_finally, resumed,       progress};
    return run_tests("train/peers", tests, sizeof tests / sizeof *tests) != 0;
}
