/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/coo.h"

#include <math.h>

#include "support/failure.h"

START_TEST(entries_keep_their_order)
{
    enum { count = 1000 };
    struct diffmm__coo coo = {0};
    for (int32_t i = 0; i < count; i++)
        expect_success(diffmm__coo_add(NULL, &coo, i % 7, -i));
    ck_assert_uint_eq(coo.count, count);
    for (int32_t i = 0; i < count; i++) {
        ck_assert_int_eq(coo.row[i], i % 7);
        ck_assert_int_eq(coo.column[i], -i);
    }
    diffmm__coo_end(NULL, &coo);
    ck_assert_ptr_null(coo.row);
    ck_assert_uint_eq(coo.count, 0);
}
END_TEST

/* Ratings and times begin with the first entry that has one; those before it have none. */
START_TEST(ratings_and_times_begin_late)
{
    struct diffmm__coo coo = {0};
    expect_success(diffmm__coo_add(NULL, &coo, 1, 2));
    ck_assert_ptr_null(coo.rating);
    ck_assert_ptr_null(coo.time);
    const struct diffmm__coo_entry rated = {3, 4, 4.5, DIFFMM__NO_TIME}, timed = {5, 6, NAN, -7};
    expect_success(diffmm__coo_add_entry(NULL, &coo, &rated));
    ck_assert_ptr_null(coo.time);
    expect_success(diffmm__coo_add_entry(NULL, &coo, &timed));
    struct diffmm__coo_entry first = diffmm__coo_entry_at(&coo, 0);
    ck_assert(isnan(first.rating) && first.time == DIFFMM__NO_TIME);
    ck_assert_double_eq(diffmm__coo_entry_at(&coo, 1).rating, 4.5);
    ck_assert(isnan(diffmm__coo_entry_at(&coo, 2).rating));
    ck_assert_int_eq(diffmm__coo_entry_at(&coo, 2).time, -7);
    diffmm__coo_end(NULL, &coo);
}
END_TEST

START_TEST(renumbering_drops_and_keeps_the_order)
{
    struct diffmm__coo coo = {0};
    for (int32_t i = 0; i < 6; i++) {
        const struct diffmm__coo_entry entry = {i % 3, i, i, 10 * i};
        expect_success(diffmm__coo_add_entry(NULL, &coo, &entry));
    }
    const int32_t rows[] = {1, -1, 0}, columns[] = {5, 4, 3, 2, 1, -1};
    diffmm__coo_renumber(&coo, rows, columns); /* leaves entries 0, 2, 3 */
    ck_assert_uint_eq(coo.count, 3);
    ck_assert_mem_eq(coo.row, ((int32_t[]){1, 0, 1}), 12);
    ck_assert_mem_eq(coo.column, ((int32_t[]){5, 3, 2}), 12);
    ck_assert_mem_eq(coo.rating, ((double[]){0, 2, 3}), 24);
    ck_assert_mem_eq(coo.time, ((int64_t[]){0, 20, 30}), 24);
    diffmm__coo_renumber(&coo, NULL, NULL);
    ck_assert_uint_eq(coo.count, 3);
    diffmm__coo_end(NULL, &coo);
}
END_TEST

static struct diffmm__coo pair(int32_t row, int32_t column)
{
    struct diffmm__coo coo;
    expect_success(diffmm__coo_begin(NULL, 1, &coo));
    ck_assert_uint_eq(coo.count, 0);
    expect_success(diffmm__coo_add(NULL, &coo, row, column));
    return coo;
}

/* The first entries are taken over as they are, later ones copied behind them. */
START_TEST(entries_are_taken_over)
{
    struct diffmm__coo all = {0}, first = pair(3, 4), second = pair(5, 6);
    const int32_t *row = first.row;
    expect_success(diffmm__coo_take(NULL, &all, &first));
    ck_assert_ptr_eq(all.row, row);
    ck_assert_uint_eq(first.count, 0);
    expect_success(diffmm__coo_take(NULL, &all, &second));
    ck_assert_uint_eq(all.count, 2);
    ck_assert_mem_eq(all.row, ((int32_t[]){3, 5}), 8);
    ck_assert_mem_eq(all.column, ((int32_t[]){4, 6}), 8);
    diffmm__coo_end(NULL, &first);
    diffmm__coo_end(NULL, &second);
    diffmm__coo_end(NULL, &all);
}
END_TEST

/* Where there were some and have been forgotten, their memory goes back with `from`. */
START_TEST(memory_is_exchanged)
{
    struct diffmm__coo emptied = pair(1, 2), full = pair(3, 4);
    int32_t *kept = emptied.row;
    emptied.count = 0;
    expect_success(diffmm__coo_take(NULL, &emptied, &full));
    ck_assert_ptr_eq(full.row, kept);
    ck_assert_int_eq(emptied.column[0], 4);
    diffmm__coo_end(NULL, &full);
    diffmm__coo_end(NULL, &emptied);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {entries_keep_their_order, ratings_and_times_begin_late,
                                  renumbering_drops_and_keeps_the_order, entries_are_taken_over,
                                  memory_is_exchanged};
    return run_tests("dataset/coo", tests, sizeof tests / sizeof *tests) != 0;
}
