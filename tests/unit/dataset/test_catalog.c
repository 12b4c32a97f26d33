/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/catalog.h"

#include <diffmm/diffmm.h>

#include "base/memory.h"
#include "dataset/rows.h"
#include "support/context.h"
#include "support/failure.h"

START_TEST(rows_are_sorted_without_repetition)
{
    const int32_t user[] = {2, 0, 2, 2, 0, 2, 0}, item[] = {3, 1, 0, 3, 4, 2, 1};
    struct diffmm__rows rows;
    expect_success(diffmm__rows_build(NULL, 4, 5, 7, user, item, &rows));
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
    expect_success(diffmm__rows_build(NULL, 2, 2, 0, NULL, NULL, &rows));
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
    expect_success(diffmm__rows_build(NULL, users, items, count, user, item, &rows));
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
    diffmm_context *context = new_context(0);
    struct diffmm__catalog *catalog = diffmm__catalog_create(context);
    ck_assert_ptr_nonnull(catalog);
    diffmm_context_destroy(context); /* the catalog keeps it */
    expect_success(diffmm__ids_begin_numeric(catalog->context, 3, &catalog->user_ids));
    ck_assert_ptr_eq(diffmm__catalog_retain(catalog), catalog);
    diffmm__catalog_release(catalog);
    ck_assert_str_eq(diffmm__ids_text(&catalog->user_ids, 2), "2");
    diffmm__catalog_release(catalog);
    diffmm__catalog_release(NULL);
    ck_assert_ptr_null(diffmm__catalog_retain(NULL));
}
END_TEST

/* What is numbered by int32_t must fit: nodes of graphs, and training pairs. */
START_TEST(counts_that_are_too_large)
{
    const size_t most = INT32_MAX;
    expect_success(diffmm__catalog_check_counts(1, 1, most));
    expect_success(diffmm__catalog_check_counts(most - 1, 1, 0));
    expect_success(diffmm__catalog_check_counts(1, most - 1, 0));
    expect_failure(
        diffmm__catalog_check_counts(1, 1, most + 1), DIFFMM_ERROR_INVALID_ARGUMENT,
        "the data set has 2147483648 different training interactions, more than 2147483647");
    expect_failure(diffmm__catalog_check_counts(1, 1, SIZE_MAX), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "more");
    expect_failure(diffmm__catalog_check_counts(most, 1, 0), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "the data set has 2147483647 users and 1 items, together more than 2147483647");
    expect_failure(diffmm__catalog_check_counts(1, most, 0), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "together");
    expect_failure(diffmm__catalog_check_counts(SIZE_MAX, SIZE_MAX, 0),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "together");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {rows_are_sorted_without_repetition, rows_hold_what_was_given,
                                  catalogs_are_counted, counts_that_are_too_large};
    return run_tests("catalog", tests, sizeof tests / sizeof *tests);
}
