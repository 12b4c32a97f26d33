/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include <diffmm/recommend.h>

#include "support/failure.h"
#include "support/folder.h"
#include "support/small_model.h"

enum { users = 7, items = 12, d = 5 };

static diffmm_context *context;
static diffmm_model *model;
static diffmm_scorer *scorer;

static void begin(void)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    model = small_model(context, users, items, d, true);
    expect_success(diffmm_scorer_create(model, &scorer));
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
}

START_TEST(counts_ids_and_seen_items)
{
    begin();
    ck_assert_uint_eq(diffmm_scorer_users(scorer), users);
    ck_assert_uint_eq(diffmm_scorer_items(scorer), items);
    ck_assert_uint_eq(diffmm_scorer_dimensions(scorer), d);
    ck_assert_str_eq(diffmm_scorer_user_id(scorer, 3), "user3-");
    ck_assert_str_eq(diffmm_scorer_item_id(scorer, 11), "item11-");
    ck_assert_ptr_null(diffmm_scorer_user_id(scorer, users));
    ck_assert_ptr_null(diffmm_scorer_item_id(scorer, -1));
    char text[24];
    size_t size;
    const int32_t several[] = {11, 0, 11}, none[] = {0, 12};
    expect_success(diffmm_scorer_item_ids(scorer, 3, several, NULL, 0, &size));
    ck_assert_uint_eq(size, 8 + 7 + 8);
    expect_success(diffmm_scorer_item_ids(scorer, 3, several, text, size, &size));
    ck_assert_mem_eq(text, "item11-\0item0-\0item11-", size);
    expect_failure(diffmm_scorer_item_ids(scorer, 3, several, text, size - 1, &size),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "capacity is 22, but the ids have 23 bytes");
    expect_failure(diffmm_scorer_item_ids(scorer, 2, none, text, size, &size),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "items[1] is 12, but there are 12 items");
    int32_t number = -1;
    expect_success(diffmm_scorer_find_user(scorer, "user6-", &number));
    ck_assert_int_eq(number, 6);
    expect_success(diffmm_scorer_find_item(scorer, "item0-", &number));
    ck_assert_int_eq(number, 0);
    for (int32_t u = 0; u < users; u++) {
        const int32_t *seen;
        size_t count;
        const int64_t *pointers = model->catalog->train.pointers;
        expect_success(diffmm_scorer_seen(scorer, u, &seen, &count));
        ck_assert_int_eq((int64_t)count, pointers[u + 1] - pointers[u]);
        if (count)
            ck_assert_mem_eq(seen, model->catalog->train.indices + pointers[u],
                             count * sizeof *seen);
    }
    end();
}
END_TEST

static void expect_scores(const diffmm_scorer *any, const float *final)
{
    static const int32_t some[] = {11, 0, 5, 5};
    float all[items], few[4];
    for (int32_t u = 0; u < users; u++) {
        expect_success(diffmm_score(any, u, items, NULL, all));
        expect_success(diffmm_score(any, u, 4, some, few));
        for (size_t i = 0; i < items; i++) {
            double exact = 0;
            for (size_t j = 0; j < d; j++)
                exact += (double) final[u * d + (int32_t)j] * (double) final[(users + i) * d + j];
            ck_assert(fabs((double)all[i] - exact) <= 1e-5);
        }
        for (size_t i = 0; i < 4; i++)
            ck_assert(few[i] == all[some[i]]);
    }
}

START_TEST(scores_are_dot_products_of_a_copy)
{
    begin();
    float final[(users + items) * d];
    memcpy(final, model->final, sizeof final);
    model->final[0] += 1; /* a trained model goes on, its scorer does not */
    expect_scores(scorer, final);
    expect_success(diffmm_score(scorer, 0, 0, NULL, NULL));
    end();
}
END_TEST

START_TEST(a_scorer_outlives_what_it_was_made_from)
{
    begin();
    float final[(users + items) * d];
    memcpy(final, model->final, sizeof final);
    diffmm_model_destroy(model);
    diffmm_context_destroy(context);
    expect_scores(scorer, final);
    ck_assert_str_eq(diffmm_scorer_item_id(scorer, 1), "item1-");
    diffmm_scorer_destroy(scorer);
}
END_TEST

START_TEST(a_file_gives_the_same_scorer)
{
    struct folder folder = folder_begin();
    diffmm_scorer *opened;
    char path[128];
    begin();
    folder_file(&folder, "model", path);
    expect_success(diffmm_model_save(model, path));
    expect_success(diffmm_scorer_open(context, path, &opened));
    folder_end(&folder); /* nothing is left in the file */
    ck_assert_uint_eq(diffmm_scorer_users(opened), users);
    ck_assert_uint_eq(diffmm_scorer_items(opened), items);
    ck_assert_uint_eq(diffmm_scorer_dimensions(opened), d);
    expect_scores(opened, model->final);
    for (int32_t u = 0; u < users; u++) {
        float a[items], b[items];
        expect_success(diffmm_score(scorer, u, items, NULL, a));
        expect_success(diffmm_score(opened, u, items, NULL, b));
        ck_assert_mem_eq(a, b, sizeof a);
        ck_assert_str_eq(diffmm_scorer_user_id(opened, u), diffmm_scorer_user_id(scorer, u));
    }
    diffmm_scorer_destroy(opened);
    end();
}
END_TEST

START_TEST(a_model_without_finite_embeddings_is_refused)
{
    diffmm_scorer *other = NULL;
    begin();
    float kept = model->final[3];
    model->final[3] = NAN;
    expect_failure(diffmm_scorer_create(model, &other), DIFFMM_ERROR_NUMERIC, "model");
    model->final[3] = kept;
    float *final = model->final;
    model->final = NULL;
    expect_failure(diffmm_scorer_create(model, &other), DIFFMM_ERROR_STATE, "forward");
    model->final = final;
    ck_assert_ptr_null(other);
    end();
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    diffmm_scorer *other = NULL;
    const int32_t *seen = NULL, wrong[] = {0, items}, negative[] = {-1};
    size_t count = 77;
    int32_t number = 77;
    float out[items + 1] = {77};
    begin();
    expect_failure(diffmm_scorer_create(NULL, &other), bad, "model");
    expect_failure(diffmm_scorer_create(model, NULL), bad, "out");
    expect_failure(diffmm_scorer_open(NULL, "x", &other), bad, "context");
    expect_failure(diffmm_scorer_open(context, NULL, &other), bad, "path");
    expect_failure(diffmm_scorer_open(context, "x", NULL), bad, "out");
    expect_failure(diffmm_scorer_open(context, "/nowhere", &other), DIFFMM_ERROR_IO, "/nowhere");
    expect_failure(diffmm_scorer_find_user(NULL, "a", &number), bad, "scorer");
    expect_failure(diffmm_scorer_find_user(scorer, NULL, &number), bad, "id");
    expect_failure(diffmm_scorer_find_user(scorer, "a", NULL), bad, "user");
    expect_failure(diffmm_scorer_find_user(scorer, "item0-", &number), DIFFMM_ERROR_NOT_FOUND,
                   "item0-");
    expect_failure(diffmm_scorer_find_item(NULL, "a", &number), bad, "scorer");
    expect_failure(diffmm_scorer_find_item(scorer, NULL, &number), bad, "id");
    expect_failure(diffmm_scorer_find_item(scorer, "a", NULL), bad, "item");
    expect_failure(diffmm_scorer_find_item(scorer, "", &number), DIFFMM_ERROR_NOT_FOUND, "item");
    expect_failure(diffmm_scorer_seen(NULL, 0, &seen, &count), bad, "scorer");
    expect_failure(diffmm_scorer_seen(scorer, 0, NULL, &count), bad, "items");
    expect_failure(diffmm_scorer_seen(scorer, 0, &seen, NULL), bad, "count");
    expect_failure(diffmm_scorer_seen(scorer, users, &seen, &count), bad, "user is 7");
    expect_failure(diffmm_score(NULL, 0, 1, NULL, out), bad, "scorer");
    expect_failure(diffmm_score(scorer, 0, 1, NULL, NULL), bad, "out");
    expect_failure(diffmm_score(scorer, -1, 1, NULL, out), bad, "user is -1");
    expect_failure(diffmm_score(scorer, 0, items + 1, NULL, out), bad, "count is 13");
    expect_failure(diffmm_score(scorer, 0, 2, wrong, out), bad, "items[1] is 12");
    expect_failure(diffmm_score(scorer, 0, 1, negative, out), bad, "items[0] is -1");
    ck_assert(number == 77 && count == 77 && out[0] == 77 && !seen && !other);
    ck_assert_uint_eq(diffmm_scorer_users(NULL), 0);
    ck_assert_uint_eq(diffmm_scorer_items(NULL), 0);
    ck_assert_uint_eq(diffmm_scorer_dimensions(NULL), 0);
    ck_assert_ptr_null(diffmm_scorer_user_id(NULL, 0));
    ck_assert_ptr_null(diffmm_scorer_item_id(NULL, 0));
    diffmm_scorer_destroy(NULL);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {counts_ids_and_seen_items,
                                  scores_are_dot_products_of_a_copy,
                                  a_scorer_outlives_what_it_was_made_from,
                                  a_file_gives_the_same_scorer,
                                  a_model_without_finite_embeddings_is_refused,
                                  bad_arguments_are_named};
    return run_tests("scorer", tests, sizeof tests / sizeof *tests) != 0;
}
