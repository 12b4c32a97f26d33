/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers write files together: what one of them lacks, or loses, all find out. */
#include "train/together.h"

#include <sys/stat.h>

#include "support/divided_training.h"

static diffmm_status write_nowhere(struct divided_after *after, diffmm_trainer *trainer,
                                   size_t rank)
{
    struct divided_writers nowhere = after->writers;
    diffmm_status status;
    snprintf(nowhere.checkpoint.text, sizeof nowhere.checkpoint.text, "%s", "/missing/folder/file");
    nowhere.model = nowhere.checkpoint;
    status = divided_write(&nowhere, trainer, rank);
    if (status != DIFFMM_ERROR_IO || !strstr(diffmm_error_message(), "peer 1: ") ||
        !strstr(diffmm_error_message(), "/missing/folder"))
        return status ? status : DIFFMM_ERROR_STATE;
    status = diffmm_trainer_save_at(trainer, 1, rank == 1 ? nowhere.model.text : NULL);
    if (status != DIFFMM_ERROR_IO)
        return status ? status : DIFFMM_ERROR_STATE;
    status = diffmm_trainer_epoch(trainer, NULL);
    return status ? status : divided_write(&after->writers, trainer, rank);
}

/* A file that cannot be written is everybody's error, and nobody's end. */
START_TEST(a_full_disk_ends_nothing)
{
    struct folder folder = folder_begin();
    struct divided_after after;
    divided_run(&after, &folder, 3, write_nowhere);
    divided_expect_all(&after, DIFFMM_OK, "");
    shared_end(after.writers.shared);
    folder_end(&folder);
}
END_TEST

static diffmm_status write_at_different(struct divided_after *after, diffmm_trainer *trainer,
                                        size_t rank)
{
    return diffmm_trainer_checkpoint_at(trainer, rank == 2 ? 2 : 1, after->writers.checkpoint.text);
}

static diffmm_status write_different(struct divided_after *after, diffmm_trainer *trainer,
                                     size_t rank)
{
    return rank == 0 ? diffmm_trainer_save_at(trainer, 1, after->writers.model.text)
                     : diffmm_trainer_checkpoint_at(trainer, 1, after->writers.checkpoint.text);
}

static diffmm_status write_without_path(struct divided_after *after, diffmm_trainer *trainer,
                                        size_t rank)
{
    (void)after;
    (void)rank;
    return diffmm_trainer_checkpoint_at(trainer, 1, NULL);
}

static diffmm_status save_without_path(struct divided_after *after, diffmm_trainer *trainer,
                                       size_t rank)
{
    (void)after;
    (void)rank;
    return diffmm_trainer_save_at(trainer, 1, NULL);
}

static diffmm_status write_at_nobody(struct divided_after *after, diffmm_trainer *trainer,
                                     size_t rank)
{
    (void)rank;
    return diffmm_trainer_checkpoint_at(trainer, 3, after->writers.checkpoint.text);
}

static diffmm_status write_infinite(struct divided_after *after, diffmm_trainer *trainer,
                                    size_t rank)
{
    const diffmm_model *model = trainer->model;
    if (rank == 2)
        diffmm__user_embedding(model)->values[(model->users - 1) * model->d] = INFINITY;
    diffmm_status status =
        diffmm_trainer_save_at(trainer, 1, rank == 1 ? after->writers.model.text : NULL);
    return status != DIFFMM_ERROR_NUMERIC
               ? DIFFMM_ERROR_STATE
               : diffmm_trainer_checkpoint_at(trainer, 1, after->writers.checkpoint.text);
}

START_TEST(all_are_refused_alike)
{
    static const struct {
        diffmm_status (*act)(struct divided_after *after, diffmm_trainer *trainer, size_t rank);
        diffmm_status status;
        const char *part;
    } cases[] = {
        {write_at_different, DIFFMM_ERROR_INVALID_ARGUMENT,
         "peer 2 wants another file than peer 0"},
        {write_different, DIFFMM_ERROR_INVALID_ARGUMENT, "peer 1 wants another file than peer 0"},
        {write_without_path, DIFFMM_ERROR_INVALID_ARGUMENT, "peer 1: path is NULL"},
        {save_without_path, DIFFMM_ERROR_INVALID_ARGUMENT, "peer 1: path is NULL"},
        {write_at_nobody, DIFFMM_ERROR_INVALID_ARGUMENT, "rank is 3, but there are 3 peers"},
        {write_infinite, DIFFMM_ERROR_NUMERIC, "peer 2: "}};
    struct folder folder = folder_begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct divided_after after;
        divided_run(&after, &folder, 3, cases[i].act);
        divided_expect_all(&after, cases[i].status, cases[i].part);
        for (uint32_t rank = 0; rank < 3; rank++) {
            ck_assert_uint_eq(after.writers.shared->network.ends[rank].abandoned, 0);
            ck_assert_uint_eq(after.writers.shared->peers[rank].t.trainer->peers.size, 3);
        }
        ck_assert_uint_eq(folder_count(&folder), 0);
        shared_end(after.writers.shared);
    }
    folder_end(&folder);
}
END_TEST

static diffmm_status write_them(struct divided_after *after, diffmm_trainer *trainer, size_t rank)
{
    return divided_write(&after->writers, trainer, rank);
}

/* A peer that is lost while they write: everybody's end, and no file. */
START_TEST(lost)
{
    struct folder folder = folder_begin();
    struct divided_after after;
    divided_run(&after, &folder, 3, write_them);
    divided_expect_all(&after, DIFFMM_OK, "");
    size_t last = after.writers.shared->network.ends[2].exchanges;
    shared_end(after.writers.shared);
    divided_run(&after, &folder, 3, write_at_nobody);
    size_t first = after.writers.shared->network.ends[2].exchanges + 1;
    shared_end(after.writers.shared);
    folder_walk(&folder, 1);
    for (size_t fails_at = first; fails_at <= last; fails_at += 1 + (last - first) / 12) {
        divided_begin(&after.writers, &folder, 3, 1, &divided_case);
        after.act = write_them;
        after.writers.shared->network.ends[2].fails_at = fails_at;
        together(3, divided_train_and_act, &after);
        divided_expect_all(&after, DIFFMM_ERROR_PEER, "writing a ");
        for (uint32_t rank = 0; rank < 3; rank++) {
            const struct network_end *end = &after.writers.shared->network.ends[rank];
            ck_assert_uint_eq(end->abandoned, 1);
            ck_assert_uint_eq(end->after_failure, 0);
            divided_expect_gone(after.writers.shared->peers[rank].t.trainer);
        }
        shared_end(after.writers.shared);
        /* A checkpoint that was written before; and the model, where nothing but its writer's last word
         * was lost, which takes two exchanges of three peers. */
        ck_assert_uint_le(folder_walk(&folder, 1), fails_at + 2 > last ? 2 : 1);
    }
    folder_end(&folder);
}
END_TEST

static struct failing failing; /* of the last peer */
static size_t failing_number;  /* which of its allocations fails, from 1 on when they write */

static diffmm_status write_without_memory(struct divided_after *after, diffmm_trainer *trainer,
                                          size_t rank)
{
    if (rank == 2) {
        atomic_store(&failing.count, 0);
        atomic_store(&failing.fail, failing_number);
    }
    diffmm_status status = divided_write(&after->writers, trainer, rank);
    if (rank == 2)
        atomic_store(&failing.fail, 0);
    return status;
}

/* A peer that lacks memory while they write: all fail, and nobody waits. */
START_TEST(no_memory)
{
    struct shared_case c = divided_case;
    struct folder folder = folder_begin();
    size_t alike = 0, half_way = 0;
    c.failing = &failing;
    for (failing_number = 1;; failing_number++) {
        struct divided_after after = {.act = write_without_memory};
        divided_begin(&after.writers, &folder, 3, 1, &c);
        together(3, divided_train_and_act, &after);
        const struct shared_peer *peers = after.writers.shared->peers;
        diffmm_status status = peers[2].status;
        ck_assert(status == DIFFMM_OK || status == DIFFMM_ERROR_NO_MEMORY);
        for (size_t rank = 0; rank < 2; rank++)
            ck_assert_msg(
                peers[rank].status == status || (status && peers[rank].status == DIFFMM_ERROR_PEER),
                "allocation %zu, peer %zu: %s", failing_number, rank, peers[rank].message);
        alike += status && peers[0].status == status;
        half_way += status && peers[0].status != status;
        shared_end(after.writers.shared);
        if (!status)
            break;
    }
    ck_assert_uint_gt(alike, 2);
    ck_assert_uint_gt(half_way, 2);
    folder_end(&folder);
}
END_TEST

/* An epoch callback that loses the peers ends the fit. */
static int lose_peers(const diffmm_report *report, void *data)
{
    struct shared_peer *peer = data;
    (void)report;
    peer->status = diffmm_trainer_checkpoint_at(peer->t.trainer, 0, "/dev/null");
    return 0;
}

static size_t fit_and_lose(void *argument, size_t rank)
{
    struct shared *shared = argument;
    struct shared_peer *peer = &shared->peers[rank];
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    if (diffmm_trainer_join(peer->t.trainer, &peers))
        return 1;
    diffmm_status status = diffmm_trainer_fit(peer->t.trainer, lose_peers, peer);
    return status != DIFFMM_ERROR_PEER || peer->status != DIFFMM_ERROR_PEER ||
           peer->t.trainer->epoch != 1 ||
           !strstr(diffmm_error_message(), "in the epoch callback after epoch 1");
}

START_TEST(lost_in_the_callback)
{
    struct folder folder = folder_begin();
    struct divided_after after;
    divided_run(&after, &folder, 2,
                write_at_nobody); /* its last exchanges tell that nobody is to write */
    size_t epoch = after.writers.shared->network.ends[1].exchanges;
    shared_end(after.writers.shared);
    struct shared *shared = shared_begin(2, &divided_case, NULL, 0);
    for (uint32_t rank = 0; rank < 2; rank++)
        shared->network.ends[rank].fails_at = epoch;
    ck_assert_uint_eq(together(2, fit_and_lose, shared), 0);
    shared_end(shared);
    folder_end(&folder);
}
END_TEST

static void *drain(void *argument)
{
    const struct divided_writers *w = argument;
    size_t *size = calloc(1, sizeof *size);
    FILE *pipe = fopen(w->model.text, "rb");
    while (pipe && fgetc(pipe) != EOF)
        ++*size;
    if (pipe)
        fclose(pipe);
    return size;
}

/* Rows that come in pieces go into a pipe, too. */
START_TEST(piped)
{
    struct shared_case c = {.settings = {"epochs", "2"}};
    struct divided_files wanted = divided_alone(&c);
    struct folder folder = folder_begin();
    struct divided_writers w;
    pthread_t reader;
    void *size;
    c.divided = true;
    divided_begin(&w, &folder, 2, 1, &c);
    ck_assert_int_eq(mkfifo(w.model.text, 0600), 0);
    ck_assert_int_eq(pthread_create(&reader, NULL, drain, &w), 0);
    ck_assert_uint_eq(together(2, divided_train, &w), 0);
    ck_assert_int_eq(pthread_join(reader, &size), 0);
    ck_assert_uint_eq(*(size_t *)size, wanted.model_size);
    free(size);
    shared_end(w.shared);
    divided_files_end(&wanted);
    folder_end(&folder);
}
END_TEST

START_TEST(bad_input)
{
    expect_invalid(diffmm_trainer_save_at(NULL, 0, "file"), "trainer is NULL");
    expect_invalid(diffmm_trainer_checkpoint_at(NULL, 0, "file"), "trainer is NULL");
    struct training t;
    training_begin(&t, (const char *const[]){NULL});
    expect_invalid(diffmm_trainer_save_at(t.trainer, 1, "file"), "rank is 1, but there are 1");
    expect_invalid(diffmm_trainer_checkpoint_at(t.trainer, 1, "file"),
                   "rank is 1, but there are 1");
    expect_invalid(diffmm_trainer_save_at(t.trainer, 0, NULL), "path is NULL");
    expect_invalid(diffmm_trainer_checkpoint_at(t.trainer, 0, NULL), "path is NULL");
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_full_disk_ends_nothing,
                                  all_are_refused_alike,
                                  lost,
                                  no_memory,
                                  lost_in_the_callback,
                                  piped,
                                  bad_input};
    return run_tests("train/together", tests, sizeof tests / sizeof *tests) != 0;
}
