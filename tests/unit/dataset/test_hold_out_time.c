/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/context.h"
#include "support/events.h"
#include "support/failure.h"

static const struct event events[] = {
    {"a", "w", 1, 40, 0}, {"a", "x", 2, 10, 0}, {"b", "x", 3, 5, 0},
    {"a", "y", 4, 30, 0}, {"a", "z", 5, 20, 0}, {"c", "x", 6, 50, 0},
    {"b", "y", 7, 5, 0},  {"a", "x", 8, 60, 0}, {"c", "w", 9, 55, 0},
};

enum { count = sizeof events / sizeof *events };

/* a: x at 10 (and again at 60), z, y, w; b: x, then y at the same time; c: x, w. */
START_TEST(the_last_of_each_user)
{
    diffmm_dataset *dataset = dataset_of(events, count);
    expect_success(diffmm_dataset_hold_out_last(dataset, 1, 1));
    expect_rated(dataset, DIFFMM_TRAIN, "a>x:2 b>x:3 a>z:5 c>x:6");
    expect_rated(dataset, DIFFMM_VALID, "a>y:4");
    expect_rated(dataset, DIFFMM_TEST, "a>w:1 b>y:7 c>w:9");
    expect_failure(diffmm_dataset_hold_out_last(dataset, 1, 1), DIFFMM_ERROR_STATE,
                   "already holds out 1 interactions for validation and 3 for test");
    diffmm_dataset_destroy(dataset);
    dataset = dataset_of(events, count);
    expect_success(diffmm_dataset_hold_out_last(dataset, 2, 0));
    expect_rated(dataset, DIFFMM_TRAIN, "a>x:2 b>x:3 a>z:5 c>x:6");
    expect_rated(dataset, DIFFMM_VALID, "a>w:1 a>y:4 b>y:7 c>w:9");
    diffmm_dataset_destroy(dataset);
    dataset = dataset_of(events, count);
    expect_success(diffmm_dataset_hold_out_last(dataset, SIZE_MAX, SIZE_MAX));
    expect_rated(dataset, DIFFMM_TRAIN, "a>x:2 b>x:3 c>x:6");
    expect_rated(dataset, DIFFMM_VALID, "");
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(all_from_a_moment_on)
{
    diffmm_dataset *dataset = dataset_of(events, count);
    expect_success(diffmm_dataset_hold_out_from(dataset, "1970-01-01T00:00:00.000030",
                                                "1970-01-01T00:00:00.00005Z"));
    expect_rated(dataset, DIFFMM_TRAIN, "a>x:2 b>x:3 a>z:5 b>y:7");
    expect_rated(dataset, DIFFMM_VALID, "a>w:1 a>y:4");
    expect_rated(dataset, DIFFMM_TEST, "c>x:6 c>w:9");
    diffmm_summary summary = {.struct_size = sizeof summary};
    expect_failure(diffmm_dataset_summary(dataset, &summary), DIFFMM_ERROR_STATE, "not sealed");
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm_dataset_summary(dataset, &summary));
    ck_assert_uint_eq(summary.users, 3);
    ck_assert_uint_eq(summary.items, 4);
    ck_assert_uint_eq(summary.train, 4);
    ck_assert_uint_eq(summary.valid, 2);
    ck_assert_uint_eq(summary.test, 2);
    ck_assert_uint_eq(summary.repeated, 1);
    ck_assert_uint_eq(summary.valid_cold_users, 0);
    ck_assert_uint_eq(summary.test_cold_users, 1);
    ck_assert_uint_eq(summary.valid_cold_items, 1); /* w */
    ck_assert_uint_eq(summary.test_cold_items, 1);
    ck_assert_uint_eq(summary.ratings, 9);
    ck_assert_uint_eq(summary.timestamps, 9);
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(one_of_both_splits)
{
    diffmm_dataset *dataset = dataset_of(events, count);
    expect_success(diffmm_dataset_hold_out_from(dataset, NULL, "0.00004"));
    expect_rated(dataset, DIFFMM_VALID, "");
    expect_rated(dataset, DIFFMM_TEST, "a>w:1 c>x:6 c>w:9");
    diffmm_dataset_destroy(dataset);
    dataset = dataset_of(events, count);
    expect_success(diffmm_dataset_hold_out_from(dataset, "0.00004", NULL));
    expect_rated(dataset, DIFFMM_VALID, "a>w:1 c>x:6 c>w:9");
    diffmm_dataset_destroy(dataset);
}
END_TEST

START_TEST(what_cannot_be_divided)
{
    static const struct event untimed[] = {{"a", "x", 1, 1, 0}, {"a", "y", 1, INT64_MIN, 0}};
    diffmm_dataset *dataset = dataset_of(untimed, 2);
    expect_failure(diffmm_dataset_hold_out_last(dataset, 1, 1), DIFFMM_ERROR_STATE,
                   "1 of 2 interactions have no timestamp");
    expect_failure(diffmm_dataset_hold_out_from(dataset, NULL, "2000-01-01"), DIFFMM_ERROR_STATE,
                   "1 of 2 interactions have no timestamp");
    expect_failure(diffmm_dataset_hold_out_last(dataset, 0, 0), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "nothing would be held out");
    expect_failure(diffmm_dataset_hold_out_from(dataset, NULL, NULL), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "nothing would be held out");
    expect_failure(diffmm_dataset_hold_out_from(dataset, "May", NULL),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "valid is 'May', not a number and no date");
    expect_failure(diffmm_dataset_hold_out_from(dataset, NULL, ""), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "test is ''");
    expect_failure(diffmm_dataset_hold_out_from(dataset, "2001-01-01", "2001-01-01"),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "is not before test");
    expect_split(dataset, DIFFMM_TRAIN, "a>x a>y");
    diffmm_dataset_destroy(dataset);
    dataset = dataset_of(events, count);
    expect_failure(diffmm_dataset_hold_out_from(dataset, NULL, "1969-01-01"),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "nothing would be left for training");
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), count);
    diffmm_dataset_destroy(dataset);
}
END_TEST

/* Against sorting by hand: many users with many interactions at few different times. */
START_TEST(many_users)
{
    enum { users = 40, most = 3000 };
    static int32_t user[most], item[most];
    static int64_t time[most];
    static bool had[users][most];
    size_t n = 0;
    srand(2);
    for (int i = 0; i < most; i++) {
        int u = rand() % (1 + rand() % users), v = rand() % 400;
        if (had[u][v])
            continue;
        had[u][v] = true;
        user[n] = u;
        item[n] = v;
        time[n++] = rand() % 50;
    }
    const diffmm_interactions given = {
        .struct_size = sizeof given, .count = n, .user = user, .item = item, .time = time};
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_interactions_with(dataset, DIFFMM_TRAIN, &given));
    expect_success(diffmm_dataset_hold_out_last(dataset, 3, 2));
    expect_success(diffmm_dataset_seal(dataset));
    for (size_t i = 0; i < n; i++) {
        size_t later = 0, all = 0; /* of the user, in the order of time and arrival */
        for (size_t j = 0; j < n; j++)
            if (user[j] == user[i]) {
                all++;
                later += time[j] > time[i] || (time[j] == time[i] && j > i);
            }
        diffmm_split wanted = later + 1 == all ? DIFFMM_TRAIN
                              : later < 2      ? DIFFMM_TEST
                              : later < 5      ? DIFFMM_VALID
                                               : DIFFMM_TRAIN;
        const int32_t *row;
        size_t size;
        bool found = false;
        expect_success(diffmm_dataset_row(dataset, wanted, user[i], &row, &size));
        for (size_t k = 0; k < size; k++)
            found |= row[k] == item[i];
        ck_assert_msg(found, "interaction %zu is not in split %d", i, (int)wanted);
    }
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_last_of_each_user, all_from_a_moment_on, one_of_both_splits,
                                  what_cannot_be_divided, many_users};
    return run_tests("hold_out_time", tests, sizeof tests / sizeof *tests);
}
