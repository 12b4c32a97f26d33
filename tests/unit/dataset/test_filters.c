/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters leave out what they say, and nothing else: diffmm_dataset_filter_ratings(), _deduplicate()
 * and _filter_core(). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/context.h"
#include "support/events.h"
#include "support/failure.h"

static const struct event rated[] = {
    {"a", "x", 5, 10, 0},  {"a", "y", 2, 20, 0},  {"b", "x", 3, 30, 0},
    {"b", "z", NAN, 5, 0}, {"c", "y", 2.9, 1, 2}, {"c", "x", -1, 2, 2},
};

START_TEST(low_ratings_go)
{
    diffmm_dataset *dataset = dataset_of(rated, 6);
    expect_success(diffmm_dataset_filter_ratings(dataset, 3));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 3);
    expect_split(dataset, DIFFMM_TRAIN, "a>x b>x b>z");
    expect_split(dataset, DIFFMM_TEST, "");
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(users_without_interactions_can_be_left_out)
{
    diffmm_dataset *dataset = dataset_of(rated, 6);
    expect_success(diffmm_dataset_filter_ratings(dataset, 3));
    expect_success(diffmm_dataset_filter_core(dataset, 1, 1));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 2);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 2);
    expect_split(dataset, DIFFMM_TRAIN, "a>x b>x b>z");
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(nothing_to_filter_by)
{
    const struct event plain = {"a", "x", NAN, INT64_MIN, 0};
    diffmm_dataset *dataset = dataset_of(&plain, 1);
    expect_failure(diffmm_dataset_filter_ratings(dataset, 3), DIFFMM_ERROR_STATE,
                   "no interaction has a rating");
    expect_failure(diffmm_dataset_filter_ratings(dataset, NAN), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "least is nan");
    expect_failure(diffmm_dataset_deduplicate(dataset, (diffmm_keep)2),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "keep is 2");
    expect_failure(diffmm_dataset_filter_core(dataset, 2, 0), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "no interaction is left where users have at least 2");
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 1);
    expect_success(diffmm_dataset_filter_core(dataset, 0, 0));
    expect_split(dataset, DIFFMM_TRAIN, "a>x");
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* With times, without, and in several splits. */
static const struct event repeated[] = {
    {"a", "x", 1, 20, 0}, {"a", "x", 2, 10, 0}, {"a", "x", 3, 20, 0}, {"a", "y", 4, INT64_MIN, 0},
    {"b", "x", 5, 9, 0},  {"a", "y", 6, 1, 1},  {"b", "x", 7, 8, 2},  {"b", "y", 8, 8, 2},
};

START_TEST(one_of_each_pair_stays)
{
    static const char *const train[] = {"a>x:2 a>y:4", "a>x:3 b>x:5"};
    static const char *const valid[] = {"", "a>y:6"};
    static const char *const test[] = {"b>x:7 b>y:8", "b>y:8"};
    for (int keep = 0; keep < 2; keep++) {
        diffmm_dataset *dataset = dataset_of(repeated, 8);
        expect_success(diffmm_dataset_deduplicate(dataset, (diffmm_keep)keep));
        expect_rated(dataset, DIFFMM_TRAIN, train[keep]);
        expect_rated(dataset, DIFFMM_VALID, valid[keep]);
        expect_rated(dataset, DIFFMM_TEST, test[keep]);
        expect_success(diffmm_dataset_deduplicate(dataset, (diffmm_keep)(1 - keep)));
        expect_rated(dataset, DIFFMM_TRAIN, train[keep]);
        diffmm_dataset_destroy(dataset);
    }
}
END_TEST

/* What the core is by its definition: take away all that have too few, and look again. */
static void find_core(size_t count, const int32_t *user, const int32_t *item, size_t least_user,
                      size_t least_item, bool *kept)
{
    memset(kept, true, count);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < count; i++) {
            size_t users = 0, items = 0;
            for (size_t j = 0; j < count; j++) {
                users += kept[j] && user[j] == user[i];
                items += kept[j] && item[j] == item[i];
            }
            if (kept[i] && (users < least_user || items < least_item)) {
                for (size_t j = 0; j < count; j++)
                    if ((users < least_user && user[j] == user[i]) ||
                        (items < least_item && item[j] == item[i]))
                        kept[j] = false;
                changed = true;
            }
        }
    }
}

START_TEST(cores_are_those_of_the_definition)
{
    enum { most = 60 };
    srand(1);
    diffmm_context *context = new_context(0);
    for (int round = 0; round < 300; round++) {
        int32_t user[most], item[most];
        bool kept[most], taken[12][12] = {{false}};
        size_t count = 0, left = 0, least_user = (size_t)rand() % 5,
               least_item = (size_t)rand() % 5;
        for (int i = 0; i < most; i++) {
            int u = rand() % 12, v = rand() % 12;
            if (taken[u][v])
                continue;
            taken[u][v] = true;
            user[count] = u;
            item[count++] = v;
        }
        find_core(count, user, item, least_user, least_item, kept);
        for (size_t i = 0; i < count; i++)
            left += kept[i];
        diffmm_dataset *dataset;
        expect_success(diffmm_dataset_create(context, &dataset));
        for (size_t i = 0; i < count; i++) { /* each pair twice: that counts once */
            diffmm_split split = (diffmm_split)(i % 3);
            for (int twice = 0; twice < 2; twice++)
                expect_success(
                    diffmm_dataset_add_interactions(dataset, split, 1, &user[i], &item[i]));
        }
        diffmm_status status = diffmm_dataset_filter_core(dataset, least_user, least_item);
        size_t found = 0;
        for (int s = 0; s < 3; s++)
            found += diffmm_dataset_interactions(dataset, (diffmm_split)s);
        if (left == 0)
            ck_assert_int_eq(status, DIFFMM_ERROR_INVALID_ARGUMENT);
        else {
            expect_success(status);
            ck_assert_uint_eq(found, 2 * left);
        }
        diffmm_dataset_destroy(dataset);
    }
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(ids_are_numbered_anew)
{
    static const struct event events[] = {
        {"a", "x", 1, 1, 0}, {"b", "y", 1, 2, 0}, {"b", "z", 1, 3, 0},
        {"c", "y", 1, 4, 0}, {"c", "z", 1, 5, 1}, {"d", "z", 1, 6, 0},
    };
    int32_t number;
    diffmm_dataset *dataset = dataset_of(events, 6);
    expect_success(diffmm_dataset_filter_core(dataset, 2, 2));
    expect_split(dataset, DIFFMM_TRAIN, "b>y b>z c>y");
    expect_split(dataset, DIFFMM_VALID, "c>z");
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 2);
    ck_assert_str_eq(diffmm_dataset_user_id(dataset, 1), "c");
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 0), "y");
    expect_failure(diffmm_dataset_find_user(dataset, "a", &number), DIFFMM_ERROR_NOT_FOUND, "'a'");
    expect_failure(diffmm_dataset_filter_core(dataset, 1, 1), DIFFMM_ERROR_STATE, "sealed");
    diffmm_dataset *extended;
    expect_success(diffmm_dataset_extend(dataset, &extended));
    expect_failure(diffmm_dataset_filter_core(extended, 1, 1), DIFFMM_ERROR_STATE,
                   "an extended data set keeps its users and items");
    diffmm_dataset_destroy(extended);
    diffmm_dataset_destroy(dataset);
}
END_TEST

static const float four_rows[] = {10, 11, 12, 13};

static int load_rows(size_t first, size_t rows, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < rows; i++)
        out[i] = four_rows[first + i];
    return 0;
}

static void expect_feature(const diffmm_dataset *dataset, size_t modality, const char *id,
                           float wanted)
{
    int32_t item;
    float feature;
    expect_success(diffmm_dataset_find_item(dataset, id, &item));
    expect_success(diffmm_dataset_features(dataset, modality, (size_t)item, 1, &feature));
    ck_assert_float_eq(feature, wanted);
}

/* Rows stay with their items where others have gone: rows of declared items, and of items whose ids
 * are the numbers of the rows. */
START_TEST(features_stay_with_their_items)
{
    static const char *const declared[] = {"w", "3", "y", "z"}, *const numbers[] = {"0", "1", "2",
                                                                                    "3"};
    for (int round = 0; round < 2; round++) {
        const char *const *ids = round ? numbers : declared;
        const struct event events[] = {{"b", ids[3], 1, 1, 0}, {"a", ids[1], 1, 1, 0},
                                       {"a", ids[2], 1, 1, 0}, {"b", ids[1], 1, 1, 0},
                                       {"c", ids[0], 1, 1, 0}, {"a", ids[3], 1, 1, 0}};
        diffmm_dataset *dataset = dataset_of(NULL, 0);
        if (!round)
            expect_success(diffmm_dataset_declare_items(dataset, 4, ids));
        add_events(dataset, events, 6);
        expect_success(diffmm_dataset_add_modality_array(dataset, "array", 4, 1, four_rows, 1));
        if (!round)
            expect_success(diffmm_dataset_add_modality(dataset, "loaded", 1, load_rows, NULL));
        expect_success(diffmm_dataset_filter_core(dataset, 2, 2));
        expect_success(diffmm_dataset_seal(dataset));
        ck_assert_uint_eq(diffmm_dataset_items(dataset), 2);
        for (size_t m = 0; m < diffmm_dataset_modalities(dataset); m++) {
            expect_feature(dataset, m, ids[1], 11);
            expect_feature(dataset, m, ids[3], 13);
        }
        diffmm_dataset_destroy(dataset);
    }
}
END_TEST

/* Where only users leave, items keep their numbers, and so do those that were reserved. */
START_TEST(items_stay_as_they_are_where_only_users_leave)
{
    const struct event events[] = {{"a", "1", 1, 1, 0}, {"a", "0", 1, 1, 0}, {"b", "2", 1, 1, 0}};
    diffmm_dataset *dataset = dataset_of(events, 3);
    expect_success(diffmm_dataset_reserve(dataset, 5, 4));
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 4, 1, four_rows, 1));
    expect_success(diffmm_dataset_filter_core(dataset, 2, 0));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 1);
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 4);
    for (int32_t i = 0; i < 4; i++)
        expect_feature(dataset, 0, (const char *const[]){"0", "1", "2", "3"}[i], four_rows[i]);
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(rows_that_do_not_fit_are_refused)
{
    const struct event events[] = {{"a", "0", 1, 1, 0}, {"a", "1", 1, 1, 0}, {"b", "2", 1, 1, 0}};
    for (size_t rows = 2; rows <= 4; rows++) {
        diffmm_dataset *dataset = dataset_of(events, 3);
        expect_success(diffmm_dataset_filter_core(dataset, 2, 1));
        expect_success(diffmm_dataset_add_modality_array(dataset, "m", rows, 1, four_rows, 1));
        if (rows == 3)
            expect_success(diffmm_dataset_seal(dataset));
        else
            expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                           "there were 3 items before some were left out");
        diffmm_dataset_destroy(dataset);
    }
    const struct event texts[] = {{"a", "1", 1, 1, 0}, {"a", "2", 1, 1, 0}, {"b", "0x", 1, 1, 0}};
    diffmm_dataset *dataset = dataset_of(texts, 3);
    expect_success(diffmm_dataset_filter_core(dataset, 2, 1));
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 2, 1, four_rows, 1));
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "nothing says which of its 2 rows");
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Values of a matrix other than 1 are ratings. */
START_TEST(numbers_lose_interactions_and_stay)
{
    const int32_t user[] = {0, 0, 1, 2}, item[] = {0, 1, 1, 2};
    const double rating[] = {4, 5, 1, 5};
    const diffmm_interactions given = {
        .struct_size = sizeof given, .count = 4, .user = user, .item = item, .rating = rating};
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    const int32_t *row;
    size_t count;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions_with(dataset, DIFFMM_TRAIN, &given));
    expect_success(diffmm_dataset_filter_ratings(dataset, 4));
    expect_success(diffmm_dataset_filter_core(dataset, 2, 0));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 3);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 3);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 2);
    expect_success(diffmm_dataset_row(dataset, DIFFMM_TRAIN, 0, &row, &count));
    ck_assert_uint_eq(count, 2);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {low_ratings_go,
                                  users_without_interactions_can_be_left_out,
                                  nothing_to_filter_by,
                                  one_of_each_pair_stays,
                                  cores_are_those_of_the_definition,
                                  ids_are_numbered_anew,
                                  features_stay_with_their_items,
                                  items_stay_as_they_are_where_only_users_leave,
                                  rows_that_do_not_fit_are_refused,
                                  numbers_lose_interactions_and_stay};
    return run_tests("filters", tests, sizeof tests / sizeof *tests);
}
