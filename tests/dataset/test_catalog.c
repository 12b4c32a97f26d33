/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/catalog.h"

#include "../support/files.h"
#include "base/memory.h"
#include "dataset/interner.h"
#include "dataset/rows.h"

/* Names from texts that end with a comma each. */
static diffmm_status index_names(diffmm_context *context, const char *list, const char *what,
                                 struct diffmm__names *out)
{
    size_t size = strlen(list), count = 0;
    char *text = diffmm__allocate(context, size, 1);
    int64_t *offsets = diffmm__allocate(context, size + 1, sizeof *offsets);
    offsets[0] = 0;
    for (size_t i = 0; i < size; i++) {
        text[i] = list[i] == ',' ? 0 : list[i];
        if (list[i] == ',')
            offsets[++count] = (int64_t)i + 1;
    }
    return diffmm__names_index(context, count, text, offsets, what, out);
}

START_TEST(names_are_found)
{
    diffmm_context *context = test_context();
    struct diffmm__names names;
    int32_t number = -5;
    test_succeeds(index_names(context, "u17,\xc3\xa4pfel,0, ,u1,", "user", &names));
    ck_assert_uint_eq(names.count, 5);
    const char *wanted[] = {"u17", "\xc3\xa4pfel", "0", " ", "u1"};
    for (int32_t i = 0; i < 5; i++) {
        ck_assert_str_eq(diffmm__names_text(&names, i), wanted[i]);
        test_succeeds(diffmm__names_find(&names, wanted[i], "user", &number));
        ck_assert_int_eq(number, i);
    }
    ck_assert_ptr_null(diffmm__names_text(&names, 5));
    ck_assert_ptr_null(diffmm__names_text(&names, -1));
    test_fails(diffmm__names_find(&names, "u2", "user", &number), DIFFMM_ERROR_NOT_FOUND,
               "user 'u2'");
    ck_assert_int_eq(number, 4);
    diffmm__names_end(context, &names);
    test_fails(index_names(context, "u17,,u1,", "user", &names), DIFFMM_ERROR_FORMAT,
               "user id 1 is empty");
    test_fails(index_names(context, "u17,u\xff,u1,", "user", &names), DIFFMM_ERROR_FORMAT,
               "user id 1 is not UTF-8");
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(repeated_names_are_refused)
{
    diffmm_context *context = test_context();
    struct diffmm__names names;
    test_fails(index_names(context, "a,b,a,", "item", &names), DIFFMM_ERROR_INVALID_ARGUMENT,
               "item id 'a'");
    diffmm_context_destroy(context);
}
END_TEST

static diffmm_status index_offsets(diffmm_context *context, int64_t first, int64_t second,
                                   int64_t third)
{
    struct diffmm__names names;
    char *text = diffmm__allocate(context, 4, 1);
    int64_t *offsets = diffmm__allocate(context, 3, sizeof *offsets);
    memcpy(text, "a\0b\0", 4);
    offsets[0] = first;
    offsets[1] = second;
    offsets[2] = third;
    diffmm_status status = diffmm__names_index(context, 2, text, offsets, "item", &names);
    if (!status)
        diffmm__names_end(context, &names);
    return status;
}

START_TEST(broken_offsets_are_refused)
{
    diffmm_context *context = test_context();
    test_succeeds(index_offsets(context, 0, 2, 4));
    test_fails(index_offsets(context, 1, 2, 4), DIFFMM_ERROR_FORMAT, "offset 0");
    test_fails(index_offsets(context, 0, 3, 4), DIFFMM_ERROR_FORMAT, "item id 0");
    test_fails(index_offsets(context, 0, 4, 4), DIFFMM_ERROR_FORMAT, "item id 0");
    test_fails(index_offsets(context, 0, 9, 4), DIFFMM_ERROR_FORMAT, "item id 0");
    test_fails(index_offsets(context, 0, -9, 4), DIFFMM_ERROR_FORMAT, "item id 0");
    test_fails(index_offsets(context, 0, 2, 3), DIFFMM_ERROR_FORMAT, "item id 1");
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(numeric_names)
{
    diffmm_context *context = test_context();
    struct diffmm__names names;
    test_succeeds(diffmm__names_numeric(context, 1234, &names));
    ck_assert(names.numeric);
    int32_t checked[] = {0, 9, 10, 99, 100, 999, 1000, 1233};
    for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) {
        char text[16];
        int32_t number;
        snprintf(text, sizeof text, "%d", (int)checked[i]);
        ck_assert_str_eq(diffmm__names_text(&names, checked[i]), text);
        test_succeeds(diffmm__names_find(&names, text, "item", &number));
        ck_assert_int_eq(number, checked[i]);
    }
    int32_t number;
    const char *wrong[] = {"1234", "-1", "01", "+1", "1 ", "", "x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        test_fails(diffmm__names_find(&names, wrong[i], "item", &number), DIFFMM_ERROR_NOT_FOUND,
                   wrong[i]);
    diffmm__names_end(context, &names);
    test_succeeds(diffmm__names_numeric(context, 0, &names));
    ck_assert_ptr_null(diffmm__names_text(&names, 0));
    diffmm__names_end(context, &names);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(numeric_names_of_any_count)
{
    static const size_t counts[] = {1, 9, 10, 11, 12, 99, 100, 101, 102, 999, 1000, 1001, 10001};
    diffmm_context *context = test_context();
    struct diffmm__names names;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char text[16];
        test_succeeds(diffmm__names_numeric(context, counts[i], &names));
        int length = snprintf(text, sizeof text, "%zu", counts[i] - 1);
        ck_assert_str_eq(diffmm__names_text(&names, (int32_t)counts[i] - 1), text);
        ck_assert_int_eq(names.offsets[counts[i]] - names.offsets[counts[i] - 1], length + 1);
        diffmm__names_end(context, &names);
    }
    /* What there is no memory for is refused at once. */
    test_fails(diffmm__names_numeric(context, PTRDIFF_MAX / 16, &names), DIFFMM_ERROR_NO_MEMORY,
               "address space");
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(interner_numbers_and_forgets)
{
    struct diffmm__interner interner = {0};
    char name[16];
    int32_t number;
    ck_assert_int_eq(diffmm__interner_find(&interner, "n0", 2), -1);
    for (int i = 0; i < 1000; i++) {
        int length = snprintf(name, sizeof name, "n%d", i);
        test_succeeds(diffmm__interner_add(NULL, &interner, name, (size_t)length, &number));
        ck_assert_int_eq(number, i);
    }
    test_succeeds(diffmm__interner_add(NULL, &interner, "n500", 4, &number));
    ck_assert_int_eq(number, 500);
    diffmm__interner_truncate(&interner, 500);
    ck_assert_int_eq(diffmm__interner_find(&interner, "n500", 4), -1);
    ck_assert_int_eq(diffmm__interner_find(&interner, "n499", 4), 499);
    test_succeeds(diffmm__interner_add(NULL, &interner, "n777", 4, &number));
    ck_assert_int_eq(number, 500);
    size_t length;
    ck_assert_str_eq(diffmm__interner_name(&interner, 500, &length), "n777");
    ck_assert_uint_eq(length, 4);
    diffmm__interner_truncate(&interner, 0);
    test_succeeds(diffmm__interner_add(NULL, &interner, "x", 1, &number));
    ck_assert_int_eq(number, 0);
    diffmm__interner_end(NULL, &interner);
}
END_TEST

START_TEST(rows_are_sorted_without_repetition)
{
    const int32_t user[] = {2, 0, 2, 2, 0, 2, 0}, item[] = {3, 1, 0, 3, 4, 2, 1};
    struct diffmm__rows rows;
    test_succeeds(diffmm__rows_build(NULL, 4, 5, 7, user, item, &rows));
    const int64_t pointers[] = {0, 2, 2, 5, 5};
    const int32_t items[] = {1, 4, 0, 2, 3};
    ck_assert_mem_eq(rows.pointers, pointers, sizeof pointers);
    ck_assert_mem_eq(rows.items, items, sizeof items);
    ck_assert(diffmm__rows_contain(&rows, 2, 0));
    ck_assert(diffmm__rows_contain(&rows, 2, 3));
    ck_assert(!diffmm__rows_contain(&rows, 2, 4));
    ck_assert(!diffmm__rows_contain(&rows, 2, 1));
    ck_assert(!diffmm__rows_contain(&rows, 1, 0));
    diffmm__rows_end(NULL, &rows);
    test_succeeds(diffmm__rows_build(NULL, 2, 2, 0, NULL, NULL, &rows));
    ck_assert_int_eq(rows.pointers[2], 0);
    diffmm__rows_end(NULL, &rows);
}
END_TEST

/* Against a table of booleans, for pseudo-random pairs. */
START_TEST(rows_hold_what_was_given)
{
    enum { users = 37, items = 23, count = 400 };
    int32_t user[count], item[count];
    bool present[users][items] = {{false}};
    uint32_t state = 12345;
    for (int i = 0; i < count; i++) {
        state = state * 1664525 + 1013904223;
        user[i] = (int32_t)((state >> 8) % users);
        item[i] = (int32_t)((state >> 20) % items);
        present[user[i]][item[i]] = true;
    }
    struct diffmm__rows rows;
    test_succeeds(diffmm__rows_build(NULL, users, items, count, user, item, &rows));
    for (int32_t u = 0; u < users; u++) {
        for (int32_t i = 0; i < items; i++)
            ck_assert_int_eq(diffmm__rows_contain(&rows, u, i), present[u][i]);
        for (int64_t k = rows.pointers[u] + 1; k < rows.pointers[u + 1]; k++)
            ck_assert_int_lt(rows.items[k - 1], rows.items[k]);
    }
    diffmm__rows_end(NULL, &rows);
}
END_TEST

START_TEST(catalogs_are_counted)
{
    diffmm_context *context = test_context();
    struct diffmm__catalog *catalog = diffmm__catalog_create(context);
    ck_assert_ptr_nonnull(catalog);
    diffmm_context_destroy(context); /* the catalog keeps it */
    test_succeeds(diffmm__names_numeric(catalog->context, 3, &catalog->user_names));
    ck_assert_ptr_eq(diffmm__catalog_retain(catalog), catalog);
    diffmm__catalog_release(catalog);
    ck_assert_str_eq(diffmm__names_text(&catalog->user_names, 2), "2");
    diffmm__catalog_release(catalog);
    diffmm__catalog_release(NULL);
    ck_assert_ptr_null(diffmm__catalog_retain(NULL));
}
END_TEST

/* What is numbered by int32_t must fit: nodes of graphs, and training pairs. */
START_TEST(counts_that_are_too_large)
{
    const size_t most = INT32_MAX;
    test_succeeds(diffmm__catalog_check_counts(1, 1, most));
    test_succeeds(diffmm__catalog_check_counts(most - 1, 1, 0));
    test_succeeds(diffmm__catalog_check_counts(1, most - 1, 0));
    test_fails(diffmm__catalog_check_counts(1, 1, most + 1), DIFFMM_ERROR_INVALID_ARGUMENT,
               "the data set has 2147483648 different training interactions, more than 2147483647");
    test_fails(diffmm__catalog_check_counts(1, 1, SIZE_MAX), DIFFMM_ERROR_INVALID_ARGUMENT, "more");
    test_fails(diffmm__catalog_check_counts(most, 1, 0), DIFFMM_ERROR_INVALID_ARGUMENT,
               "the data set has 2147483647 users and 1 items, together more than 2147483647");
    test_fails(diffmm__catalog_check_counts(1, most, 0), DIFFMM_ERROR_INVALID_ARGUMENT, "together");
    test_fails(diffmm__catalog_check_counts(SIZE_MAX, SIZE_MAX, 0), DIFFMM_ERROR_INVALID_ARGUMENT,
               "together");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {names_are_found,
                                  repeated_names_are_refused,
                                  broken_offsets_are_refused,
                                  numeric_names,
                                  numeric_names_of_any_count,
                                  interner_numbers_and_forgets,
                                  rows_are_sorted_without_repetition,
                                  rows_hold_what_was_given,
                                  catalogs_are_counted,
                                  counts_that_are_too_large};
    return test_run("catalog", tests, sizeof tests / sizeof *tests);
}
