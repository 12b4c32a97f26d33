/* SPDX-License-Identifier: BSD-2-Clause */
#include "diffusion/batch_rows.h"

#include "support/close.h"
#include "support/failing.h"

/* Three rows of four items; the second has none. */
static const int64_t pointers[] = {0, 2, 2, 4};
static const int32_t row_items[] = {1, 3, 0, 3}, order[] = {2, 1, 0, 2};
static const float values[] = {2, -1, 3, 1};

START_TEST(a_row_is_added_with_a_factor)
{
    for (int weighted = 0; weighted < 2; weighted++) {
        struct diffmm__batch_rows rows = {
            .matrix = diffmm__csr_view(3, 4, pointers, row_items, weighted ? values : NULL),
            .row_of = order};
        float dense[] = {1, 1, 1, 1};
        diffmm__batch_rows_add(&rows, 1, 5.0f, dense);
        diffmm__batch_rows_add(&rows, 2, -2.0f, dense);
        ck_assert(dense[0] == 1 && dense[2] == 1);
        ck_assert(dense[1] == (weighted ? -3 : -1) && dense[3] == (weighted ? 3 : -1));
    }
}
END_TEST

START_TEST(a_row_times_a_matrix)
{
    static const float matrix[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct diffmm__batch_rows rows = {.matrix = diffmm__csr_view(3, 4, pointers, row_items, NULL)};
    float y[] = {1, 1};
    diffmm__batch_rows_gather(&rows, 1, 2.0f, 2, matrix, y);
    ck_assert(y[0] == 1 && y[1] == 1);
    diffmm__batch_rows_gather(&rows, 0, 2.0f, 2, matrix, y);
    ck_assert(y[0] == 1 + 2 * (3 + 7) && y[1] == 1 + 2 * (4 + 8));
    rows.matrix = diffmm__csr_view(3, 4, pointers, row_items, values);
    diffmm__batch_rows_gather(&rows, 2, 1.0f, 2, matrix, y);
    ck_assert(y[0] == 21 + 3 * 1 + 7 && y[1] == 25 + 3 * 2 + 8);
}
END_TEST

START_TEST(entries_of_rows_in_their_order)
{
    struct diffmm__batch_rows rows = {.matrix = diffmm__csr_view(3, 4, pointers, row_items, NULL)};
    ck_assert_uint_eq(diffmm__batch_rows_entries(&rows, 2), 2);
    rows.row_of = order;
    ck_assert_uint_eq(diffmm__batch_rows_entries(&rows, 4), 6);
    ck_assert_uint_eq(diffmm__batch_rows_entries(&rows, 0), 0);
}
END_TEST

START_TEST(dense_rows_become_sparse)
{
    static const float dense[] = {0, 2, 0, -1, 0, 0, 0, 0, 3, 0, 0, 1};
    struct diffmm__batch_rows out;
    struct diffmm__arena arena = diffmm__arena_on(NULL);
    expect_success(diffmm__batch_rows_from_dense(&arena, 3, 4, dense, &out));
    ck_assert_mem_eq(out.matrix.pointers, pointers, sizeof pointers);
    ck_assert_mem_eq(out.matrix.indices, row_items, sizeof row_items);
    ck_assert_mem_eq(out.matrix.values, values, sizeof values);
    ck_assert_uint_eq(diffmm__batch_rows_entries(&out, 3), 4);
    diffmm__arena_end(&arena);
}
END_TEST

static diffmm_status from_dense_once(void *argument)
{
    static const float dense[] = {0, 2, 0, -1};
    struct diffmm__batch_rows out;
    struct diffmm__arena arena = diffmm__arena_on(argument);
    diffmm_status status = diffmm__batch_rows_from_dense(&arena, 2, 2, dense, &out);
    diffmm__arena_end(&arena);
    return status;
}

START_TEST(out_of_memory)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, from_dense_once, context), 0);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_row_is_added_with_a_factor, a_row_times_a_matrix,
                                  entries_of_rows_in_their_order, dense_rows_become_sparse,
                                  out_of_memory};
    return run_tests("batch_rows", tests, sizeof tests / sizeof *tests) != 0;
}
