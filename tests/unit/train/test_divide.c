/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers who each keep their own users' rows alone write the files of one process together, and train to its
 * bits. */
#include "train/divide.h"

#include <sys/stat.h>

#include <diffmm/recommend.h>

#include "train/checkpoint/state.h"

#include "support/folder.h"
#include "support/shared_training.h"

/* The files of a training. */
struct files {
    unsigned char *checkpoint, *model;
    size_t checkpoint_size, model_size;
};

static void files_end(struct files *files)
{
    free(files->checkpoint);
    free(files->model);
}

static unsigned char *save(const diffmm_model *model, size_t *size)
{
    expect_success(diffmm_model_save_memory(model, NULL, 0, size));
    unsigned char *bytes = malloc(*size);
    expect_success(diffmm_model_save_memory(model, bytes, *size, size));
    return bytes;
}

/* By one process: the last epoch's checkpoint, and the best epoch's model. */
static struct files alone(const struct shared_case *c)
{
    struct training t;
    struct files files;
    shared_training_begin(&t, c, NULL, 0);
    while (!diffmm__trainer_finished(t.trainer))
        expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    files.checkpoint = shared_checkpoint(t.trainer, &files.checkpoint_size);
    expect_success(diffmm_trainer_restore_best(t.trainer));
    files.model = save(t.model, &files.model_size);
    training_end(&t);
    return files;
}

/* Peers who train, and then write to these paths. */
struct writers {
    struct shared *shared;
    uint32_t rank;                       /* who writes */
    struct path checkpoint, model, half; /* half: a checkpoint to go on from */
};

static diffmm_status write_both(const struct writers *w, diffmm_trainer *trainer, size_t rank)
{
    const char *checkpoint = rank == w->rank ? w->checkpoint.text : NULL;
    const char *model = rank == w->rank ? w->model.text : NULL;
    trainer->last.figures.seconds = (diffmm_seconds){0};
    diffmm_status status = diffmm_trainer_checkpoint_at(trainer, w->rank, checkpoint);
    if (!status)
        status = diffmm_trainer_restore_best(trainer);
    return status ? status : diffmm_trainer_save_at(trainer, w->rank, model);
}

static size_t train_and_write(void *argument, size_t rank)
{
    struct writers *w = argument;
    struct shared_peer *peer = &w->shared->peers[rank];
    peer->status = shared_epochs(w->shared, rank);
    if (!peer->status)
        peer->status = write_both(w, peer->t.trainer, rank);
    strcpy(peer->message, peer->status ? diffmm_error_message() : "");
    return peer->status != DIFFMM_OK;
}

static void expect_file(const struct path *path, const unsigned char *wanted, size_t size)
{
    size_t got;
    unsigned char *bytes = read_bytes(path->text, &got);
    ck_assert_uint_eq(got, size);
    ck_assert(memcmp(bytes, wanted, size) == 0);
    free(bytes);
}

static void begin(struct writers *w, const struct folder *folder, uint32_t size, uint32_t rank,
                  const struct shared_case *c)
{
    *w = (struct writers){.shared = shared_begin(size, c, NULL, 0),
                          .rank = rank,
                          .checkpoint = folder_path(folder, "checkpoint"),
                          .half = folder_path(folder, "half"),
                          .model = folder_path(folder, "model")};
}

static void expect_files(const struct writers *w, const struct files *wanted)
{
    for (uint32_t rank = 0; rank < w->shared->network.size; rank++)
        ck_assert_msg(w->shared->peers[rank].status == DIFFMM_OK, "peer %u: %s", rank,
                      w->shared->peers[rank].message);
    expect_file(&w->checkpoint, wanted->checkpoint, wanted->checkpoint_size);
    expect_file(&w->model, wanted->model, wanted->model_size);
}

static void expect_same(const struct shared_case *c, size_t count, const uint32_t *sizes)
{
    struct shared_case divided = *c;
    struct files wanted = alone(c);
    struct folder folder = folder_begin();
    divided.divided = true;
    for (size_t i = 0; i < count; i++) {
        struct writers w;
        begin(&w, &folder, sizes[i], sizes[i] / 2, &divided);
        together(sizes[i], train_and_write, &w);
        expect_files(&w, &wanted);
        for (uint32_t rank = 0; rank < sizes[i]; rank++)
            ck_assert(w.shared->peers[rank].t.model->divided == (sizes[i] > 1));
        shared_end(w.shared);
    }
    files_end(&wanted);
    folder_end(&folder);
}

static const uint32_t all_sizes[] = {1, 2, 3, 4, 8}, three = 3;

START_TEST(defaults)
{
    const struct shared_case c = {.settings = {"epochs", "2"}};
    expect_same(&c, 5, all_sizes);
}
END_TEST

START_TEST(variants)
{
    static const struct shared_case cases[] = {
        {.settings = {"average", "0.5", "denoiser.passes", "2", "fusion_ratio", "0.3", "epochs",
                      "3", "evaluate.users", "100"}},
        {.settings = {"denoiser.kind", "spectral", "denoiser.rank", "6", "diffusion.blend", "0.5",
                      "epochs", "2", "layers", "3"}},
        {.settings = {"denoiser.kind", "spectral", "denoiser.rank", "6", "diffusion.blend", "0.5",
                      "epochs", "2", "sampling_noise", "true", "layers", "0"}},
        {.settings = {"generate.every", "2", "epochs", "3", "contrastive.anchor", "main"}},
        {.settings = {"patience", "1", "epochs", "12", "learning_rate", "0.2"}},
        {.settings = {"contrastive.negatives", "40", "epochs", "2", "layers", "2"}},
        {.settings = {"diffusion.enabled", "false", "epochs", "2", "alignment", "0.2"}},
        {.settings = {"epochs", "2"}, .without_modalities = true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_same(&cases[i], 1, &three);
}
END_TEST

/* Some peers have no user. */
START_TEST(few_nodes)
{
    static const uint32_t sizes[] = {2, 9};
    const struct shared_case c = {.settings = {"epochs", "1"}, .users = 6, .items = 17},
                             two = {.settings = {"epochs", "1"}, .users = 2, .items = 17};
    expect_same(&c, 2, sizes);
    expect_same(&two, 2, sizes);
}
END_TEST

/* Whether the rows around a peer's own are 0, but for a few at their ends, which share a page. */
static size_t count_others(const struct diffmm__state_array *array, const diffmm_model *model)
{
    enum { page = 1 << 16 };
    size_t row = array->columns * sizeof *array->values, few = page / row + 1, bad = 0;
    for (size_t u = 0; u < array->user_rows; u++) {
        bool other = u + few < model->own_users.first || u >= model->own_users.end + few;
        bool at_end = u < few || u + few >= array->user_rows;
        for (size_t j = 0; j < array->columns && other && !at_end; j++)
            bad += array->values[u * array->columns + j] != 0.0F;
    }
    return bad;
}

/* Nothing is written to other users' rows, so that they take no memory. */
START_TEST(rows_of_others_are_left_alone)
{
    const struct shared_case c = {.settings = {"epochs", "2", "diffusion.enabled", "false",
                                               "contrastive.negatives", "100", "batch", "8192",
                                               "embedding_size", "64", "average", "0.5"},
                                  .users = 6000,
                                  .divided = true};
    struct folder folder = folder_begin();
    struct writers w;
    begin(&w, &folder, 3, 0, &c);
    ck_assert_uint_eq(together(3, train_and_write, &w), 0);
    for (size_t rank = 0; rank < 3; rank++) {
        struct diffmm__state state;
        const diffmm_trainer *trainer = w.shared->peers[rank].t.trainer;
        size_t arrays = 0;
        expect_success(diffmm__state_list(trainer, true, &state));
        for (size_t i = 0; i < state.count; i++) {
            arrays += state.arrays[i].user_rows > 0;
            ck_assert_msg(count_others(&state.arrays[i], trainer->model) == 0, "%s",
                          state.arrays[i].name);
        }
        ck_assert_uint_eq(arrays,
                          9); /* E, its moments and average, final, V, and the best's three */
        diffmm__state_end(trainer, &state);
    }
    shared_end(w.shared);
    folder_end(&folder);
}
END_TEST

static size_t train_two_epochs(void *argument, size_t rank)
{
    struct writers *w = argument;
    struct shared_peer *peer = &w->shared->peers[rank];
    diffmm_peers peers = network_peers(&w->shared->network, (uint32_t)rank);
    return diffmm_trainer_join(peer->t.trainer, &peers) ||
           diffmm_trainer_epoch(peer->t.trainer, NULL) ||
           diffmm_trainer_epoch(peer->t.trainer, NULL) ||
           diffmm_trainer_checkpoint_at(peer->t.trainer, w->rank,
                                        rank == w->rank ? w->checkpoint.text : NULL);
}

/* From a file that each reads a part of. */
static size_t resume_and_write(void *argument, size_t rank)
{
    struct writers *w = argument;
    struct shared_peer *peer = &w->shared->peers[rank];
    diffmm_peers peers = network_peers(&w->shared->network, (uint32_t)rank);
    struct training *t = &peer->t;
    diffmm_trainer_destroy(t->trainer);
    t->trainer = NULL;
    peer->status =
        diffmm_trainer_resume_peer(t->dataset, w->half.text, t->options, &peers, &t->trainer);
    if (!peer->status)
        shared_cut(t->trainer);
    while (!peer->status && !diffmm__trainer_finished(t->trainer))
        peer->status = diffmm_trainer_epoch(t->trainer, NULL);
    if (!peer->status)
        peer->status = write_both(w, t->trainer, rank);
    strcpy(peer->message, peer->status ? diffmm_error_message() : "");
    return 0;
}

/* Others' rows are 0, but for E, which was drawn before they were forgotten. */
static void expect_little_read(const diffmm_trainer *trainer)
{
    struct diffmm__state state;
    size_t read = 0;
    expect_success(diffmm__state_list(trainer, true, &state));
    for (size_t i = 0; i < state.count; i++) {
        const struct diffmm__state_array *array = &state.arrays[i];
        const struct diffmm__part own = trainer->model->own_users;
        for (size_t u = 0; u < array->user_rows && strcmp(array->name, "user_embedding") != 0; u++)
            for (size_t j = 0; j < array->columns; j++)
                read += (u < own.first || u >= own.end) &&
                        array->values[u * array->columns + j] != 0.0F;
    }
    diffmm__state_end(trainer, &state);
    ck_assert_uint_eq(read, 0);
}

START_TEST(resumed_in_parts)
{
    static const struct shared_case cases[] = {
        {.settings = {"epochs", "4", "generate.every", "3", "average", "0.5"}},
        {.settings = {"denoiser.kind", "spectral", "denoiser.rank", "6", "diffusion.blend", "0.5",
                      "epochs", "4"}}};
    for (size_t i = 0; i < 2; i++) {
        struct shared_case c = cases[i];
        struct folder folder = folder_begin();
        struct files wanted = alone(&c);
        struct writers w;
        c.divided = true;
        begin(&w, &folder, 3, 1, &c);
        ck_assert_uint_eq(together(3, train_two_epochs, &w), 0);
        ck_assert_int_eq(rename(w.checkpoint.text, w.half.text), 0);
        shared_end(w.shared);
        for (uint32_t peers = 1; peers <= 4; peers++) {
            begin(&w, &folder, peers, peers - 1, &c);
            together(peers, resume_and_write, &w);
            expect_files(&w, &wanted);
            if (peers > 1 && i == 0)
                expect_little_read(w.shared->peers[0].t.trainer);
            shared_end(w.shared);
        }
        files_end(&wanted);
        folder_end(&folder);
    }
}
END_TEST

/* One whose file is missing, or another one, keeps nobody waiting. */
START_TEST(resumed_from_different_files)
{
    struct shared_case c = {.settings = {"epochs", "4", "diffusion.enabled", "false"},
                            .divided = true};
    struct folder folder = folder_begin();
    struct writers w;
    begin(&w, &folder, 2, 1, &c);
    w.half = folder_path(&folder, "missing");
    together(2, resume_and_write, &w);
    for (size_t rank = 0; rank < 2; rank++) {
        ck_assert_int_eq(w.shared->peers[rank].status, DIFFMM_ERROR_IO);
        ck_assert_ptr_null(w.shared->peers[rank].t.trainer);
        ck_assert_uint_eq(w.shared->network.ends[rank].abandoned, 1);
    }
    shared_end(w.shared);
    folder_end(&folder);
}
END_TEST

/* A checkpoint of three goes on with two, divided or not, and with one. */
START_TEST(resumed)
{
    struct shared_case c = {.settings = {"epochs", "4", "generate.every", "3"}};
    struct folder folder = folder_begin();
    struct files wanted = alone(&c);
    struct writers w;
    size_t size;
    c.divided = true;
    begin(&w, &folder, 3, 1, &c);
    ck_assert_uint_eq(together(3, train_two_epochs, &w), 0);
    unsigned char *half = read_bytes(w.checkpoint.text, &size);
    shared_end(w.shared);
    for (uint32_t peers = 1; peers <= 3; peers++) {
        c.divided = peers != 2;
        begin(&w, &folder, peers, peers - 1, &c);
        shared_end(w.shared);
        w.shared = shared_begin(peers, &c, half, size);
        together(peers, train_and_write, &w);
        expect_files(&w, &wanted);
        shared_end(w.shared);
    }
    free(half);
    files_end(&wanted);
    folder_end(&folder);
}
END_TEST

/* Peers train an epoch, and then do something else. */
struct after {
    struct writers writers;
    diffmm_status (*act)(struct after *after, diffmm_trainer *trainer, size_t rank);
};

static size_t train_and_act(void *argument, size_t rank)
{
    struct after *after = argument;
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

static void run(struct after *after, const struct folder *folder, uint32_t size,
                diffmm_status (*act)(struct after *after, diffmm_trainer *trainer, size_t rank))
{
    begin(&after->writers, folder, size, 1, &divided_case);
    after->act = act;
    together(size, train_and_act, after);
}

static void expect_all(const struct after *after, diffmm_status status, const char *part)
{
    const struct shared *shared = after->writers.shared;
    for (uint32_t rank = 0; rank < shared->network.size; rank++) {
        const struct shared_peer *peer = &shared->peers[rank];
        ck_assert_msg(peer->status == status, "peer %u: %s", rank, peer->message);
        ck_assert_msg(strstr(peer->message, part) != NULL, "peer %u: %s", rank, peer->message);
    }
}

static diffmm_status write_nowhere(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    struct writers nowhere = after->writers;
    diffmm_status status;
    snprintf(nowhere.checkpoint.text, sizeof nowhere.checkpoint.text, "%s", "/missing/folder/file");
    nowhere.model = nowhere.checkpoint;
    status = write_both(&nowhere, trainer, rank);
    if (status != DIFFMM_ERROR_IO || !strstr(diffmm_error_message(), "peer 1: ") ||
        !strstr(diffmm_error_message(), "/missing/folder"))
        return status ? status : DIFFMM_ERROR_STATE;
    status = diffmm_trainer_save_at(trainer, 1, rank == 1 ? nowhere.model.text : NULL);
    if (status != DIFFMM_ERROR_IO)
        return status ? status : DIFFMM_ERROR_STATE;
    status = diffmm_trainer_epoch(trainer, NULL);
    return status ? status : write_both(&after->writers, trainer, rank);
}

/* A file that cannot be written is everybody's error, and nobody's end. */
START_TEST(a_full_disk_ends_nothing)
{
    struct folder folder = folder_begin();
    struct after after;
    run(&after, &folder, 3, write_nowhere);
    expect_all(&after, DIFFMM_OK, "");
    shared_end(after.writers.shared);
    folder_end(&folder);
}
END_TEST

static diffmm_status write_at_different(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    return diffmm_trainer_checkpoint_at(trainer, rank == 2 ? 2 : 1, after->writers.checkpoint.text);
}

static diffmm_status write_different(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    return rank == 0 ? diffmm_trainer_save_at(trainer, 1, after->writers.model.text)
                     : diffmm_trainer_checkpoint_at(trainer, 1, after->writers.checkpoint.text);
}

static diffmm_status write_without_path(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    (void)after;
    (void)rank;
    return diffmm_trainer_checkpoint_at(trainer, 1, NULL);
}

static diffmm_status save_without_path(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    (void)after;
    (void)rank;
    return diffmm_trainer_save_at(trainer, 1, NULL);
}

static diffmm_status write_at_nobody(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    (void)rank;
    return diffmm_trainer_checkpoint_at(trainer, 3, after->writers.checkpoint.text);
}

static diffmm_status write_infinite(struct after *after, diffmm_trainer *trainer, size_t rank)
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
        diffmm_status (*act)(struct after *after, diffmm_trainer *trainer, size_t rank);
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
        struct after after;
        run(&after, &folder, 3, cases[i].act);
        expect_all(&after, cases[i].status, cases[i].part);
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

static diffmm_status write_them(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    return write_both(&after->writers, trainer, rank);
}

static void expect_gone(diffmm_trainer *trainer)
{
    expect_failure(diffmm_trainer_checkpoint_at(trainer, 0, "/dev/null"), DIFFMM_ERROR_STATE,
                   "the peers are gone");
    expect_failure(diffmm_trainer_save_at(trainer, 0, "/dev/null"), DIFFMM_ERROR_STATE,
                   "the peers are gone");
    expect_failure(diffmm_trainer_epoch(trainer, NULL), DIFFMM_ERROR_STATE, "the peers are gone");
}

/* A peer that is lost while they write: everybody's end, and no file. */
START_TEST(lost)
{
    struct folder folder = folder_begin();
    struct after after;
    run(&after, &folder, 3, write_them);
    expect_all(&after, DIFFMM_OK, "");
    size_t last = after.writers.shared->network.ends[2].exchanges;
    shared_end(after.writers.shared);
    run(&after, &folder, 3, write_at_nobody);
    size_t first = after.writers.shared->network.ends[2].exchanges + 1;
    shared_end(after.writers.shared);
    folder_walk(&folder, 1);
    for (size_t fails_at = first; fails_at <= last; fails_at += 1 + (last - first) / 12) {
        begin(&after.writers, &folder, 3, 1, &divided_case);
        after.act = write_them;
        after.writers.shared->network.ends[2].fails_at = fails_at;
        together(3, train_and_act, &after);
        expect_all(&after, DIFFMM_ERROR_PEER, "writing a ");
        for (uint32_t rank = 0; rank < 3; rank++) {
            const struct network_end *end = &after.writers.shared->network.ends[rank];
            ck_assert_uint_eq(end->abandoned, 1);
            ck_assert_uint_eq(end->after_failure, 0);
            expect_gone(after.writers.shared->peers[rank].t.trainer);
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

static diffmm_status write_without_memory(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    if (rank == 2) {
        atomic_store(&failing.count, 0);
        atomic_store(&failing.fail, failing_number);
    }
    diffmm_status status = write_both(&after->writers, trainer, rank);
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
        struct after after = {.act = write_without_memory};
        begin(&after.writers, &folder, 3, 1, &c);
        together(3, train_and_act, &after);
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

static diffmm_status call_all(struct after *after, diffmm_trainer *trainer, size_t rank)
{
    diffmm_model *model = diffmm_trainer_model(trainer);
    static const int32_t one[] = {0};
    float *view = malloc((model->users + model->items) * model->d * sizeof *view);
    unsigned char *bytes = malloc(16);
    diffmm_scorer *scorer;
    diffmm_trainer *other;
    diffmm_peers peers = network_peers(&after->writers.shared->network, (uint32_t)rank);
    size_t size, wrong = 0;
    const diffmm_status got[] = {
        diffmm_model_forward(model),
        diffmm_model_objective(model, 1, one, one, one, NULL),
        diffmm_model_step(model),
        diffmm_model_view(model, "modality-0", view),
        diffmm_model_inherit(model, model),
        diffmm_model_save(model, after->writers.model.text),
        diffmm_model_save_memory(model, bytes, 16, &size),
        diffmm_scorer_create(model, &scorer),
        diffmm_trainer_checkpoint(trainer, after->writers.model.text),
        diffmm_trainer_checkpoint_memory(trainer, bytes, 16, &size),
        diffmm_trainer_create_from(after->writers.shared->peers[rank].t.dataset, NULL, model,
                                   &other),
        diffmm_trainer_join(trainer, &peers)};
    for (size_t i = 0; i < sizeof got / sizeof *got; i++)
        wrong += got[i] != DIFFMM_ERROR_STATE;
    free(view);
    free(bytes);
    return wrong ? DIFFMM_ERROR_STATE : diffmm_trainer_join(trainer, NULL);
}

/* What needs all rows says that it has not got them. */
START_TEST(what_needs_all_rows_is_refused)
{
    struct folder folder = folder_begin();
    struct after after;
    run(&after, &folder, 2, call_all);
    expect_all(&after, DIFFMM_OK, "");
    for (size_t rank = 0; rank < 2; rank++) {
        diffmm_trainer *trainer = after.writers.shared->peers[rank].t.trainer;
        expect_gone(trainer);
        expect_failure(diffmm_trainer_fit(trainer, NULL, NULL), DIFFMM_ERROR_STATE, "gone");
        expect_success(diffmm_trainer_restore_best(trainer));
    }
    ck_assert_uint_eq(folder_count(&folder), 0);
    shared_end(after.writers.shared);
    folder_end(&folder);
}
END_TEST

/* Fitting, with a checkpoint after every epoch. */
struct fitting {
    struct writers writers;
    struct fitting_peer {
        const struct writers *writers;
        diffmm_trainer *trainer, *final;
        size_t rank;
        diffmm_status within;
    } peers[3];
};

static int on_epoch(const diffmm_report *report, void *data)
{
    const struct fitting_peer *peer = data;
    (void)report;
    return diffmm_trainer_checkpoint_at(peer->trainer, 0, peer->writers->checkpoint.text) !=
           DIFFMM_OK;
}

static int on_progress(const diffmm_progress *progress, void *data)
{
    struct fitting_peer *peer = data;
    (void)progress;
    peer->within = diffmm_trainer_save_at(peer->trainer, 0, peer->writers->model.text);
    return 0;
}

static size_t fit(void *argument, size_t rank)
{
    struct fitting *fitting = argument;
    struct shared *shared = fitting->writers.shared;
    struct shared_peer *shared_peer = &shared->peers[rank];
    struct fitting_peer *peer = &fitting->peers[rank];
    diffmm_peers peers = network_peers(&shared->network, (uint32_t)rank);
    *peer = (struct fitting_peer){
        .writers = &fitting->writers, .trainer = shared_peer->t.trainer, .rank = rank};
    return diffmm_trainer_on_progress(peer->trainer, on_progress, peer) ||
           diffmm_trainer_join(peer->trainer, &peers) ||
           diffmm_trainer_fit(peer->trainer, on_epoch, peer) ||
           diffmm_trainer_fit_final(peer->trainer, NULL, NULL, &peer->final) ||
           diffmm_trainer_save_at(peer->final, 0, fitting->writers.model.text) ||
           peer->within != DIFFMM_ERROR_STATE;
}

/* The final fit's trainer keeps the peers, since its model is divided, too. */
START_TEST(fitted)
{
    struct shared_case c = {.settings = {"epochs", "2"}};
    struct folder folder = folder_begin();
    struct fitting fitting;
    struct training t;
    diffmm_trainer *final;
    size_t size;
    shared_training_begin(&t, &c, NULL, 0);
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    expect_success(diffmm_trainer_fit_final(t.trainer, NULL, NULL, &final));
    unsigned char *wanted = save(diffmm_trainer_model(final), &size);
    c.divided = true;
    begin(&fitting.writers, &folder, 3, 0, &c);
    ck_assert_uint_eq(together(3, fit, &fitting), 0);
    expect_file(&fitting.writers.model, wanted, size);
    for (size_t rank = 0; rank < 3; rank++) {
        ck_assert_uint_eq(fitting.peers[rank].final->peers.size, 3);
        diffmm_trainer_destroy(fitting.peers[rank].final);
    }
    free(wanted);
    diffmm_trainer_destroy(final);
    training_end(&t);
    shared_end(fitting.writers.shared);
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
    struct after after;
    run(&after, &folder, 2, write_at_nobody); /* its last exchanges tell that nobody is to write */
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

/* Without division, and without peers, the functions write what the others do. */
START_TEST(whole_models)
{
    const struct shared_case c = {.settings = {"epochs", "2"}};
    struct files wanted = alone(&c);
    struct folder folder = folder_begin();
    for (uint32_t size = 1; size <= 3; size += 2) {
        struct writers w;
        begin(&w, &folder, size, size - 1, &c);
        together(size, train_and_write, &w);
        expect_files(&w, &wanted);
        shared_end(w.shared);
    }
    files_end(&wanted);
    folder_end(&folder);
}
END_TEST

static void *drain(void *argument)
{
    const struct writers *w = argument;
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
    struct files wanted = alone(&c);
    struct folder folder = folder_begin();
    struct writers w;
    pthread_t reader;
    void *size;
    c.divided = true;
    begin(&w, &folder, 2, 1, &c);
    ck_assert_int_eq(mkfifo(w.model.text, 0600), 0);
    ck_assert_int_eq(pthread_create(&reader, NULL, drain, &w), 0);
    ck_assert_uint_eq(together(2, train_and_write, &w), 0);
    ck_assert_int_eq(pthread_join(reader, &size), 0);
    ck_assert_uint_eq(*(size_t *)size, wanted.model_size);
    free(size);
    shared_end(w.shared);
    files_end(&wanted);
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
    const TTest *const tests[] = {defaults,
                                  variants,
                                  few_nodes,
                                  rows_of_others_are_left_alone,
                                  resumed,
                                  resumed_in_parts,
                                  resumed_from_different_files,
                                  a_full_disk_ends_nothing,
                                  all_are_refused_alike,
                                  lost,
                                  no_memory,
                                  what_needs_all_rows_is_refused,
                                  fitted,
                                  lost_in_the_callback,
                                  whole_models,
                                  piped,
                                  bad_input};
    return run_tests("train/divide", tests, sizeof tests / sizeof *tests) != 0;
}
