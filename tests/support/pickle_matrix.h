/* SPDX-License-Identifier: BSD-2-Clause */
/* The matrix that tests pickle, and reading it. */
#ifndef DIFFMM_TESTS_PICKLE_MATRIX_H
#define DIFFMM_TESTS_PICKLE_MATRIX_H

#include <stdlib.h>

#include "dataset/readers/sparse_pickle.h"
#include "failure.h"
#include "pickle_writer.h"

/* 3 x 300, entries (0, 1), (0, 299), (2, 0) and an explicit zero. */
static const double pickled_data[] = {1, 2.5, 0, -1};
static const int32_t pickled_rows[] = {0, 0, 1, 2}, pickled_columns[] = {1, 299, 5, 0};

/* Parse an exact copy, so that reading beyond it is noticed. */
static inline diffmm_status parse(const unsigned char *bytes, size_t size,
                                  struct diffmm__sparse *out)
{
    unsigned char *exact = calloc(size + !size, 1);
    memcpy(exact, bytes, size);
    diffmm_status status = diffmm__sparse_pickle_parse(NULL, exact, size, "m.pkl", out);
    free(exact);
    return status;
}

static inline diffmm_status parse_written(const struct pickle_writer *w, struct diffmm__sparse *out)
{
    return parse(w->bytes.data, w->bytes.size, out);
}

static inline void expect_pickled_matrix(struct diffmm__sparse *sparse)
{
    ck_assert_uint_eq(sparse->rows, 3);
    ck_assert_uint_eq(sparse->columns, 300);
    ck_assert_uint_eq(sparse->entries.count, 3); /* the zero does not count */
    const int32_t row[] = {0, 0, 2}, column[] = {1, 299, 0};
    ck_assert_mem_eq(sparse->entries.row, row, sizeof row);
    ck_assert_mem_eq(sparse->entries.column, column, sizeof column);
    diffmm__sparse_end(NULL, sparse);
}

#endif
