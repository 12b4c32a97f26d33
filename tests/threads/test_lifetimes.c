/* SPDX-License-Identifier: BSD-2-Clause */
/* Handles end in any order, on one thread or on several at once; those that are left go on working,
 * and with the last of them all memory is given back. */
#include <stdatomic.h>
#include <stdlib.h>

#include <diffmm/file.h>
#include <diffmm/recommend.h>

#include "support/settings.h"
#include "support/together.h"
#include "support/training.h"

enum kind { CONTEXT, OPTIONS, DATASET, TRAINER, MODEL, SCORER, GRAPH, FILE_INFO, kinds };

/* The memory that the context's allocator has given and not got back. */
static atomic_size_t held;

static void *allocate(size_t size, void *user_data)
{
    (void)user_data;
    atomic_fetch_add(&held, 1);
    return malloc(size);
}

static void release(void *pointer, void *user_data)
{
    (void)user_data;
    atomic_fetch_sub(&held, 1);
    free(pointer);
}

struct handles {
    diffmm_context *context;
    diffmm_options *options;
    diffmm_dataset *dataset;
    diffmm_trainer *trainer;
    diffmm_model *model;
    diffmm_scorer *scorer;
    diffmm_graph *graph;
    diffmm_file *file;
    bool ended[kinds];
};

static const float features[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 7, 6};

static void make_dataset(struct handles *h)
{
    static const int32_t user[] = {0, 0, 1, 2, 2, 3}, item[] = {0, 1, 2, 3, 0, 1};
    expect_success(diffmm_dataset_create(h->context, &h->dataset));
    expect_success(diffmm_dataset_reserve(h->dataset, 4, 4));
    expect_success(diffmm_dataset_add_interactions(h->dataset, DIFFMM_TRAIN, 6, user, item));
    expect_success(diffmm_dataset_add_modality_array(h->dataset, "image", 4, 3, features, 3));
    expect_success(diffmm_dataset_seal(h->dataset));
}

static void make(struct handles *h, size_t threads)
{
    static const int32_t user[] = {0, 1}, item[] = {1, 0};
    static const char *const list[] = {"rebuild_k", "2", "epochs", "1000", "patience", "0", NULL};
    const diffmm_context_settings how = {
        .threads = threads, .allocate = allocate, .release = release};
    size_t size;
    *h = (struct handles){.ended = {false}};
    expect_success(diffmm_context_create(&how, &h->context));
    make_dataset(h);
    h->options = settings(h->context, training_settings);
    set_all(h->options, list);
    expect_success(diffmm_trainer_create(h->dataset, h->options, &h->trainer));
    expect_success(diffmm_model_create(h->dataset, h->options, &h->model));
    expect_success(diffmm_graph_create_bipartite(h->context, 4, 4, 2, user, item, &h->graph));
    expect_success(diffmm_model_set_graph(h->model, "image", h->graph));
    expect_success(diffmm_model_forward(h->model));
    expect_success(diffmm_scorer_create(h->model, &h->scorer));
    expect_success(diffmm_model_save_memory(h->model, NULL, 0, &size));
    void *bytes = malloc(size);
    expect_success(diffmm_model_save_memory(h->model, bytes, size, &size));
    expect_success(diffmm_file_open_memory(h->context, bytes, size, &h->file));
    free(bytes);
}

static void destroy(struct handles *h, enum kind kind)
{
    h->ended[kind] = true;
    switch (kind) {
    case CONTEXT: diffmm_context_destroy(h->context); break;
    case OPTIONS: diffmm_options_destroy(h->options); break;
    case DATASET: diffmm_dataset_destroy(h->dataset); break;
    case TRAINER: diffmm_trainer_destroy(h->trainer); break;
    case MODEL: diffmm_model_destroy(h->model); break;
    case SCORER: diffmm_scorer_destroy(h->scorer); break;
    case GRAPH: diffmm_graph_destroy(h->graph); break;
    case FILE_INFO: diffmm_file_destroy(h->file); break;
    case kinds: break;
    }
}

static diffmm_status use(const struct handles *h, enum kind kind)
{
    const diffmm_query query = {.struct_size = sizeof query, .count = 2, .include_seen = 1};
    diffmm_file_info info = {.struct_size = sizeof info};
    diffmm_hit hits[2];
    size_t found;
    const int32_t *items;
    const char *text;
    float x[8] = {1}, y[8];
    switch (kind) {
    case CONTEXT: return diffmm_context_threads(h->context) ? DIFFMM_OK : DIFFMM_ERROR_STATE;
    case OPTIONS: return diffmm_options_get(h->options, "epochs", &text);
    case DATASET: return diffmm_dataset_row(h->dataset, DIFFMM_TRAIN, 1, &items, &found);
    case TRAINER: return diffmm_trainer_epoch(h->trainer, NULL);
    case MODEL: return diffmm_model_forward(h->model);
    case SCORER: return diffmm_recommend(h->scorer, 1, &query, hits, &found);
    case GRAPH: return diffmm_graph_multiply(h->graph, 1, x, y);
    case FILE_INFO: return diffmm_file_describe(h->file, &info);
    case kinds: break;
    }
    return DIFFMM_ERROR_STATE;
}

/* After each end all that are left are used. */
static void end_in_order(const enum kind order[kinds])
{
    struct handles h;
    make(&h, 1);
    for (size_t i = 0; i < kinds; i++) {
        destroy(&h, order[i]);
        for (size_t k = 0; k < kinds; k++)
            if (!h.ended[k])
                expect_success(use(&h, (enum kind)k));
    }
    ck_assert_uint_eq(held, 0);
}

START_TEST(every_one_first_and_every_one_last)
{
    for (size_t first = 0; first < kinds; first++)
        for (size_t step = 1; step < kinds; step += 2) { /* odd: prime to 8, visits all */
            enum kind order[kinds];
            for (size_t i = 0; i < kinds; i++)
                order[i] = (enum kind)((first + i * step) % kinds);
            end_in_order(order);
        }
}
END_TEST

/* All orders of those that hold each other: context, data set, trainer, model, scorer. */
static void permute(enum kind order[kinds], size_t fixed, size_t last)
{
    if (fixed == last) {
        end_in_order(order);
        return;
    }
    for (size_t i = fixed; i < last; i++) {
        enum kind other = order[fixed];
        order[fixed] = order[i];
        order[i] = other;
        permute(order, fixed + 1, last);
        order[i] = order[fixed];
        order[fixed] = other;
    }
}

START_TEST(every_order)
{
    enum kind order[kinds] = {CONTEXT, DATASET, TRAINER, MODEL, SCORER, OPTIONS, GRAPH, FILE_INFO};
    permute(order, 0, 5);
}
END_TEST

/* Each thread uses a handle for a last time and ends it. */
static size_t use_and_end(void *argument, size_t thread)
{
    struct handles *h = argument;
    size_t faults = use(h, (enum kind)thread) != DIFFMM_OK;
    destroy(h, (enum kind)thread);
    return faults;
}

START_TEST(all_at_once)
{
    for (size_t round = 0; round < 60; round++) {
        struct handles h;
        make(&h, 1 + round % 3);
        ck_assert_uint_eq(together(kinds, use_and_end, &h), 0);
        ck_assert_uint_eq(held, 0);
    }
}
END_TEST

/* Threads make handles of one context, use them and end them. */
static size_t live(void *argument, size_t thread)
{
    diffmm_context *context = argument;
    diffmm_options *options = NULL;
    diffmm_graph *graph = NULL;
    const int32_t number = 0;
    float x[2] = {1, 2}, y[2];
    size_t faults = 0;
    for (size_t i = 0; i < 40; i++) {
        faults += diffmm_options_create(context, &options) ||
                  diffmm_options_set_integer(options, "epochs", (int64_t)(thread + 1)) ||
                  diffmm_graph_create_bipartite(context, 1, 1, 1, &number, &number, &graph) ||
                  diffmm_graph_multiply(graph, 1, x, y);
        diffmm_graph_destroy(graph);
        diffmm_options_destroy(options);
    }
    return faults;
}

START_TEST(handles_of_one_context_on_eight_threads)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(
        &(diffmm_context_settings){.threads = 2, .allocate = allocate, .release = release},
        &context));
    ck_assert_uint_eq(together(8, live, context), 0);
    diffmm_context_destroy(context);
    ck_assert_uint_eq(held, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_one_first_and_every_one_last, every_order, all_at_once,
                                  handles_of_one_context_on_eight_threads};
    return run_tests("threads/lifetimes", tests, sizeof tests / sizeof *tests) != 0;
}
