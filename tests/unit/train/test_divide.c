/* SPDX-License-Identifier: BSD-2-Clause */
/* Peers who each keep their own users' rows alone write the files of one process together, and train to its
 * bits. */
#include "train/divide.h"

#include <diffmm/recommend.h>

#include "train/checkpoint/state.h"

#include "support/divided_training.h"

static void expect_same(const struct shared_case *c, size_t count, const uint32_t *sizes)
{
    struct shared_case divided = *c;
    struct divided_files wanted = divided_alone(c);
    struct folder folder = folder_begin();
    divided.divided = true;
    for (size_t i = 0; i < count; i++) {
        struct divided_writers w;
        divided_begin(&w, &folder, sizes[i], sizes[i] / 2, &divided);
        together(sizes[i], divided_train, &w);
        divided_expect(&w, &wanted);
        for (uint32_t rank = 0; rank < sizes[i]; rank++)
            ck_assert(w.shared->peers[rank].t.model->divided == (sizes[i] > 1));
        shared_end(w.shared);
    }
    divided_files_end(&wanted);
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
    struct divided_writers w;
    divided_begin(&w, &folder, 3, 0, &c);
    ck_assert_uint_eq(together(3, divided_train, &w), 0);
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
    struct divided_writers *w = argument;
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
    struct divided_writers *w = argument;
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
        peer->status = divided_write(w, t->trainer, rank);
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
        struct divided_files wanted = divided_alone(&c);
        struct divided_writers w;
        c.divided = true;
        divided_begin(&w, &folder, 3, 1, &c);
        ck_assert_uint_eq(together(3, train_two_epochs, &w), 0);
        ck_assert_int_eq(rename(w.checkpoint.text, w.half.text), 0);
        shared_end(w.shared);
        for (uint32_t peers = 1; peers <= 4; peers++) {
            divided_begin(&w, &folder, peers, peers - 1, &c);
            together(peers, resume_and_write, &w);
            divided_expect(&w, &wanted);
            if (peers > 1 && i == 0)
                expect_little_read(w.shared->peers[0].t.trainer);
            shared_end(w.shared);
        }
        divided_files_end(&wanted);
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
    struct divided_writers w;
    divided_begin(&w, &folder, 2, 1, &c);
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
    struct divided_files wanted = divided_alone(&c);
    struct divided_writers w;
    size_t size;
    c.divided = true;
    divided_begin(&w, &folder, 3, 1, &c);
    ck_assert_uint_eq(together(3, train_two_epochs, &w), 0);
    unsigned char *half = read_bytes(w.checkpoint.text, &size);
    shared_end(w.shared);
    for (uint32_t peers = 1; peers <= 3; peers++) {
        c.divided = peers != 2;
        divided_begin(&w, &folder, peers, peers - 1, &c);
        shared_end(w.shared);
        w.shared = shared_begin(peers, &c, half, size);
        together(peers, divided_train, &w);
        divided_expect(&w, &wanted);
        shared_end(w.shared);
    }
    free(half);
    divided_files_end(&wanted);
    folder_end(&folder);
}
END_TEST

static diffmm_status call_all(struct divided_after *after, diffmm_trainer *trainer, size_t rank)
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
    struct divided_after after;
    divided_run(&after, &folder, 2, call_all);
    divided_expect_all(&after, DIFFMM_OK, "");
    for (size_t rank = 0; rank < 2; rank++) {
        diffmm_trainer *trainer = after.writers.shared->peers[rank].t.trainer;
        divided_expect_gone(trainer);
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
    struct divided_writers writers;
    struct fitting_peer {
        const struct divided_writers *writers;
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
    unsigned char *wanted = divided_save(diffmm_trainer_model(final), &size);
    c.divided = true;
    divided_begin(&fitting.writers, &folder, 3, 0, &c);
    ck_assert_uint_eq(together(3, fit, &fitting), 0);
    divided_expect_file(&fitting.writers.model, wanted, size);
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

/* Without division, and without peers, the functions write what the others do. */
START_TEST(whole_models)
{
    const struct shared_case c = {.settings = {"epochs", "2"}};
    struct divided_files wanted = divided_alone(&c);
    struct folder folder = folder_begin();
    for (uint32_t size = 1; size <= 3; size += 2) {
        struct divided_writers w;
        divided_begin(&w, &folder, size, size - 1, &c);
        together(size, divided_train, &w);
        divided_expect(&w, &wanted);
        shared_end(w.shared);
    }
    divided_files_end(&wanted);
    folder_end(&folder);
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
                                  what_needs_all_rows_is_refused,
                                  fitted,
                                  whole_models};
    return run_tests("train/divide", tests, sizeof tests / sizeof *tests) != 0;
}
