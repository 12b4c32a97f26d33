/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/coo.h"

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
    const TTest *const tests[] = {entries_keep_their_order, entries_are_taken_over,
                                  memory_is_exchanged};
    return run_tests("dataset/coo", tests, sizeof tests / sizeof *tests) != 0;
}
