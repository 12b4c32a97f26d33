/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/join_splits.h"

#include <string.h>

#include "support/context.h"
#include "support/failing.h"
#include "support/failure.h"

static const float features[] = {1, 2, 3, 4, 5, 6};

static int load_titles(size_t first, size_t count, float *out, void *user_data)
{
    (void)user_data;
    for (size_t i = 0; i < count; i++)
        out[i] = 10 + (float)(first + i);
    return 0;
}

/* (ada, x) is in all three splits, (bob, y) in two. Item z has no interaction but one for testing,
 * user eve none but one for validation. The rows of two modalities have ids. */
static diffmm_dataset *named(diffmm_context *context)
{
    static const char *const items[] = {"x", "z", "y"};
    static const struct {
        diffmm_split split;
        const char *user, *item;
    } pairs[] = {{DIFFMM_TRAIN, "bob", "y"}, {DIFFMM_TRAIN, "ada", "x"}, {DIFFMM_VALID, "ada", "x"},
                 {DIFFMM_VALID, "eve", "x"}, {DIFFMM_TEST, "ada", "x"},  {DIFFMM_TEST, "bob", "y"},
                 {DIFFMM_TEST, "ada", "z"}};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_declare_items(dataset, 3, items));
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        expect_success(diffmm_dataset_add_named_interactions(dataset, pairs[i].split, 1,
                                                             &pairs[i].user, &pairs[i].item));
    expect_success(diffmm_dataset_add_modality_array(dataset, "cover", 3, 2, features, 2));
    expect_success(diffmm_dataset_add_modality(dataset, "title", 1, load_titles, NULL));
    expect_success(diffmm_dataset_name_rows(dataset, "title", 2, (const char *const[]){"y", "x"}));
    expect_success(diffmm_dataset_add_modality_array(dataset, "sound", 2, 1, features, 1));
    expect_success(diffmm_dataset_name_rows(dataset, "sound", 2, (const char *const[]){"z", "y"}));
    expect_success(diffmm_dataset_seal(dataset));
    return dataset;
}

static void expect_row(const diffmm_dataset *dataset, const char *user, size_t count,
                       const char *const *wanted)
{
    int32_t number;
    const int32_t *items;
    size_t found;
    expect_success(diffmm_dataset_find_user(dataset, user, &number));
    expect_success(diffmm_dataset_row(dataset, DIFFMM_TRAIN, number, &items, &found));
    ck_assert_uint_eq(found, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(diffmm_dataset_item_id(dataset, items[i]), wanted[i]);
}

START_TEST(every_interaction_is_training_once)
{
    diffmm_context *context = new_context(1);
    diffmm_dataset *source = named(context), *joined;
    float got[6];
    expect_success(diffmm__join_splits(source, &joined));
    for (int32_t i = 0; i < 3; i++) {
        ck_assert_str_eq(diffmm_dataset_user_id(joined, i), diffmm_dataset_user_id(source, i));
        ck_assert_str_eq(diffmm_dataset_item_id(joined, i), diffmm_dataset_item_id(source, i));
    }
    diffmm_dataset_destroy(source);
    ck_assert_uint_eq(diffmm_dataset_users(joined), 3);
    ck_assert_uint_eq(diffmm_dataset_items(joined), 3);
    ck_assert_uint_eq(diffmm_dataset_interactions(joined, DIFFMM_TRAIN), 4);
    ck_assert_uint_eq(diffmm_dataset_interactions(joined, DIFFMM_VALID), 0);
    ck_assert_uint_eq(diffmm_dataset_interactions(joined, DIFFMM_TEST), 0);
    expect_row(joined, "ada", 2, (const char *const[]){"x", "z"});
    expect_row(joined, "bob", 1, (const char *const[]){"y"});
    expect_row(joined, "eve", 1, (const char *const[]){"x"});
    expect_success(diffmm_dataset_features(joined, 0, 0, 3, got));
    ck_assert_mem_eq(got, features, sizeof got);
    for (size_t i = 0; i < 3; i++) {
        static const float title[] = {11, 0, 10}, sound[] = {0, 1, 2}; /* x, z, y */
        expect_success(diffmm_dataset_features(joined, 1, i, 1, &got[0]));
        expect_success(diffmm_dataset_features(joined, 2, i, 1, &got[1]));
        ck_assert(got[0] == title[i] && got[1] == sound[i]);
    }
    expect_success(diffmm_dataset_seal(joined)); /* it is */
    expect_failure(diffmm_dataset_reserve(joined, 9, 9), DIFFMM_ERROR_STATE, "sealed");
    diffmm_dataset_destroy(joined);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(numbers_stay_numbers)
{
    static const int32_t user[] = {0, 1}, item[] = {1, 0};
    diffmm_context *context = new_context(1);
    diffmm_dataset *source, *joined;
    int32_t number;
    expect_success(diffmm_dataset_create(context, &source));
    expect_success(diffmm_dataset_reserve(source, 4, 5));
    expect_success(diffmm_dataset_add_interactions(source, DIFFMM_TRAIN, 2, user, item));
    expect_success(diffmm_dataset_seal(source));
    expect_success(diffmm__join_splits(source, &joined));
    diffmm_dataset_destroy(source);
    ck_assert_uint_eq(diffmm_dataset_users(joined), 4);
    ck_assert_uint_eq(diffmm_dataset_items(joined), 5);
    ck_assert_uint_eq(diffmm_dataset_interactions(joined, DIFFMM_TRAIN), 2);
    expect_success(diffmm_dataset_find_item(joined, "4", &number));
    ck_assert_int_eq(number, 4);
    diffmm_dataset_destroy(joined);
    diffmm_context_destroy(context);
}
END_TEST

static diffmm_status join(void *argument)
{
    diffmm_dataset *joined = NULL;
    diffmm_status status = diffmm__join_splits(argument, &joined);
    ck_assert((status == DIFFMM_OK) == (joined != NULL));
    diffmm_dataset_destroy(joined);
    return status;
}

START_TEST(failing_allocations)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_dataset *source = named(context);
    ck_assert_uint_ge(fail_each_allocation(&failing, join, source), 10);
    diffmm_dataset_destroy(source);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_interaction_is_training_once, numbers_stay_numbers,
                                  failing_allocations};
    return run_tests("join_splits", tests, sizeof tests / sizeof *tests) != 0;
}
