/* SPDX-License-Identifier: BSD-2-Clause */
/* Scorers saved as model files. */
#include <stdlib.h>

#include <diffmm/new_items.h>
#include <diffmm/trainer.h>

#include "files/safetensors.h"
#include "fold_in_world.h"
#include "serve/scorer.h"
#include "support/failing.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/small_model.h"

enum { users = fold_in_users, items = fold_in_items, d = fold_in_d, more = 3 };

static struct fold_in_world world;
static const float rows[2 * more * d] = {1.5f, -1, 2, 0.5f, -2, 1, 0, 3, 0.25f, 1, 1, -1};

struct bytes {
    unsigned char *data;
    size_t size;
};

static struct bytes bytes_of(const diffmm_scorer *scorer)
{
    struct bytes bytes;
    expect_success(diffmm_scorer_save_memory(scorer, NULL, 0, &bytes.size));
    bytes.data = aligned_alloc(64, (bytes.size + 63) / 64 * 64);
    expect_success(diffmm_scorer_save_memory(scorer, bytes.data, bytes.size, &bytes.size));
    return bytes;
}

static struct bytes bytes_of_model(const diffmm_model *model)
{
    struct bytes bytes;
    expect_success(diffmm_model_save_memory(model, NULL, 0, &bytes.size));
    bytes.data = aligned_alloc(64, (bytes.size + 63) / 64 * 64);
    expect_success(diffmm_model_save_memory(model, bytes.data, bytes.size, &bytes.size));
    return bytes;
}

static void expect_equal(const struct bytes *a, const struct bytes *b)
{
    ck_assert_uint_eq(a->size, b->size);
    ck_assert_mem_eq(a->data, b->data, a->size);
}

static diffmm_scorer *extend(const diffmm_scorer *scorer, size_t count)
{
    diffmm_scorer *larger;
    expect_success(diffmm_scorer_extend(scorer, count, NULL, rows, &larger));
    return larger;
}

START_TEST(one_that_was_not_extended_gives_the_model_s_file)
{
    for (size_t layers = 0; layers <= 3; layers++) {
        fold_in_begin(&world, layers, 1 + layers);
        struct bytes of_model = bytes_of_model(world.model.model),
                     of_scorer = bytes_of(world.scorer);
        expect_equal(&of_model, &of_scorer);
        diffmm_scorer *opened;
        expect_success(
            diffmm_scorer_open_memory(world.model.context, of_model.data, of_model.size, &opened));
        struct bytes of_opened = bytes_of(opened);
        expect_equal(&of_model, &of_opened);
        diffmm_scorer_destroy(opened);
        free(of_model.data);
        free(of_scorer.data);
        free(of_opened.data);
        fold_in_end(&world);
    }
}
END_TEST

static void expect_same_answers(const diffmm_scorer *a, const diffmm_scorer *b, size_t count)
{
    const int32_t touched[] = {1, items, 4};
    float x[items + 2 * more], y[items + 2 * more], m[4], n[4];
    ck_assert_uint_eq(diffmm_scorer_items(a), count);
    ck_assert_uint_eq(diffmm_scorer_items(b), count);
    for (int32_t user = -1; user < users; user++) {
        if (user != DIFFMM_NEW_USER) {
            expect_success(diffmm_score(a, user, count, NULL, x));
            expect_success(diffmm_score(b, user, count, NULL, y));
            ck_assert_mem_eq(x, y, count * sizeof *x);
        }
        expect_success(diffmm_fold_in(a, user, 3, touched, x));
        expect_success(diffmm_fold_in(b, user, 3, touched, y));
        ck_assert_mem_eq(x, y, d * sizeof *x);
        for (int32_t item = 0; item < (int32_t)count; item++) {
            diffmm_explanation e = {.struct_size = sizeof e, .modalities = m},
                               f = {.struct_size = sizeof f, .modalities = n};
            expect_success(diffmm_explain(a, user, 3, touched, item, &e));
            expect_success(diffmm_explain(b, user, 3, touched, item, &f));
            ck_assert(e.score == f.score && e.collaborative == f.collaborative && e.rest == f.rest);
            ck_assert_mem_eq(m, n, diffmm_scorer_modalities(a) * sizeof *m);
        }
    }
}

START_TEST(an_extended_one_opens_anywhere)
{
    struct folder folder = folder_begin();
    char path[128];
    folder_file(&folder, "extended", path);
    for (size_t layers = 0; layers <= 3; layers++) {
        fold_in_begin(&world, layers, 1 + layers);
        diffmm_scorer *once = extend(world.scorer, more), *twice = extend(once, more), *opened,
                      *again, *of_model, *of_opened;
        diffmm_model *loaded;
        struct bytes bytes = bytes_of(once);
        expect_success(diffmm_scorer_save(once, path));
        expect_success(diffmm_scorer_open(world.model.context, path, &opened));
        expect_same_answers(once, opened, items + more);
        struct bytes reopened = bytes_of(opened);
        expect_equal(&bytes, &reopened);
        expect_success(diffmm_model_load(world.model.context, path, &loaded));
        expect_success(diffmm_scorer_create(loaded, &of_model));
        expect_same_answers(once, of_model, items + more);
        struct bytes resaved = bytes_of_model(loaded);
        expect_equal(&bytes, &resaved);
        of_opened = extend(opened, more);
        diffmm_scorer_destroy(opened);
        expect_same_answers(twice, of_opened, items + 2 * more);
        expect_success(diffmm_scorer_save(of_opened, path));
        diffmm_scorer_destroy(of_opened);
        expect_success(diffmm_scorer_open(world.model.context, path, &again));
        expect_same_answers(twice, again, items + 2 * more);
        diffmm_scorer *const made[] = {once, twice, again, of_model};
        for (size_t s = 0; s < 4; s++)
            diffmm_scorer_destroy(made[s]);
        diffmm_model_destroy(loaded);
        free(bytes.data);
        free(reopened.data);
        free(resaved.data);
        fold_in_end(&world);
    }
    folder_end(&folder);
}
END_TEST

/* Metadata `key` of a file in memory; NULL where there is none. */
static const char *metadata_of(const struct bytes *bytes, const char *key, char text[64])
{
    struct diffmm__safetensors *file;
    const struct diffmm__source source = {.data = bytes->data, .size = bytes->size};
    expect_success(diffmm__safetensors_open_source(world.model.context, &source, &file));
    const char *found = diffmm__safetensors_metadata(file, key);
    if (found)
        snprintf(text, 64, "%s", found);
    diffmm__safetensors_close(file);
    return found ? text : NULL;
}

START_TEST(metrics_are_those_of_the_items_before)
{
    char text[64];
    fold_in_begin(&world, 1, 2);
    world.model.model->evaluated.epoch = 7;
    diffmm_scorer *plain, *larger, *largest;
    expect_success(diffmm_scorer_create(world.model.model, &plain));
    larger = extend(plain, more);
    largest = extend(larger, 1);
    struct bytes bytes = bytes_of(plain), of_larger = bytes_of(larger),
                 of_largest = bytes_of(largest);
    ck_assert_str_eq(metadata_of(&bytes, "evaluated", text),
                     "{\"epoch\":7,\"valid\":[],\"test\":[]}");
    ck_assert_ptr_null(metadata_of(&bytes, "placed", text));
    ck_assert_ptr_null(metadata_of(&of_larger, "evaluated", text));
    ck_assert_str_eq(metadata_of(&of_larger, "placed", text), "3");
    ck_assert_str_eq(metadata_of(&of_largest, "placed", text), "4");
    ck_assert_str_eq(metadata_of(&of_largest, "items", text), "11");
    diffmm_scorer_destroy(plain);
    diffmm_scorer_destroy(larger);
    diffmm_scorer_destroy(largest);
    free(bytes.data);
    free(of_larger.data);
    free(of_largest.data);
    fold_in_end(&world);
}
END_TEST

/* A data set that has the extended scorer's items: training that goes on starts with the learnt
 * embeddings of the old ones, and with its own for the placed ones. */
START_TEST(training_does_not_go_on_from_placed_items)
{
    static const int32_t pairs_user[] = {0, 1, 2, 3, 4, 5}, pairs_item[] = {0, 2, 4, 6, 7, 9};
    float features[(items + more) * 5], image[(items + more) * 3];
    diffmm_dataset *larger;
    diffmm_model *loaded, *fresh, *next;
    fold_in_begin(&world, 1, 2);
    diffmm_scorer *extended = extend(world.scorer, more);
    struct bytes bytes = bytes_of(extended);
    expect_success(diffmm_model_load_memory(world.model.context, bytes.data, bytes.size, &loaded));
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        features[i] = (float)(i % 13) - 6.0f;
    for (size_t i = 0; i < sizeof image / sizeof *image; i++)
        image[i] = (float)(i % 7) - 3.0f;
    expect_success(diffmm_dataset_create(world.model.context, &larger));
    expect_success(diffmm_dataset_reserve(larger, users, items + more));
    expect_success(
        diffmm_dataset_add_interactions(larger, DIFFMM_TRAIN, 6, pairs_user, pairs_item));
    expect_success(
        diffmm_dataset_add_modality_array(larger, "cover", items + more, 5, features, 5));
    expect_success(diffmm_dataset_add_modality_array(larger, "title", items + more, 3, image, 3));
    expect_success(diffmm_model_create(larger, world.model.options, &fresh));
    expect_success(diffmm_model_create(larger, world.model.options, &next));
    expect_success(diffmm_model_inherit(next, loaded));
    const float *a = diffmm__item_embedding(next)->values,
                *old = diffmm__item_embedding(loaded)->values,
                *own = diffmm__item_embedding(fresh)->values;
    ck_assert_mem_eq(a, old, items * d * sizeof *a);
    ck_assert_mem_eq(a + items * d, own + items * d, more * d * sizeof *a);
    ck_assert_mem_eq(diffmm__user_embedding(next)->values, diffmm__user_embedding(loaded)->values,
                     users * d * sizeof *a);
    diffmm_model_destroy(next);
    diffmm_model_destroy(fresh);
    diffmm_model_destroy(loaded);
    diffmm_dataset_destroy(larger);
    diffmm_scorer_destroy(extended);
    free(bytes.data);
    fold_in_end(&world);
}
END_TEST

/* Of nine items, two are placed. */
START_TEST(a_file_with_no_trained_item_is_refused)
{
    static const char old[] = "\"placed\":\"2\"";
    static const char *const spoilt[] = {"\"placed\":\"x\"", "\"placed\":\"9\""};
    diffmm_scorer *opened;
    fold_in_begin(&world, 1, 2);
    diffmm_scorer *extended = extend(world.scorer, 2);
    struct bytes bytes = bytes_of(extended);
    unsigned char *at = memmem(bytes.data, bytes.size, old, sizeof old - 1);
    for (size_t i = 0; i < 2; i++) {
        memcpy(at, spoilt[i], sizeof old - 1);
        expect_failure(
            diffmm_scorer_open_memory(world.model.context, bytes.data, bytes.size, &opened),
            DIFFMM_ERROR_FORMAT, i ? "9 of its 9 items are placed" : "placed");
    }
    memcpy(at, old, sizeof old - 1);
    expect_success(diffmm_scorer_open_memory(world.model.context, bytes.data, bytes.size, &opened));
    diffmm_scorer_destroy(opened);
    diffmm_scorer_destroy(extended);
    free(bytes.data);
    fold_in_end(&world);
}
END_TEST

/* Of a model that is the collaborative part alone. */
START_TEST(without_modalities)
{
    static const int32_t user[] = {0, 1, 2, 2}, item[] = {0, 1, 1, 3};
    diffmm_context *context;
    diffmm_dataset *dataset;
    diffmm_options *options;
    diffmm_model *model;
    diffmm_scorer *scorer, *larger, *opened;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    expect_success(diffmm_options_create(context, &options));
    expect_success(diffmm_options_set(options, "embedding_size", "4"));
    expect_success(diffmm_options_set(options, "layers", "2"));
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 4, user, item));
    expect_success(diffmm_model_create(dataset, options, &model));
    expect_success(diffmm_model_forward(model));
    expect_success(diffmm_scorer_create(model, &scorer));
    struct bytes of_model = bytes_of_model(model), of_scorer = bytes_of(scorer);
    expect_equal(&of_model, &of_scorer);
    larger = extend(scorer, 1);
    const struct diffmm__fold_in_state *state = larger->fold_in;
    double squares = 0.0;
    for (size_t j = 0; j < d; j++)
        squares += (double)rows[j] * (double)rows[j];
    for (size_t j = 0; j < d; j++) {
        double v = (double)rows[j] * (1.0 - (double)state->ris_lambda / sqrt(squares)) / 3.0;
        ck_assert(fabs((double)state->items[4 * d + j] - v) <= 1e-6);
        ck_assert(fabs((double)state->propagated[1][4 * d + j] - 2.0 * v) <= 1e-6);
    }
    struct bytes bytes = bytes_of(larger);
    expect_success(diffmm_scorer_open_memory(context, bytes.data, bytes.size, &opened));
    for (int32_t u = -1; u < 3; u++) {
        const int32_t touched[] = {0, 4};
        float x[d], y[d];
        expect_success(diffmm_fold_in(larger, u, 2, touched, x));
        expect_success(diffmm_fold_in(opened, u, 2, touched, y));
        ck_assert_mem_eq(x, y, sizeof x);
    }
    struct bytes again = bytes_of(opened);
    expect_equal(&bytes, &again);
    diffmm_scorer *const made[] = {scorer, larger, opened};
    for (size_t s = 0; s < 3; s++)
        diffmm_scorer_destroy(made[s]);
    free(of_model.data);
    free(of_scorer.data);
    free(bytes.data);
    free(again.data);
    diffmm_model_destroy(model);
    diffmm_dataset_destroy(dataset);
    diffmm_options_destroy(options);
    diffmm_context_destroy(context);
}
END_TEST

/* A model file of an early version: it is saved as it is, and extended. */
START_TEST(without_a_fold_in_state)
{
    diffmm_context *context;
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    diffmm_model *model = small_model(context, users, items, d, true), *loaded;
    small_held_out(model);
    diffmm_scorer *scorer, *opened, *larger, *back;
    float out[d], a[items + 2], b[items + 2];
    expect_success(diffmm_scorer_create(model, &scorer));
    struct bytes of_model = bytes_of_model(model), of_scorer = bytes_of(scorer);
    expect_equal(&of_model, &of_scorer);
    expect_success(diffmm_scorer_open_memory(context, of_model.data, of_model.size, &opened));
    expect_success(diffmm_scorer_extend(opened, 2, (const char *const[]){"a", "b"}, rows, &larger));
    struct bytes bytes = bytes_of(larger);
    expect_success(diffmm_scorer_open_memory(context, bytes.data, bytes.size, &back));
    for (int32_t u = 0; u < users; u++) {
        const int32_t *seen, *still;
        size_t count, still_count;
        expect_success(diffmm_score(larger, u, items + 2, NULL, a));
        expect_success(diffmm_score(back, u, items + 2, NULL, b));
        ck_assert_mem_eq(a, b, sizeof a);
        expect_success(diffmm_scorer_seen(scorer, u, &seen, &count));
        expect_success(diffmm_scorer_seen(back, u, &still, &still_count));
        ck_assert_uint_eq(count, still_count);
        ck_assert(memcmp(seen, still, count * sizeof *seen) == 0);
    }
    ck_assert_str_eq(diffmm_scorer_item_id(back, items + 1), "b");
    expect_failure(diffmm_fold_in(back, 0, 0, NULL, out), DIFFMM_ERROR_STATE,
                   "without a fold-in state");
    expect_success(diffmm_model_load_memory(context, bytes.data, bytes.size, &loaded));
    diffmm_model_destroy(loaded);
    diffmm_scorer *const made[] = {scorer, opened, larger, back};
    for (size_t s = 0; s < 4; s++)
        diffmm_scorer_destroy(made[s]);
    free(of_model.data);
    free(of_scorer.data);
    free(bytes.data);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(bad_input)
{
    unsigned char room[16];
    size_t size = 77;
    fold_in_begin(&world, 1, 1);
    expect_invalid(diffmm_scorer_save(NULL, "x"), "scorer");
    expect_invalid(diffmm_scorer_save(world.scorer, NULL), "path");
    expect_failure(diffmm_scorer_save(world.scorer, "no-such/x"), DIFFMM_ERROR_IO, "no-such");
    expect_invalid(diffmm_scorer_save_memory(NULL, room, sizeof room, &size), "scorer");
    expect_invalid(diffmm_scorer_save_memory(world.scorer, room, sizeof room, NULL), "size");
    expect_invalid(diffmm_scorer_save_memory(world.scorer, room, sizeof room, &size), "capacity");
    fold_in_end(&world);
}
END_TEST

static diffmm_status save(void *argument)
{
    size_t size;
    return diffmm_scorer_save_memory(argument, NULL, 0, &size);
}

static diffmm_status extend_once(void *argument)
{
    diffmm_scorer *larger = NULL;
    diffmm_status status = diffmm_scorer_extend(argument, more, NULL, rows, &larger);
    diffmm_scorer_destroy(larger);
    return status;
}

START_TEST(failing_allocations)
{
    struct failing failing = {0};
    fold_in_begin(&world, 2, 2);
    struct bytes bytes = bytes_of(world.scorer);
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_scorer *opened, *larger;
    expect_success(diffmm_scorer_open_memory(context, bytes.data, bytes.size, &opened));
    ck_assert_uint_ge(fail_each_allocation(&failing, save, opened), 10);
    ck_assert_uint_ge(fail_each_allocation(&failing, extend_once, opened), 30);
    larger = extend(opened, more);
    ck_assert_uint_ge(fail_each_allocation(&failing, save, larger), 8);
    diffmm_scorer_destroy(larger);
    diffmm_scorer_destroy(opened);
    diffmm_context_destroy(context);
    free(bytes.data);
    fold_in_end(&world);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {one_that_was_not_extended_gives_the_model_s_file,
                                  an_extended_one_opens_anywhere,
                                  metrics_are_those_of_the_items_before,
                                  training_does_not_go_on_from_placed_items,
                                  a_file_with_no_trained_item_is_refused,
                                  without_modalities,
                                  without_a_fold_in_state,
                                  bad_input,
                                  failing_allocations};
    return run_tests("scorer_save", tests, sizeof tests / sizeof *tests) != 0;
}
