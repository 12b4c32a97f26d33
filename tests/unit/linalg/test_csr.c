/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "linalg/csr.h"
#include "support/failing.h"
#include "support/failure.h"

enum { rows = 40, columns = 70, pairs = 900 };

/* Pairs in random order, some of them repeated; and the dense matrix of them. */
static void draw_pairs(int32_t row[pairs], int32_t column[pairs], bool dense[rows][columns])
{
    memset(dense, 0, rows * sizeof *dense);
    for (uint64_t i = 0; i < pairs; i++) {
        row[i] = (int32_t)diffmm__random_below(7, 1, i, rows - 1); /* the last row is empty */
        column[i] = (int32_t)diffmm__random_below(7, 2, i, columns);
        dense[row[i]][column[i]] = true;
    }
}

static void expect_dense(const struct diffmm__csr *csr, const bool dense[rows][columns])
{
    size_t wrong = 0, count = 0;
    ck_assert_uint_eq(csr->rows, rows);
    ck_assert_uint_eq(csr->columns, columns);
    ck_assert_int_eq(csr->pointers[0], 0);
    for (size_t r = 0; r < rows; r++) {
        for (int64_t e = csr->pointers[r] + 1; e < csr->pointers[r + 1]; e++)
            wrong += csr->indices[e] <= csr->indices[e - 1];
        for (int32_t c = 0; c < columns; c++) {
            wrong += diffmm__csr_has(csr, r, c) != dense[r][c];
            count += dense[r][c];
        }
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(diffmm__csr_entries(csr), count);
}

START_TEST(pairs_become_rows)
{
    static int32_t row[pairs], column[pairs];
    static bool dense[rows][columns];
    struct diffmm__csr csr;
    draw_pairs(row, column, dense);
    expect_success(diffmm__csr_from_pairs(NULL, rows, columns, pairs, row, column, &csr));
    expect_dense(&csr, dense);
    ck_assert_ptr_null(csr.values);
    diffmm__csr_end(NULL, &csr);
    ck_assert_ptr_null(csr.pointers);

    expect_success(diffmm__csr_from_pairs(NULL, 3, 2, 0, NULL, NULL, &csr));
    ck_assert_uint_eq(diffmm__csr_entries(&csr), 0);
    diffmm__csr_end(NULL, &csr);
    expect_success(diffmm__csr_from_pairs(NULL, 0, 0, 0, NULL, NULL, &csr));
    ck_assert_uint_eq(diffmm__csr_entries(&csr), 0);
    diffmm__csr_end(NULL, &csr);
    diffmm__csr_end(NULL, &csr);
}
END_TEST

/* One row has more pairs than are inserted one by one, and all come three times. */
START_TEST(long_rows_and_repeats)
{
    enum { wide = 5000, per_row = 1500, all = 3 * (per_row + 1) };
    static int32_t row[all], column[all];
    struct diffmm__csr csr;
    for (size_t i = 0; i < all; i++) {
        size_t which = i % (per_row + 1);
        row[i] = which == per_row ? 2 : 1;
        column[i] = (int32_t)((which * 1237 + 5) % wide);
    }
    expect_success(diffmm__csr_from_pairs(NULL, 4, wide, all, row, column, &csr));
    for (int fitted = 0; fitted < 2; fitted++) {
        ck_assert_uint_eq(diffmm__csr_entries(&csr), per_row + 1);
        ck_assert_uint_eq(diffmm__csr_row_entries(&csr, 0), 0);
        ck_assert_uint_eq(diffmm__csr_row_entries(&csr, 1), per_row);
        ck_assert_uint_eq(diffmm__csr_row_entries(&csr, 2), 1);
        for (int64_t e = 1; e < per_row; e++)
            ck_assert_int_gt(csr.indices[e], csr.indices[e - 1]);
        for (size_t i = 0; i < all; i++)
            ck_assert(diffmm__csr_has(&csr, (size_t)row[i], column[i]));
        expect_success(diffmm__csr_fit(NULL, fitted ? per_row + 1 : all, &csr));
    }
    diffmm__csr_end(NULL, &csr);
}
END_TEST

/* Of any number of parts, one of them empty; views need not begin at 0. */
START_TEST(what_any_of_them_has)
{
    static int32_t row[pairs], column[pairs];
    static bool dense[3][rows][columns], any[rows][columns];
    struct diffmm__csr whole[3], out, none;
    int64_t no_pointers[rows + 1] = {0};
    draw_pairs(row, column, any);
    for (size_t p = 0; p < 3; p++) {
        memset(dense[p], 0, sizeof dense[p]);
        size_t first = p * 200, count = 300; /* they overlap */
        for (size_t i = first; i < first + count; i++)
            dense[p][row[i]][column[i]] = true;
        expect_success(diffmm__csr_from_pairs(NULL, rows, columns, count, row + first,
                                              column + first, &whole[p]));
    }
    none = diffmm__csr_view(rows, columns, no_pointers, NULL, NULL);
    const struct diffmm__csr *const parts[] = {&whole[2], &whole[0], &whole[1]};
    const struct diffmm__csr *const with_none[] = {&none, &whole[1], &none};
    for (size_t count = 1; count <= 3; count++) {
        memset(any, 0, sizeof any);
        for (size_t p = 0; p < count; p++)
            for (size_t r = 0; r < rows; r++)
                for (size_t c = 0; c < columns; c++)
                    any[r][c] |= dense[(p + 2) % 3][r][c];
        expect_success(diffmm__csr_unite(NULL, count, parts, &out));
        expect_dense(&out, any);
        ck_assert_ptr_null(out.values);
        diffmm__csr_end(NULL, &out);
    }
    expect_success(diffmm__csr_unite(NULL, 3, with_none, &out));
    expect_dense(&out, dense[1]);
    diffmm__csr_end(NULL, &out);
    expect_success(diffmm__csr_unite(NULL, 1, with_none, &out));
    ck_assert_uint_eq(diffmm__csr_entries(&out), 0);
    diffmm__csr_end(NULL, &out);
    for (size_t p = 0; p < 3; p++)
        diffmm__csr_end(NULL, &whole[p]);

    const int64_t pointers[] = {1, 2, 4};
    const int32_t indices[] = {9, 3, 0, 3};
    const struct diffmm__csr view = diffmm__csr_view(2, 4, pointers, indices, NULL);
    expect_success(diffmm__csr_unite(NULL, 1, (const struct diffmm__csr *const[]){&view}, &out));
    ck_assert(out.pointers[0] == 0 && out.pointers[1] == 1 && out.pointers[2] == 3);
    ck_assert_mem_eq(out.indices, indices + 1, 3 * sizeof *indices);
    diffmm__csr_end(NULL, &out);
}
END_TEST

START_TEST(where_a_column_belongs)
{
    const int64_t pointers[] = {1, 1, 4};
    const int32_t indices[] = {9, 2, 5, 6};
    const struct diffmm__csr csr = diffmm__csr_view(2, 7, pointers, indices, NULL);
    const int64_t places[] = {1, 1, 1, 2, 2, 2, 3};
    for (int32_t c = 0; c < 7; c++) {
        ck_assert_int_eq(diffmm__csr_lower_bound(&csr, 0, c), 1);
        ck_assert_int_eq(diffmm__csr_lower_bound(&csr, 1, c), places[c]);
        ck_assert(!diffmm__csr_has(&csr, 0, c));
        ck_assert(diffmm__csr_has(&csr, 1, c) == (c == 2 || c == 5 || c == 6));
    }
    ck_assert_int_eq(diffmm__csr_lower_bound(&csr, 1, 7), 4);
    ck_assert_uint_eq(diffmm__csr_row_entries(&csr, 0), 0);
    ck_assert_uint_eq(diffmm__csr_row_entries(&csr, 1), 3);
    ck_assert_uint_eq(diffmm__csr_entries(&csr), 3);
}
END_TEST

/* With any number of threads, with values or without, of all rows or of some in any order. */
static void expect_transposed(const diffmm_context *context, const struct diffmm__csr *from,
                              size_t count, const int32_t *row_of, bool valued)
{
    size_t entries = 0, place = 0;
    struct diffmm__csr to;
    for (size_t b = 0; b < count; b++)
        entries += diffmm__csr_row_entries(from, row_of ? (size_t)row_of[b] : b);
    expect_success(diffmm__csr_begin(NULL, columns, count, entries, valued, &to));
    diffmm__csr_transpose(context, from, count, row_of, &to);
    for (int32_t c = 0; c < columns; c++) {
        ck_assert_int_eq(to.pointers[c], (int64_t)place);
        for (size_t b = 0; b < count; b++) {
            size_t row = row_of ? (size_t)row_of[b] : b;
            if (!diffmm__csr_has(from, row, c))
                continue;
            int64_t entry = diffmm__csr_lower_bound(from, row, c);
            ck_assert_int_eq(to.indices[place], (int32_t)b);
            ck_assert(!valued || to.values[place] == (from->values ? from->values[entry] : 1.0f));
            place++;
        }
    }
    ck_assert_int_eq(to.pointers[columns], (int64_t)place);
    ck_assert_uint_eq(place, entries);
    diffmm__csr_end(NULL, &to);
}

START_TEST(transposes)
{
    static int32_t row[pairs], column[pairs];
    static bool dense[rows][columns];
    static float values[pairs];
    const int32_t some[] = {39, 4, 0, 17};
    struct diffmm__csr csr;
    draw_pairs(row, column, dense);
    expect_success(diffmm__csr_from_pairs(NULL, rows, columns, pairs, row, column, &csr));
    for (size_t i = 0; i < pairs; i++)
        values[i] = (float)i;
    for (size_t threads = 0; threads <= 4; threads++) {
        diffmm_context *context = NULL;
        if (threads > 0)
            expect_success(
                diffmm_context_create(&(diffmm_context_settings){.threads = threads}, &context));
        csr.values = NULL;
        expect_transposed(context, &csr, rows, NULL, false);
        expect_transposed(context, &csr, rows, NULL, true);
        expect_transposed(context, &csr, 4, some, true);
        csr.values = values;
        expect_transposed(context, &csr, rows, NULL, true);
        expect_transposed(context, &csr, 4, some, true);
        expect_transposed(context, &csr, 0, NULL, true);
        diffmm_context_destroy(context);
    }
    diffmm__csr_end(NULL, &csr);
}
END_TEST

static const struct diffmm__csr_expected expected = {.prefix = "batch",
                                                     .pointers = "row_pointers",
                                                     .indices = "row_items",
                                                     .values = "row_values",
                                                     .columns = "items",
                                                     .ascending = true,
                                                     .status = DIFFMM_ERROR_INVALID_ARGUMENT};

static void expect_bad(const int64_t *pointers, const int32_t *indices, const float *values,
                       diffmm_status status, const char *part)
{
    const struct diffmm__csr csr = diffmm__csr_view(2, 5, pointers, indices, values);
    expect_failure(diffmm__csr_check(&csr, &expected), status, part);
}

START_TEST(says_what_is_wrong)
{
    const diffmm_status bad = DIFFMM_ERROR_INVALID_ARGUMENT;
    const int64_t good[] = {0, 2, 4}, below[] = {-1, 2, 4}, falls[] = {0, 4, 2}, none[] = {3, 3, 3};
    const int32_t indices[] = {1, 4, 0, 2}, high[] = {1, 5, 0, 2}, low[] = {1, 4, -1, 2},
                  twice[] = {1, 4, 2, 2}, unordered[] = {4, 1, 0, 2};
    const float values[] = {1, 2, 3, 4}, nan[] = {1, 2, 3, NAN};
    struct diffmm__csr csr = diffmm__csr_view(2, 5, good, indices, values);
    expect_success(diffmm__csr_check(&csr, &expected));
    csr = diffmm__csr_view(2, 5, none, NULL, NULL);
    expect_success(diffmm__csr_check(&csr, &expected));
    expect_bad(below, indices, NULL, bad, "batch: row_pointers[0] is -1, and the next is 2");
    expect_bad(falls, indices, NULL, bad, "batch: row_pointers[1] is 4, and the next is 2");
    expect_bad(good, NULL, NULL, bad, "batch: row_items is NULL");
    expect_bad(good, high, NULL, bad, "batch: row_items[1] is 5, but there are 5 items");
    expect_bad(good, low, NULL, bad, "batch: row_items[2] is -1, but there are 5 items");
    expect_bad(good, twice, NULL, bad,
               "batch: row_items[3] is 2, not above the one before it in row 1, 2");
    expect_bad(good, unordered, NULL, bad, "row_items[1] is 1, not above the one before it");
    expect_bad(good, indices, nan, DIFFMM_ERROR_NUMERIC, "batch: row_values[3] is not finite");

    /* One row only; columns in any order; another status, and no prefix. */
    struct diffmm__csr_expected loose = expected;
    loose.prefix = NULL;
    loose.ascending = false;
    loose.status = DIFFMM_ERROR_FORMAT;
    csr = diffmm__csr_view(2, 5, good, unordered, NULL);
    expect_success(diffmm__csr_check(&csr, &loose));
    csr = diffmm__csr_view(2, 5, good, high, NULL);
    expect_success(diffmm__csr_check_row(&csr, 1, &loose));
    expect_failure(diffmm__csr_check_row(&csr, 0, &loose), DIFFMM_ERROR_FORMAT,
                   "row_items[1] is 5");
    ck_assert(strncmp(diffmm_error_message(), "row_items", 9) == 0);
}
END_TEST

START_TEST(rows_that_ascend)
{
    const int64_t pointers[] = {0, 2, 4};
    const int32_t ascending[] = {3, 4, 0, 2}, repeated[] = {3, 3, 0, 2}, falling[] = {3, 4, 2, 0};
    struct diffmm__csr csr = diffmm__csr_view(2, 5, pointers, ascending, NULL);
    ck_assert(diffmm__csr_ascends(&csr));
    csr = diffmm__csr_view(2, 5, pointers, repeated, NULL);
    ck_assert(diffmm__csr_ascends(&csr));
    csr = diffmm__csr_view(2, 5, pointers, falling, NULL);
    ck_assert(!diffmm__csr_ascends(&csr));
}
END_TEST

/* As many bytes are taken as were measured. */
START_TEST(bytes_are_known)
{
    static const size_t sizes[] = {0, 1, 8, 15, 16, 17, 1000};
    enum { count = sizeof sizes / sizeof *sizes };
    for (size_t i = 0; i < 2 * count * count; i++) {
        size_t r = sizes[i % count], entries = sizes[i / count % count];
        bool valued = i >= count * count;
        struct diffmm__arena arena = diffmm__arena_measure();
        struct diffmm__csr csr;
        size_t taken = diffmm__allocation_bytes(1, 2 * sizeof(void *)); /* the arena's own */
        diffmm__csr_take(&arena, r, 9, entries, valued, &csr);
        ck_assert_ptr_null(csr.pointers);
        ck_assert_uint_eq(arena.bytes - taken, diffmm__csr_bytes(r, entries, valued));
        arena = diffmm__arena_on(NULL);
        diffmm__csr_take(&arena, r, 9, entries, valued, &csr);
        ck_assert_ptr_nonnull(csr.pointers);
        ck_assert((csr.values != NULL) == valued);
        memset(csr.pointers, 1, (r + 1) * sizeof *csr.pointers);
        memset(csr.indices, 1, entries * sizeof *csr.indices);
        if (valued)
            memset(csr.values, 1, entries * sizeof *csr.values);
        diffmm__arena_end(&arena);
    }
    struct diffmm__csr csr;
    expect_failure(diffmm__csr_begin(NULL, 1, 1, SIZE_MAX / 2, true, &csr), DIFFMM_ERROR_NO_MEMORY,
                   "");
    ck_assert_ptr_null(csr.pointers);
}
END_TEST

static diffmm_status build(void *argument)
{
    static int32_t row[pairs], column[pairs];
    static bool dense[rows][columns];
    diffmm_context *context = argument;
    struct diffmm__csr csr;
    draw_pairs(row, column, dense);
    diffmm_status status = diffmm__csr_from_pairs(context, rows, columns, pairs, row, column, &csr);
    if (status)
        return status;
    status = diffmm__csr_fit(context, pairs, &csr);
    diffmm__csr_end(context, &csr);
    return status;
}

START_TEST(without_memory)
{
    struct failing failing = {0};
    diffmm_context *context = failing_context(&failing, 1);
    ck_assert_uint_ge(fail_each_allocation(&failing, build, context), 3);
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        pairs_become_rows, long_rows_and_repeats, where_a_column_belongs, what_any_of_them_has,
        transposes,        says_what_is_wrong,    rows_that_ascend,       bytes_are_known,
        without_memory};
    return run_tests("csr", tests, sizeof tests / sizeof *tests) != 0;
}
