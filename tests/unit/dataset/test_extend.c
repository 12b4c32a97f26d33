/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include <diffmm/diffmm.h>

#include "dataset/dataset.h"
#include "support/context.h"
#include "support/failing.h"
#include "support/failure.h"

enum { users = 3, items = 4, d = 2 };

static const float rows[items * 3] = {1, 2, 99, 3, 4, 99, 5, 6, 99, 7, 8, 99}; /* stride 3 */

static diffmm_status add(diffmm_dataset *dataset, diffmm_split split, int32_t user, int32_t item)
{
    return diffmm_dataset_add_interactions(dataset, split, 1, &user, &item);
}

static diffmm_status add_named(diffmm_dataset *dataset, const char *user, const char *item)
{
    return diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 1, &user, &item);
}

static void expect_row(const diffmm_dataset *dataset, diffmm_split split, int32_t user,
                       size_t count, const int32_t *wanted)
{
    const int32_t *row;
    size_t got;
    expect_success(diffmm_dataset_row(dataset, split, user, &row, &got));
    ck_assert_uint_eq(got, count);
    if (count)
        ck_assert_mem_eq(row, wanted, count * sizeof *wanted);
}

/* Three users and four items by number, with a borrowed modality. */
static diffmm_dataset *numbered(diffmm_context *context)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_reserve(dataset, users, items));
    expect_success(add(dataset, DIFFMM_TRAIN, 0, 2));
    expect_success(add(dataset, DIFFMM_TRAIN, 1, 0));
    expect_success(add(dataset, DIFFMM_VALID, 0, 1));
    expect_success(add(dataset, DIFFMM_TEST, 2, 3));
    expect_success(diffmm_dataset_add_modality_array(dataset, "image", items, d, rows, 3));
    expect_success(diffmm_dataset_seal(dataset));
    return dataset;
}

static diffmm_dataset *extended(const diffmm_dataset *source)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_extend(source, &dataset));
    return dataset;
}

START_TEST(begins_with_all_of_the_source)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *source = numbered(context), *more = extended(source);
    ck_assert_uint_eq(diffmm_dataset_users(more), users);
    ck_assert_uint_eq(diffmm_dataset_items(more), items);
    expect_success(diffmm_dataset_seal(more));
    diffmm_dataset_destroy(source);
    expect_row(more, DIFFMM_TRAIN, 0, 1, (int32_t[]){2});
    expect_row(more, DIFFMM_TRAIN, 1, 1, (int32_t[]){0});
    expect_row(more, DIFFMM_TRAIN, 2, 0, NULL);
    expect_row(more, DIFFMM_VALID, 0, 1, (int32_t[]){1});
    expect_row(more, DIFFMM_TEST, 2, 1, (int32_t[]){3});
    ck_assert_uint_eq(diffmm_dataset_modalities(more), 1);
    ck_assert_str_eq(diffmm_dataset_modality_name(more, 0), "image");
    float got[2 * d];
    expect_success(diffmm_dataset_features(more, 0, 1, 2, got));
    ck_assert_mem_eq(got, ((float[]){3, 4, 5, 6}), sizeof got);
    diffmm_dataset_destroy(more);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(grows_by_numbers)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *source = numbered(context), *more = extended(source);
    const float new_rows[] = {9, 10, 11, 12};
    float got[6 * d];
    expect_success(add(more, DIFFMM_TRAIN, 0, 5));
    expect_success(add(more, DIFFMM_TRAIN, 4, 2));
    expect_success(add(more, DIFFMM_TRAIN, 0, 2)); /* again: once */
    expect_failure(diffmm_dataset_seal(more), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "'image': 4 rows, but the data set has 6 items");
    expect_success(diffmm_dataset_append_features(more, "image", 0, new_rows, d));
    expect_success(diffmm_dataset_append_features(more, "image", 1, new_rows, d));
    expect_success(diffmm_dataset_append_features(more, "image", 1, new_rows + d, d));
    expect_success(diffmm_dataset_seal(more));
    ck_assert_uint_eq(diffmm_dataset_users(more), 5);
    expect_row(more, DIFFMM_TRAIN, 0, 2, (int32_t[]){2, 5});
    expect_row(more, DIFFMM_TRAIN, 4, 1, (int32_t[]){2});
    ck_assert_str_eq(diffmm_dataset_item_id(more, 5), "5");
    expect_success(diffmm_dataset_features(more, 0, 0, 6, got));
    for (size_t i = 0; i < 6 * d; i++)
        ck_assert(got[i] == (float)(i + 1));
    ck_assert_uint_eq(diffmm_dataset_items(source), items); /* as it was */
    expect_row(source, DIFFMM_TRAIN, 0, 1, (int32_t[]){2});
    diffmm_dataset *again = extended(more); /* shares what the library holds */
    diffmm_dataset_destroy(source);
    diffmm_dataset_destroy(more);
    expect_success(diffmm_dataset_seal(again));
    expect_success(diffmm_dataset_features(again, 0, 5, 1, got));
    ck_assert(got[0] == 11 && got[1] == 12);
    diffmm_dataset_destroy(again);
    diffmm_context_destroy(context);
}
END_TEST

static diffmm_dataset *named(diffmm_context *context, const char *const *ids, size_t count)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    if (ids)
        expect_success(diffmm_dataset_declare_items(dataset, count, ids));
    return dataset;
}

static void expect_item(const diffmm_dataset *dataset, const char *id, int32_t wanted)
{
    int32_t number;
    expect_success(diffmm_dataset_find_item(dataset, id, &number));
    ck_assert_int_eq(number, wanted);
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, wanted), id);
}

START_TEST(ids_keep_their_numbers)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *source = named(context, NULL, 0);
    expect_success(add_named(source, "bob", "film"));
    expect_success(add_named(source, "ann", "song"));
    expect_success(diffmm_dataset_seal(source));
    diffmm_dataset *more = extended(source);
    expect_failure(add(more, DIFFMM_TRAIN, 0, 0), DIFFMM_ERROR_STATE, "external ids");
    expect_success(add_named(more, "cid", "book"));
    expect_success(add_named(more, "ann", "film"));
    expect_success(diffmm_dataset_seal(more));
    int32_t user;
    expect_success(diffmm_dataset_find_user(more, "cid", &user));
    ck_assert_int_eq(user, 2);
    expect_item(more, "film", 0);
    expect_item(more, "song", 1);
    expect_item(more, "book", 2);
    expect_row(more, DIFFMM_TRAIN, 1, 2, (int32_t[]){0, 1});
    diffmm_dataset_destroy(source);
    diffmm_dataset_destroy(more);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(new_items_are_declared_in_the_order_of_their_rows)
{
    diffmm_context *context = new_context(0);
    const char *const old[] = {"2", "0", "1"}, *const new[] = {"9", "7"}, *const known[] = {"0"},
                      *const twice[] = {"5", "5"};
    diffmm_dataset *source = named(context, old, 3);
    expect_success(diffmm_dataset_add_modality_array(source, "image", 3, d, rows, 3));
    expect_success(add_named(source, "ann", "1"));
    expect_success(diffmm_dataset_seal(source));
    diffmm_dataset *more = extended(source);
    expect_failure(diffmm_dataset_declare_items(more, 1, known), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "ids[0] is '0', which is item 1 already");
    expect_failure(diffmm_dataset_declare_items(more, 2, twice), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "ids[1] is '5', as is ids[0]");
    expect_success(diffmm_dataset_declare_items(more, 2, new));
    expect_failure(diffmm_dataset_declare_items(more, 2, new), DIFFMM_ERROR_STATE,
                   "declared before");
    expect_failure(add_named(more, "ann", "8"), DIFFMM_ERROR_INVALID_ARGUMENT, "'8' is not among");
    expect_success(add_named(more, "ann", "7"));
    expect_success(diffmm_dataset_append_features(more, "image", 2, rows, 3));
    expect_success(diffmm_dataset_seal(more));
    expect_item(more, "2", 0);
    expect_item(more, "0", 1);
    expect_item(more, "1", 2);
    expect_item(more, "9", 3);
    expect_item(more, "7", 4);
    diffmm_dataset *third = extended(more); /* not even a number goes without a declaration */
    expect_success(diffmm_dataset_declare_items(third, 1, (const char *const[]){"3"}));
    expect_success(add_named(third, "ann", "3"));
    expect_success(diffmm_dataset_append_features(third, "image", 1, rows, 3));
    expect_success(diffmm_dataset_seal(third));
    expect_item(third, "2", 0);
    expect_item(third, "3", 5);
    diffmm_dataset_destroy(third);
    diffmm_dataset_destroy(source);
    diffmm_dataset_destroy(more);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(ids_that_are_row_numbers_stay_so)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *source = named(context, NULL, 0);
    expect_success(diffmm_dataset_add_modality_array(source, "image", 2, d, rows, 3));
    expect_success(diffmm_dataset_reserve(source, 0, 2));
    expect_success(add_named(source, "ann", "1"));
    expect_success(diffmm_dataset_seal(source));
    diffmm_dataset *more = extended(source);
    expect_success(add_named(more, "ann", "3"));
    expect_success(add_named(more, "ann", "2"));
    expect_success(diffmm_dataset_append_features(more, "image", 2, rows, 3));
    expect_success(diffmm_dataset_seal(more));
    for (int32_t i = 0; i < 4; i++)
        expect_item(more, (const char[]){(char)('0' + i), 0}, i);
    expect_row(more, DIFFMM_TRAIN, 0, 3, (int32_t[]){1, 2, 3});
    diffmm_dataset_destroy(source);
    diffmm_dataset_destroy(more);
    diffmm_context_destroy(context);
}
END_TEST

static int load_number(size_t first, size_t count, float *out, void *user_data)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)(first + i);
    return *(int *)user_data;
}

START_TEST(a_loader_gives_new_items_too)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *source;
    int result = 0;
    float got[600];
    expect_success(diffmm_dataset_create(context, &source));
    expect_success(add(source, DIFFMM_TRAIN, 0, 599));
    expect_success(diffmm_dataset_add_modality(source, "sound", 1, load_number, &result));
    expect_success(diffmm_dataset_seal(source));
    diffmm_dataset *more = extended(source);
    expect_failure(diffmm_dataset_append_features(more, "sound", 1, rows, 1), DIFFMM_ERROR_STATE,
                   "'sound': its loader");
    expect_success(diffmm_dataset_reserve(more, 0, 900));
    expect_success(diffmm_dataset_seal(more));
    expect_success(diffmm_dataset_features(more, 0, 300, 600, got));
    for (size_t i = 0; i < 600; i++)
        ck_assert(got[i] == (float)(300 + i));
    result = 7;
    expect_failure(diffmm_dataset_features(more, 0, 10, 2, got), DIFFMM_ERROR_CALLBACK,
                   "'sound': its loader returned 7 for items 10 to 11");
    diffmm_dataset_destroy(source);
    diffmm_dataset_destroy(more);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(bad_input)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *source = numbered(context), *more = extended(source), *out = source;
    float got[d] = {5, 5};
    expect_failure(diffmm_dataset_extend(NULL, &out), DIFFMM_ERROR_INVALID_ARGUMENT, "source");
    expect_failure(diffmm_dataset_extend(source, NULL), DIFFMM_ERROR_INVALID_ARGUMENT, "out");
    expect_failure(diffmm_dataset_extend(more, &out), DIFFMM_ERROR_STATE, "not sealed");
    ck_assert_ptr_eq(out, source);
    expect_failure(diffmm_dataset_append_features(NULL, "image", 1, rows, d),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "dataset");
    expect_failure(diffmm_dataset_append_features(source, "image", 1, rows, d), DIFFMM_ERROR_STATE,
                   "sealed");
    expect_failure(diffmm_dataset_append_features(more, NULL, 1, rows, d),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "name");
    expect_failure(diffmm_dataset_append_features(more, "text", 1, rows, d), DIFFMM_ERROR_NOT_FOUND,
                   "no modality 'text'");
    expect_failure(diffmm_dataset_append_features(more, "image", 1, NULL, d),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "features");
    expect_failure(diffmm_dataset_append_features(more, "image", 1, rows, 1),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "stride 1 is less than its 2 features");
    expect_failure(diffmm_dataset_append_features(more, "image", (size_t)INT32_MAX, rows, d),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "2147483647 more rows than 4");
    expect_failure(diffmm_dataset_features(NULL, 0, 0, 1, got), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "dataset");
    expect_failure(diffmm_dataset_features(more, 0, 0, 1, got), DIFFMM_ERROR_STATE, "not sealed");
    expect_failure(diffmm_dataset_features(source, 1, 0, 1, got), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "index is 1");
    expect_failure(diffmm_dataset_features(source, 0, 3, 2, got), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "2 items from 3 on");
    expect_failure(diffmm_dataset_features(source, 0, 5, 0, got), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "beyond the 4 items");
    expect_failure(diffmm_dataset_features(source, 0, 0, 1, NULL), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "out");
    ck_assert(got[0] == 5 && got[1] == 5);
    expect_success(diffmm_dataset_reserve(more, 0, items + 1));
    expect_success(diffmm_dataset_append_features(more, "image", 1, (float[]){1, NAN}, d));
    expect_failure(diffmm_dataset_seal(more), DIFFMM_ERROR_NUMERIC,
                   "'image': feature 1 of item 4 is not finite");
    diffmm_dataset_destroy(source);
    diffmm_dataset_destroy(more);
    diffmm_context_destroy(context);
}
END_TEST

static diffmm_status extend_and_seal(void *argument)
{
    diffmm_dataset *more;
    diffmm_status status = diffmm_dataset_extend(argument, &more);
    if (status)
        return status;
    const char *const user = "new", *const item = "other";
    status = diffmm_dataset_declare_items(more, 1, &item);
    if (!status)
        status = diffmm_dataset_add_named_interactions(more, DIFFMM_TRAIN, 1, &user, &item);
    if (!status)
        status = diffmm_dataset_append_features(more, "image", 1, rows, d);
    if (!status)
        status = diffmm_dataset_seal(more);
    diffmm_dataset_destroy(more);
    return status;
}

START_TEST(failing_allocations)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    diffmm_dataset *source = named(context, (const char *const[]){"film"}, 1);
    expect_success(add_named(source, "ann", "film"));
    expect_success(diffmm_dataset_add_modality_array(source, "image", 1, d, rows, 3));
    expect_success(diffmm_dataset_seal(source));
    ck_assert_uint_ge(fail_each_allocation(&failing, extend_and_seal, source), 20);
    diffmm_dataset_destroy(source);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {begins_with_all_of_the_source,
                                  grows_by_numbers,
                                  ids_keep_their_numbers,
                                  new_items_are_declared_in_the_order_of_their_rows,
                                  ids_that_are_row_numbers_stay_so,
                                  a_loader_gives_new_items_too,
                                  bad_input,
                                  failing_allocations};
    return run_tests("extend", tests, sizeof tests / sizeof *tests) != 0;
}
