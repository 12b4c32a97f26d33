/* SPDX-License-Identifier: BSD-2-Clause */
/* Joining peers: what is refused, and that peers who differ are told so, all of them alike. */
#include <stdio.h>

#include "support/shared_training.h"

static const struct shared_case small = {.settings = {"epochs", "2"}, .users = 60};

static int never(int32_t to, const void *send, size_t send_bytes, int32_t from, void *receive,
                 size_t receive_bytes, void *user_data)
{
    (void)to, (void)send, (void)send_bytes, (void)from, (void)receive, (void)receive_bytes;
    ++*(int *)user_data;
    return 1;
}

START_TEST(bad_input)
{
    int calls = 0;
    struct training t;
    shared_training_begin(&t, &small, NULL, 0);
    diffmm_peers peers = {
        .struct_size = sizeof peers, .size = 2, .exchange = never, .user_data = &calls};
    expect_invalid(diffmm_trainer_join(NULL, &peers), "trainer is NULL");
    peers.size = 0;
    expect_invalid(diffmm_trainer_join(t.trainer, &peers), "peers: size is 0");
    peers.size = 0x80000000U;
    expect_invalid(diffmm_trainer_join(t.trainer, &peers), "peers: size is 2147483648");
    peers.size = peers.rank = 2;
    expect_invalid(diffmm_trainer_join(t.trainer, &peers), "peers: rank is 2");
    peers.rank = 1;
    peers.exchange = NULL;
    expect_invalid(diffmm_trainer_join(t.trainer, &peers), "exchange is NULL");
    peers.struct_size = sizeof peers - 1;
    expect_invalid(diffmm_trainer_join(t.trainer, &peers), "peers");
    ck_assert_int_eq(calls, 0);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    training_end(&t);
}
END_TEST

/* One who is alone calls nobody, nor does one who has left. */
START_TEST(alone)
{
    int calls = 0;
    struct training t;
    shared_training_begin(&t, &small, NULL, 0);
    diffmm_peers peers = {
        .struct_size = sizeof peers, .size = 1, .exchange = never, .user_data = &calls};
    expect_success(diffmm_trainer_join(t.trainer, &peers));
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_trainer_join(t.trainer, NULL));
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    ck_assert_int_eq(calls, 0);
    training_end(&t);
}
END_TEST

static int join_within(const diffmm_progress *progress, void *data)
{
    (void)progress;
    diffmm_peers peers = {.struct_size = sizeof peers, .size = 1, .exchange = never};
    return diffmm_trainer_join(data, &peers) != DIFFMM_ERROR_STATE;
}

START_TEST(from_a_callback)
{
    struct training t;
    shared_training_begin(&t, &small, NULL, 0);
    expect_success(diffmm_trainer_on_progress(t.trainer, join_within, t.trainer));
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    training_end(&t);
}
END_TEST

static size_t join(void *argument, size_t rank)
{
    struct shared *shared = argument;
    struct shared_peer *peer = &shared->peers[rank];
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    peer->status = diffmm_trainer_join(peer->t.trainer, &peers);
    strcpy(peer->message, peer->status ? diffmm_error_message() : "");
    return 0;
}

/* Two peers are alike, the third is not: every one of them says how, and trains on alone. */
static void expect_difference(const struct shared_case *other, bool trained, const char *part)
{
    struct shared *shared = shared_begin(3, &small, NULL, 0);
    training_end(&shared->peers[2].t);
    shared_training_begin(&shared->peers[2].t, other, NULL, 0);
    if (trained)
        expect_success(diffmm_trainer_epoch(shared->peers[2].t.trainer, NULL));
    ck_assert_uint_eq(together(3, join, shared), 0);
    for (size_t rank = 0; rank < 3; rank++) {
        const struct shared_peer *peer = &shared->peers[rank];
        ck_assert_int_eq(peer->status, DIFFMM_ERROR_PEER);
        ck_assert_msg(strstr(peer->message, part) != NULL, "no '%s' in '%s'", part, peer->message);
        ck_assert_str_eq(peer->message, shared->peers[0].message);
        ck_assert_uint_eq(shared->network.ends[rank].abandoned, 0);
        expect_success(diffmm_trainer_epoch(peer->t.trainer, NULL));
    }
    shared_end(shared);
}

START_TEST(differences)
{
    static const struct shared_case epochs = {.settings = {"epochs", "3"}, .users = 60},
                                    seed = {.settings = {"epochs", "2", "seed", "6"}, .users = 60},
                                    own = {.settings = {"epochs", "2", "modality.text.projection",
                                                        "linear"},
                                           .users = 60},
                                    fewer = {.settings = {"epochs", "2"}, .users = 61},
                                    none = {.settings = {"epochs", "2"},
                                            .users = 60,
                                            .without_modalities = true};
    expect_difference(&epochs, false, "peer 2 has option epochs = 3, peer 0 has 2");
    expect_difference(&seed, false, "peer 2 has option seed = 6, peer 0 has 5");
    expect_difference(&own, false,
                      "peer 2 has option modality.text.projection = linear, peer 0 has none");
    expect_difference(&fewer, false, "peer 2 has users = 61, peer 0 has 60");
    expect_difference(&none, false, "peer 2 has modality 0 = none, peer 0 has 'image'");
    expect_difference(&small, true, "peer 2 has epochs done = 1, peer 0 has 0");
}
END_TEST

/* Other interactions, as many though they are; and parameters that were set by hand. */
START_TEST(hidden_differences)
{
    struct shared *shared = shared_begin(2, &small, NULL, 0);
    diffmm_model *model = diffmm_trainer_model(shared->peers[1].t.trainer);
    size_t modalities = diffmm_model_modalities(model);
    static const float values[8] = {0.5F};
    expect_success(diffmm_model_set_parameter(model, "modality_logits", modalities, 1, values));
    ck_assert_uint_eq(together(2, join, shared), 0);
    for (size_t rank = 0; rank < 2; rank++) {
        ck_assert_int_eq(shared->peers[rank].status, DIFFMM_ERROR_PEER);
        ck_assert_ptr_nonnull(
            strstr(shared->peers[rank].message, "peer 1 has parameters of the hash = "));
    }
    shared_end(shared);
}
END_TEST

/* What changes nothing that is computed may differ. */
START_TEST(free_options)
{
    static const struct shared_case other = {
        .settings = {"epochs", "2", "memory_limit", "4000000000", "measure", "off"}, .users = 60};
    struct shared *shared = shared_begin(2, &small, NULL, 0);
    training_end(&shared->peers[1].t);
    shared_training_begin(&shared->peers[1].t, &other, NULL, 0);
    ck_assert_uint_eq(together(2, shared_train, shared), 0);
    for (size_t rank = 0; rank < 2; rank++)
        ck_assert_msg(shared->peers[rank].status == DIFFMM_OK, "%s", shared->peers[rank].message);
    expect_same_bits(shared->peers[0].t.model, shared->peers[1].t.model);
    shared_end(shared);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {bad_input,          alone,       from_a_callback, differences,
                                  hidden_differences, free_options};
    return run_tests("train/join", tests, sizeof tests / sizeof *tests) != 0;
}
