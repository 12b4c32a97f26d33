/* SPDX-License-Identifier: BSD-2-Clause */
/* Eight threads read one const model at once, and what it was made from and what is made from it:
 * each gets the bits that one thread alone gets. (The scorer's own calls:
 * tests/unit/serve/test_threads.c.) */
#include <stdio.h>
#include <stdlib.h>

#include <diffmm/file.h>
#include <diffmm/recommend.h>

#include "support/together.h"
#include "support/training.h"

enum { threads = 8, rounds = 6, best = 8, most_users = 70, most_items = 60, size = 8 };

/* All that a thread asks. Scores, hits and so on of every user. */
struct answers {
    float scores[most_users][most_items], scored[most_items], weights[2], view[size];
    diffmm_hit hits[most_users][best], block[most_users][best], opened[most_users][best];
    size_t found[most_users], block_found[most_users], opened_found[most_users];
    diffmm_metrics metrics;
    double parameters; /* their sum */
    size_t parameter_count, dimensions, file_users, rows;
    int64_t epochs;
};

struct shared {
    const diffmm_context *context;
    const diffmm_model *model;
    const diffmm_dataset *dataset;
    const unsigned char *file;
    size_t file_size;
    const struct answers *alone;
};

static diffmm_context *lent(const struct shared *shared)
{
    return (diffmm_context *)(uintptr_t)shared->context;
}

/* Scorers are made from the model and from its file, each thread its own. */
static size_t rank(const struct shared *shared, struct answers *a)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = best};
    diffmm_scorer *scorer = NULL, *opened = NULL;
    size_t faults = diffmm_scorer_create(shared->model, &scorer) != DIFFMM_OK;
    faults += diffmm_scorer_open_memory(lent(shared), shared->file, shared->file_size, &opened) !=
              DIFFMM_OK;
    for (int32_t user = 0; !faults && user < most_users; user++) {
        faults += diffmm_recommend(scorer, user, &query, a->hits[user], &a->found[user]) ||
                  diffmm_recommend(opened, user, &query, a->opened[user], &a->opened_found[user]) ||
                  diffmm_score(scorer, user, most_items, NULL, a->scores[user]);
    }
    faults += diffmm_recommend_users(scorer, most_users, NULL, &query, a->block[0],
                                     a->block_found) != DIFFMM_OK;
    diffmm_scorer_destroy(scorer);
    diffmm_scorer_destroy(opened);
    return faults;
}

static size_t read_model(const struct shared *shared, struct answers *a)
{
    const diffmm_model *model = shared->model;
    size_t faults = diffmm_model_modality_weights(model, a->weights) != DIFFMM_OK;
    a->dimensions = diffmm_model_dimensions(model);
    a->parameter_count = diffmm_model_parameters(model);
    for (size_t p = 0; p < a->parameter_count; p++) {
        diffmm_parameter parameter = {.struct_size = sizeof parameter};
        faults += diffmm_model_parameter_at(model, p, &parameter) != DIFFMM_OK;
        for (size_t i = 0; i < parameter.rows * parameter.columns; i++)
            a->parameters += (double)parameter.values[i];
    }
    faults +=
        diffmm_options_get_integer(diffmm_model_options(model), "epochs", &a->epochs) != DIFFMM_OK;
    const diffmm_graph *graph = diffmm_model_graph(model, "image");
    float *x = calloc(most_users + most_items, sizeof *x), *y = calloc(130, sizeof *y);
    for (size_t i = 0; i < most_users + most_items; i++)
        x[i] = (float)i;
    faults += diffmm_propagate(graph, 2, 1, x, y) != DIFFMM_OK;
    memcpy(a->view, y + 3, sizeof a->view);
    free(x);
    free(y);
    return faults;
}

static size_t evaluate(const struct shared *shared, struct answers *a)
{
    static const size_t cutoff = 10;
    size_t faults =
        diffmm_evaluate(lent(shared), shared->dataset, DIFFMM_TEST, size,
                        diffmm_model_user_embeddings(shared->model),
                        diffmm_model_item_embeddings(shared->model), 1, &cutoff, &a->metrics) != 0;
    for (int32_t user = 0; user < most_users; user++) {
        const int32_t *items;
        size_t count;
        faults += diffmm_dataset_row(shared->dataset, DIFFMM_TRAIN, user, &items, &count) != 0;
        a->rows += count * (size_t)(user + 1);
        int32_t number = -1;
        faults += diffmm_dataset_find_user(
                      shared->dataset, diffmm_dataset_user_id(shared->dataset, user), &number) ||
                  number != user;
    }
    return faults;
}

/* The model's file is the same bytes for each, and says the same. */
static size_t save(const struct shared *shared, struct answers *a)
{
    size_t bytes = 0, faults = 0;
    unsigned char *file = malloc(shared->file_size);
    diffmm_file *opened = NULL;
    diffmm_file_info info = {.struct_size = sizeof info};
    diffmm_model *loaded = NULL;
    faults += diffmm_model_save_memory(shared->model, file, shared->file_size, &bytes) ||
              bytes != shared->file_size || memcmp(file, shared->file, bytes) != 0;
    faults += diffmm_file_open_memory(lent(shared), file, shared->file_size, &opened) ||
              diffmm_file_describe(opened, &info) ||
              diffmm_model_load_memory(lent(shared), shared->file, shared->file_size, &loaded);
    a->file_users = info.users;
    if (!faults)
        faults += memcmp(diffmm_model_item_embeddings(loaded),
                         diffmm_model_item_embeddings(shared->model),
                         most_items * size * sizeof(float)) != 0;
    diffmm_model_destroy(loaded);
    diffmm_file_destroy(opened);
    free(file);
    return faults;
}

static size_t ask(const struct shared *shared, struct answers *a)
{
    memset(a, 0, sizeof *a);
    return rank(shared, a) + read_model(shared, a) + evaluate(shared, a) + save(shared, a);
}

static size_t ask_and_compare(void *argument, size_t thread)
{
    const struct shared *shared = argument;
    struct answers *a = malloc(sizeof *a);
    size_t faults = 0;
    (void)thread;
    for (size_t round = 0; round < rounds; round++) {
        faults += ask(shared, a);
        faults += memcmp(a, shared->alone, sizeof *a) != 0;
    }
    free(a);
    return faults;
}

static void compare(size_t pool)
{
    struct training t;
    training_with(&t, &(diffmm_context_settings){.threads = pool}, (const char *const[]){NULL});
    expect_success(diffmm_trainer_fit(t.trainer, NULL, NULL));
    struct shared shared = {.context = t.context, .model = t.model, .dataset = t.dataset};
    expect_success(diffmm_model_save_memory(t.model, NULL, 0, &shared.file_size));
    unsigned char *file = malloc(shared.file_size);
    expect_success(diffmm_model_save_memory(t.model, file, shared.file_size, &shared.file_size));
    shared.file = file;
    struct answers *alone = malloc(sizeof *alone);
    ck_assert_uint_eq(ask(&shared, alone), 0);
    shared.alone = alone;
    ck_assert_uint_eq(together(threads, ask_and_compare, &shared), 0);
    free(alone);
    free(file);
    training_end(&t);
}

START_TEST(eight_threads_on_one_model)
{
    compare(1);
    compare(3);
}
END_TEST

/* Each thread's failures have the text that it reads. */
static size_t fail_and_read(void *argument, size_t thread)
{
    const struct shared *shared = argument;
    size_t faults = 0;
    for (size_t i = 0; i < 500; i++) {
        char name[40];
        int32_t number;
        snprintf(name, sizeof name, "nobody-%zu-%zu", thread, i);
        faults +=
            diffmm_dataset_find_user(shared->dataset, name, &number) != DIFFMM_ERROR_NOT_FOUND;
        faults += strstr(diffmm_error_message(), name) == NULL;
    }
    return faults;
}

START_TEST(each_thread_has_its_own_error_text)
{
    struct training t;
    training_begin(&t, (const char *const[]){NULL});
    struct shared shared = {.dataset = t.dataset};
    ck_assert_uint_eq(together(threads, fail_and_read, &shared), 0);
    training_end(&t);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {eight_threads_on_one_model, each_thread_has_its_own_error_text};
    return run_tests("threads/scoring", tests, sizeof tests / sizeof *tests) != 0;
}
