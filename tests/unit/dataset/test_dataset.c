/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/dataset.h"

#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"

static diffmm_dataset *new_dataset(diffmm_context *context)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    return dataset;
}

static diffmm_status add(diffmm_dataset *dataset, diffmm_split split, int32_t user, int32_t item)
{
    return diffmm_dataset_add_interactions(dataset, split, 1, &user, &item);
}

static diffmm_status add_named(diffmm_dataset *dataset, diffmm_split split, const char *user,
                               const char *item)
{
    return diffmm_dataset_add_named_interactions(dataset, split, 1, &user, &item);
}

static void check_row(const diffmm_dataset *dataset, diffmm_split split, int32_t user, size_t count,
                      const int32_t *wanted)
{
    const int32_t *items;
    size_t got;
    expect_success(diffmm_dataset_row(dataset, split, user, &items, &got));
    ck_assert_uint_eq(got, count);
    if (count)
        ck_assert_mem_eq(items, wanted, count * sizeof *wanted);
}

START_TEST(numbers)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    const int32_t user[] = {2, 0, 2, 2}, item[] = {5, 1, 0, 5};
    int32_t number;
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 4, user, item));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 3);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 6);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 4);
    expect_success(add(dataset, DIFFMM_TEST, 3, 7));
    expect_success(add(dataset, DIFFMM_VALID, 0, 2));
    expect_success(diffmm_dataset_reserve(dataset, 1, 9));
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 4);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 9);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 3);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_VALID), 1);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TEST), 1);
    check_row(dataset, DIFFMM_TRAIN, 2, 2, (int32_t[]){0, 5});
    check_row(dataset, DIFFMM_TRAIN, 1, 0, NULL);
    check_row(dataset, DIFFMM_TEST, 3, 1, (int32_t[]){7});
    check_row(dataset, DIFFMM_VALID, 0, 1, (int32_t[]){2});
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 8), "8");
    ck_assert_ptr_null(diffmm_dataset_item_id(dataset, 9));
    ck_assert_ptr_null(diffmm_dataset_user_id(dataset, -1));
    expect_success(diffmm_dataset_find_user(dataset, "3", &number));
    ck_assert_int_eq(number, 3);
    expect_failure(diffmm_dataset_find_user(dataset, "4", &number), DIFFMM_ERROR_NOT_FOUND,
                   "user '4'");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(ids_are_numbered_as_they_appear)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    const char *user[] = {"u17", "u2", "u17", "u17"}, *item[] = {"b", "a", "c", "b"};
    int32_t number;
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 4, user, item));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 2);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 3);
    expect_success(add_named(dataset, DIFFMM_TEST, "u3", "d"));
    ck_assert_ptr_null(diffmm_dataset_user_id(dataset, 0)); /* not before sealing */
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 3);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 4);
    ck_assert_str_eq(diffmm_dataset_user_id(dataset, 0), "u17");
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 2), "c");
    expect_success(diffmm_dataset_find_item(dataset, "a", &number));
    ck_assert_int_eq(number, 1);
    check_row(dataset, DIFFMM_TRAIN, 0, 2, (int32_t[]){0, 2});
    expect_failure(diffmm_dataset_find_item(dataset, "e", &number), DIFFMM_ERROR_NOT_FOUND,
                   "item 'e'");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(declared_items_keep_their_order)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    const char *ids[] = {"2", "1", "0"};
    const float features[3] = {0};
    expect_success(diffmm_dataset_declare_items(dataset, 3, ids));
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 3);
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 3, 1, features, 1));
    expect_failure(add_named(dataset, DIFFMM_TRAIN, "u", "3"), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "item '3' is not among the 3 declared items");
    expect_success(add_named(dataset, DIFFMM_TRAIN, "u", "1"));
    expect_failure(diffmm_dataset_declare_items(dataset, 3, ids), DIFFMM_ERROR_STATE, "before");
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 0), "2");
    check_row(dataset, DIFFMM_TRAIN, 0, 1, (int32_t[]){1});
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

/* Every item id is the number of a feature row: then it is the item's number. */
START_TEST(ids_that_are_row_numbers)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    const char *user[] = {"7", "5", "7"}, *item[] = {"3", "0", "2"};
    const float features[5] = {0};
    int32_t number;
    expect_success(diffmm_dataset_reserve(dataset, 0, 5));
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
    expect_success(diffmm_dataset_add_modality_array(dataset, "m", 5, 1, features, 1));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 5);
    for (int32_t i = 0; i < 5; i++) {
        char id[2] = {(char)('0' + i), 0};
        ck_assert_str_eq(diffmm_dataset_item_id(dataset, i), id);
        expect_success(diffmm_dataset_find_item(dataset, id, &number));
        ck_assert_int_eq(number, i);
    }
    check_row(dataset, DIFFMM_TRAIN, 0, 2, (int32_t[]){2, 3});
    check_row(dataset, DIFFMM_TRAIN, 1, 1, (int32_t[]){0});
    ck_assert_str_eq(diffmm_dataset_user_id(dataset, 0), "7"); /* users as they appear */
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

static int load_zeros(size_t first, size_t count, float *out, void *user_data)
{
    (void)first;
    (void)user_data;
    memset(out, 0, count * sizeof *out);
    return 0;
}

/* One id that is no number at all, or features from a loader alone: order of appearance. */
START_TEST(ids_that_are_not_all_row_numbers)
{
    diffmm_context *context = new_context(0);
    const char *others[] = {"x", "1a", "-", "1.5", ".0", "1e0", "+-1"};
    const float features[2] = {0};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        diffmm_dataset *dataset = new_dataset(context);
        expect_success(add_named(dataset, DIFFMM_TRAIN, "u", "1"));
        expect_success(add_named(dataset, DIFFMM_TRAIN, "u", others[i]));
        expect_success(diffmm_dataset_add_modality_array(dataset, "m", 2, 1, features, 1));
        expect_invalid(diffmm_dataset_seal(dataset), "nothing says which of its 2 rows is item '");
        diffmm_dataset_destroy(dataset);
    }
    diffmm_dataset *dataset = new_dataset(context);
    expect_success(add_named(dataset, DIFFMM_TRAIN, "u", "1"));
    expect_success(diffmm_dataset_add_modality(dataset, "m", 1, load_zeros, NULL));
    expect_invalid(diffmm_dataset_seal(dataset), "nothing says which number its loader knows");
    expect_success(diffmm_dataset_reserve(dataset, 1, 2)); /* 0 is there, too */
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 2);
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 1), "1");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(reserved_places_are_named_by_number)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    int32_t number;
    expect_success(add_named(dataset, DIFFMM_TRAIN, "u", "i"));
    expect_success(diffmm_dataset_reserve(dataset, 3, 1));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 3);
    ck_assert_str_eq(diffmm_dataset_user_id(dataset, 2), "2");
    expect_success(diffmm_dataset_find_user(dataset, "1", &number));
    ck_assert_int_eq(number, 1);
    diffmm_dataset_destroy(dataset);

    dataset = new_dataset(context);
    expect_success(add_named(dataset, DIFFMM_TRAIN, "2", "i"));
    expect_success(diffmm_dataset_reserve(dataset, 3, 1));
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT, "user id '2'");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(numbers_and_ids_do_not_mix)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    const char *id = "i";
    expect_success(add(dataset, DIFFMM_TRAIN, 0, 0));
    expect_failure(add_named(dataset, DIFFMM_TRAIN, "u", "i"), DIFFMM_ERROR_STATE, "by number");
    expect_failure(diffmm_dataset_declare_items(dataset, 1, &id), DIFFMM_ERROR_STATE, "by number");
    diffmm_dataset_destroy(dataset);
    dataset = new_dataset(context);
    expect_success(add_named(dataset, DIFFMM_TRAIN, "u", "i"));
    expect_failure(add(dataset, DIFFMM_TRAIN, 0, 0), DIFFMM_ERROR_STATE, "external ids");
    expect_failure(diffmm_dataset_declare_items(dataset, 1, &id), DIFFMM_ERROR_STATE, "before");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(a_failed_seal_can_be_mended)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    const int32_t *items;
    size_t count;
    int32_t number;
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT, "no training");
    expect_success(add_named(dataset, DIFFMM_TEST, "u", "i"));
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT, "no training");
    expect_failure(diffmm_dataset_row(dataset, DIFFMM_TRAIN, 0, &items, &count), DIFFMM_ERROR_STATE,
                   "not sealed");
    expect_failure(diffmm_dataset_find_user(dataset, "u", &number), DIFFMM_ERROR_STATE,
                   "not sealed");
    expect_failure(diffmm_dataset_find_item(dataset, "i", &number), DIFFMM_ERROR_STATE,
                   "not sealed");
    expect_success(add_named(dataset, DIFFMM_TRAIN, "v", "j"));
    expect_success(diffmm_dataset_seal(dataset));
    check_row(dataset, DIFFMM_TRAIN, 1, 1, (int32_t[]){1});
    const char *id = "k";
    expect_failure(add_named(dataset, DIFFMM_TRAIN, "v", "j"), DIFFMM_ERROR_STATE, "sealed");
    expect_failure(add(dataset, DIFFMM_TRAIN, 0, 0), DIFFMM_ERROR_STATE, "sealed");
    expect_failure(diffmm_dataset_reserve(dataset, 9, 9), DIFFMM_ERROR_STATE, "sealed");
    expect_failure(diffmm_dataset_declare_items(dataset, 1, &id), DIFFMM_ERROR_STATE, "sealed");
    expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, "a.tsv"),
                   DIFFMM_ERROR_STATE, "sealed");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(wrong_arguments)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context), *out = NULL;
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int32_t good[] = {0, 1}, negative[] = {0, -1}, large[] = {0, INT32_MAX};
    const char *names[] = {"a", "b"}, *missing[] = {"a", NULL}, *empty[] = {"a", ""},
               *bytes[] = {"a", "\xff"}, *twice[] = {"a", "a"};
    expect_failure(diffmm_dataset_create(NULL, &out), invalid, "context");
    expect_failure(diffmm_dataset_create(context, NULL), invalid, "out");
    expect_failure(diffmm_dataset_add_interactions(NULL, DIFFMM_TRAIN, 2, good, good), invalid,
                   "dataset");
    expect_failure(diffmm_dataset_add_interactions(dataset, (diffmm_split)3, 2, good, good),
                   invalid, "split 3");
    expect_failure(diffmm_dataset_add_interactions(dataset, (diffmm_split)-1, 2, good, good),
                   invalid, "split -1");
    expect_failure(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 2, NULL, good), invalid,
                   "user");
    expect_failure(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 2, good, NULL), invalid,
                   "item");
    expect_failure(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 2, negative, good),
                   invalid, "user[1] is -1");
    expect_failure(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 2, good, large), invalid,
                   "item[1] is 2147483647");
    expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 0, NULL, NULL));
    expect_failure(diffmm_dataset_add_named_interactions(NULL, DIFFMM_TRAIN, 2, names, names),
                   invalid, "dataset");
    expect_failure(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 2, NULL, names),
                   invalid, "user");
    expect_failure(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 2, names, NULL),
                   invalid, "item");
    expect_failure(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 2, missing, names),
                   invalid, "user[1] is NULL");
    expect_failure(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 2, names, empty),
                   invalid, "item[1] is empty");
    expect_failure(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 2, names, bytes),
                   invalid, "item[1] is not UTF-8");
    expect_failure(diffmm_dataset_declare_items(NULL, 2, names), invalid, "dataset");
    expect_failure(diffmm_dataset_declare_items(dataset, 2, NULL), invalid, "ids");
    expect_failure(diffmm_dataset_declare_items(dataset, 0, names), invalid, "count");
    expect_failure(diffmm_dataset_declare_items(dataset, 2, twice), invalid, "ids[1] is 'a'");
    expect_failure(diffmm_dataset_declare_items(dataset, 2, missing), invalid, "ids[1] is NULL");
    expect_failure(diffmm_dataset_read_interactions(NULL, DIFFMM_TRAIN, "a.tsv"), invalid,
                   "dataset");
    expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, NULL), invalid, "path");
    expect_failure(diffmm_dataset_read_interactions(dataset, (diffmm_split)9, "a.tsv"), invalid,
                   "9");
    expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, "a.xyz"), invalid,
                   "a.xyz");
    expect_failure(diffmm_dataset_reserve(NULL, 1, 1), invalid, "dataset");
    expect_failure(diffmm_dataset_reserve(dataset, (size_t)INT32_MAX + 1, 1), invalid, "users");
    expect_failure(diffmm_dataset_reserve(dataset, 1, SIZE_MAX), invalid, "items");
    expect_failure(diffmm_dataset_seal(NULL), invalid, "dataset");
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 0);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 0);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 0);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(wrong_questions)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int32_t *items;
    size_t count;
    int32_t number;
    expect_success(add(dataset, DIFFMM_TRAIN, 0, 0));
    expect_success(diffmm_dataset_seal(dataset));
    expect_failure(diffmm_dataset_row(NULL, DIFFMM_TRAIN, 0, &items, &count), invalid, "dataset");
    expect_failure(diffmm_dataset_row(dataset, (diffmm_split)5, 0, &items, &count), invalid,
                   "split 5");
    expect_failure(diffmm_dataset_row(dataset, DIFFMM_TRAIN, -1, &items, &count), invalid,
                   "user -1");
    expect_failure(diffmm_dataset_row(dataset, DIFFMM_TRAIN, 1, &items, &count), invalid, "user 1");
    expect_failure(diffmm_dataset_row(dataset, DIFFMM_TRAIN, 0, NULL, &count), invalid, "items");
    expect_failure(diffmm_dataset_row(dataset, DIFFMM_TRAIN, 0, &items, NULL), invalid, "count");
    expect_failure(diffmm_dataset_find_user(NULL, "0", &number), invalid, "dataset");
    expect_failure(diffmm_dataset_find_user(dataset, NULL, &number), invalid, "id");
    expect_failure(diffmm_dataset_find_user(dataset, "0", NULL), invalid, "user");
    expect_failure(diffmm_dataset_find_item(NULL, "0", &number), invalid, "dataset");
    expect_failure(diffmm_dataset_find_item(dataset, NULL, &number), invalid, "id");
    expect_failure(diffmm_dataset_find_item(dataset, "0", NULL), invalid, "item");
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, (diffmm_split)5), 0);
    ck_assert_uint_eq(diffmm_dataset_users(NULL), 0);
    ck_assert_uint_eq(diffmm_dataset_items(NULL), 0);
    ck_assert_uint_eq(diffmm_dataset_interactions(NULL, DIFFMM_TRAIN), 0);
    ck_assert_uint_eq(diffmm_dataset_modalities(NULL), 0);
    ck_assert_ptr_null(diffmm_dataset_modality_name(NULL, 0));
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(NULL, 0), 0);
    ck_assert_ptr_null(diffmm_dataset_user_id(NULL, 0));
    ck_assert_ptr_null(diffmm_dataset_item_id(NULL, 0));
    diffmm_dataset_destroy(dataset);
    diffmm_dataset_destroy(NULL);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(the_last_holder_ends_it)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context);
    diffmm_context_destroy(context);
    ck_assert_ptr_eq(diffmm__dataset_retain(dataset), dataset);
    diffmm_dataset_destroy(dataset);
    expect_success(add(dataset, DIFFMM_TRAIN, 0, 0));
    diffmm_dataset_destroy(dataset);
    ck_assert_ptr_null(diffmm__dataset_retain(NULL));
}
END_TEST

/* An allocator that fails once, or from there on, when `left` allocations have been made. */
struct budget {
    size_t left;
    int fails_on;
    size_t live;
};

static void *budget_allocate(size_t size, void *user_data)
{
    struct budget *budget = user_data;
    if (budget->left == 0) {
        if (!budget->fails_on)
            budget->left = SIZE_MAX;
        return NULL;
    }
    budget->left--;
    budget->live++;
    return malloc(size);
}

static void budget_release(void *pointer, void *user_data)
{
    struct budget *budget = user_data;
    budget->live--;
    free(pointer);
}

static diffmm_status fill_and_seal(diffmm_context *context, const char *table, const char *array)
{
    diffmm_dataset *dataset;
    const char *ids[] = {"c", "b", "a"}, *user[] = {"u", "v"}, *item[] = {"a", "b"};
    diffmm_status status = diffmm_dataset_create(context, &dataset);
    if (status)
        return status;
    status = diffmm_dataset_declare_items(dataset, 3, ids);
    if (!status)
        status = diffmm_dataset_add_named_interactions(dataset, DIFFMM_VALID, 2, user, item);
    if (!status)
        status = diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, table);
    if (!status)
        status = diffmm_dataset_read_modality(dataset, "m", array);
    if (!status)
        status = diffmm_dataset_seal(dataset);
    diffmm_dataset_destroy(dataset);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    struct folder folder = folder_begin();
    struct bytes bytes = {.size = 0};
    const float features[3] = {1, 2, 3};
    bytes_add_npy(&bytes, "<f4", "(3, 1)", 0, features, sizeof features);
    struct path array = folder_write(&folder, "m.npy", bytes.data, bytes.size);
    struct path table =
        folder_write_text(&folder, "clicks.csv", "user,item\nu,\"a\"\n\"w\"\"x\",b\n");
    for (int fails_on = 0; fails_on < 2; fails_on++) {
        struct budget budget = {.left = SIZE_MAX, .fails_on = fails_on};
        diffmm_context_settings settings = {.struct_size = sizeof settings,
                                            .threads = 1,
                                            .allocate = budget_allocate,
                                            .release = budget_release,
                                            .allocator_data = &budget};
        diffmm_context *context;
        expect_success(diffmm_context_create(&settings, &context));
        size_t live = budget.live, n = 0;
        diffmm_status status = DIFFMM_ERROR_NO_MEMORY;
        for (; status; n++) {
            budget.left = n;
            status = fill_and_seal(context, table.text, array.text);
            if (status)
                expect_failure(status, DIFFMM_ERROR_NO_MEMORY, "memory");
            ck_assert_uint_eq(budget.live, live);
            ck_assert_uint_lt(n, 200);
        }
        ck_assert_uint_gt(n, 20);
        budget.left = SIZE_MAX;
        diffmm_context_destroy(context);
        ck_assert_uint_eq(budget.live, 0);
    }
    folder_end(&folder);
}
END_TEST

/* Users and items are nodes of one graph: together more than an int32_t counts are refused at once,
 * before memory is asked for. */
START_TEST(too_many_nodes)
{
    struct budget budget = {.left = SIZE_MAX};
    diffmm_context_settings settings = {.struct_size = sizeof settings,
                                        .allocate = budget_allocate,
                                        .release = budget_release,
                                        .allocator_data = &budget};
    diffmm_context *context;
    diffmm_dataset *data;
    expect_success(diffmm_context_create(&settings, &context));
    const int32_t zero = 0;
    expect_success(diffmm_dataset_create(context, &data));
    expect_success(diffmm_dataset_add_interactions(data, DIFFMM_TRAIN, 1, &zero, &zero));
    expect_success(diffmm_dataset_reserve(data, 1 << 30, 1 << 30));
    size_t live = budget.live;
    budget.left = 10;
    expect_failure(diffmm_dataset_seal(data), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "the data set has 1073741824 users and 1073741824 items, together more than "
                   "2147483647");
    ck_assert_uint_eq(budget.live, live);
    diffmm_dataset_destroy(data);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {numbers,
                                  ids_are_numbered_as_they_appear,
                                  declared_items_keep_their_order,
                                  ids_that_are_row_numbers,
                                  ids_that_are_not_all_row_numbers,
                                  reserved_places_are_named_by_number,
                                  numbers_and_ids_do_not_mix,
                                  a_failed_seal_can_be_mended,
                                  wrong_arguments,
                                  wrong_questions,
                                  the_last_holder_ends_it,
                                  every_allocation_may_fail,
                                  too_many_nodes};
    return run_tests("dataset", tests, sizeof tests / sizeof *tests);
}
