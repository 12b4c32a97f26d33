/* SPDX-License-Identifier: BSD-2-Clause */
/* Matrices put together from arrays in memory. */
#include "dataset/readers/sparse.h"

#include <math.h>

#include <diffmm/diffmm.h>

#include "support/failure.h"

enum { most = 5000 };

/* Hands out an array's data, and counts what was asked for. */
struct data {
    const unsigned char *next;
    size_t read, finished;
};

static diffmm_status next(void *source, size_t size, const unsigned char **bytes)
{
    struct data *data = source;
    *bytes = data->next;
    data->next += size;
    data->read += size;
    return DIFFMM_OK;
}

static diffmm_status finish(void *source)
{
    ((struct data *)source)->finished++;
    return DIFFMM_OK;
}

static struct data data[3]; /* of row, column, data */

static struct diffmm__sparse_array part(size_t which, const char *name, const char *type,
                                        size_t count, const void *values)
{
    struct diffmm__sparse_array out = {
        .name = name, .next = next, .finish = finish, .source = &data[which]};
    expect_success(diffmm__npy_type(type, name, &out.array));
    out.array.dimensions = 1;
    out.array.shape[0] = out.array.count = count;
    data[which] = (struct data){.next = values};
    return out;
}

static diffmm_status build(bool csr, size_t first_count, const int32_t *first, size_t count,
                           const int32_t *column, const double *values, struct diffmm__sparse *out)
{
    const struct diffmm__sparse_parts parts = {.csr = csr,
                                               .rows = 3,
                                               .columns = 300,
                                               .row = part(0, "row", "<i4", first_count, first),
                                               .column = part(1, "col", "<i4", count, column),
                                               .data = part(2, "data", "<f8", count, values)};
    return diffmm__sparse_build(NULL, &parts, 1000, "m", out);
}

/* What says nothing, or the contrary, is counted. */
START_TEST(zeros_and_negatives_are_counted)
{
    const int32_t row[] = {0, 0, 1, 2, 2, 2}, column[] = {1, 299, 5, 0, 0, 7};
    const double values[] = {1, 0, -0.0, -2, 0.5, -1e300};
    struct diffmm__sparse sparse;
    expect_success(build(false, 6, row, 6, column, values, &sparse));
    ck_assert_uint_eq(sparse.entries.count, 4);
    ck_assert_uint_eq(sparse.zeros, 2);
    ck_assert_uint_eq(sparse.negatives, 2);
    ck_assert_mem_eq(sparse.entries.row, ((int32_t[]){0, 2, 2, 2}), 16);
    ck_assert_mem_eq(sparse.entries.column, ((int32_t[]){1, 0, 0, 7}), 16);
    diffmm__sparse_end(NULL, &sparse);
}
END_TEST

/* More entries than are read at once. */
START_TEST(long_arrays)
{
    static int32_t row[most], column[most];
    static double values[most];
    const int32_t pointers[] = {0, 1, 4096, most};
    struct diffmm__sparse sparse;
    for (int32_t i = 0; i < most; i++) {
        row[i] = (i >= 1) + (i >= 4096);
        column[i] = (7 * i) % 300;
        values[i] = 1;
    }
    for (int csr = 0; csr < 2; csr++) {
        expect_success(
            build(csr, csr ? 4 : most, csr ? pointers : row, most, column, values, &sparse));
        ck_assert_uint_eq(sparse.entries.count, most);
        ck_assert_mem_eq(sparse.entries.row, row, sizeof row);
        ck_assert_mem_eq(sparse.entries.column, column, sizeof column);
        diffmm__sparse_end(NULL, &sparse);
        for (size_t i = 0; i < 3; i++)
            ck_assert_uint_eq(data[i].finished, 1);
    }
    column[2500] = 300;
    expect_failure(build(false, most, row, most, column, values, &sparse), DIFFMM_ERROR_FORMAT,
                   "col: entry 2500 is in column 300, but there are 300");
    ck_assert_uint_eq(data[2].read, 0); /* the values are not looked at any more */
    column[2500] = 0;
    values[4999] = NAN;
    expect_failure(build(false, most, row, most, column, values, &sparse), DIFFMM_ERROR_NUMERIC,
                   "data: the value of entry 4999 is not finite");
}
END_TEST

/* Arrays that do not fit together are refused before anything of them is read. */
START_TEST(sizes_come_first)
{
    const int32_t row[4] = {0}, column[4] = {0};
    const double values[4] = {0};
    struct diffmm__sparse sparse = {.entries.count = 77};
    struct diffmm__sparse_parts parts = {.rows = 3,
                                         .columns = 300,
                                         .row = part(0, "row", "<i4", 4, row),
                                         .column = part(1, "col", "<i4", 4, column),
                                         .data = part(2, "data", "<f8", 4, values)};
    parts.data.array.count = 3;
    expect_failure(diffmm__sparse_build(NULL, &parts, 1000, "m", &sparse), DIFFMM_ERROR_FORMAT,
                   "m: 4 column numbers, but 3 values");
    parts.data = part(2, "data", "<f8", 4, values);
    parts.csr = true;
    parts.rows = 4;
    expect_failure(diffmm__sparse_build(NULL, &parts, 1000, "m", &sparse), DIFFMM_ERROR_FORMAT,
                   "m: 4 row pointers, but 5 belong there");
    parts.row.array.dimensions = 2;
    expect_failure(diffmm__sparse_build(NULL, &parts, 1000, "m", &sparse), DIFFMM_ERROR_FORMAT,
                   "row: it has 2 dimensions, not 1");
    parts.row = part(0, "row", "<U100", 4, row);
    expect_failure(diffmm__sparse_build(NULL, &parts, 1000, "m", &sparse), DIFFMM_ERROR_FORMAT,
                   "row: it holds text");
    parts.columns = INT64_MAX;
    expect_failure(diffmm__sparse_build(NULL, &parts, 1000, "m", &sparse), DIFFMM_ERROR_FORMAT,
                   "cannot be in a file of 1000 bytes");
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(data[i].read, 0);
    ck_assert_uint_eq(sparse.entries.count, 77);
}
END_TEST

START_TEST(pointers)
{
    const int32_t column[4] = {0}, good[] = {0, 0, 4, 4}, begun[] = {1, 2, 3, 4},
                  falling[] = {0, 3, 2, 4}, beyond[] = {0, 2, 3, 5}, slack[] = {0, 1, 2, 3},
                  negative[] = {0, -1, 2, 4};
    const double values[4] = {1, 1, 1, 1};
    const struct {
        const int32_t *pointers;
        const char *message;
    } wrong[] = {{begun, "row: the pointers of row 0 are wrong: 1 comes after 0"},
                 {falling, "row: the pointers of row 1 are wrong: 2 comes after 3"},
                 {beyond, "row: the pointers of row 2 are wrong: 5 comes after 3, of 4 values"},
                 {negative, "row: the pointers of row 0 are wrong: -1 comes after 0"},
                 {slack, "row: 4 values, but its rows hold 3"}};
    struct diffmm__sparse sparse;
    expect_success(build(true, 4, good, 4, column, values, &sparse));
    ck_assert_mem_eq(sparse.entries.row, ((int32_t[]){1, 1, 1, 1}), 16);
    diffmm__sparse_end(NULL, &sparse);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_failure(build(true, 4, wrong[i].pointers, 4, column, values, &sparse),
                       DIFFMM_ERROR_FORMAT, wrong[i].message);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {zeros_and_negatives_are_counted, long_arrays, sizes_come_first,
                                  pointers};
    return run_tests("sparse", tests, sizeof tests / sizeof *tests);
}
