/* SPDX-License-Identifier: BSD-2-Clause */
/* Sparse matrices by rows ("CSR"): row r has the entries pointers[r] .. pointers[r + 1] - 1. Unless a
 * function says otherwise, the indices of each row ascend and none comes twice. */
#ifndef DIFFMM_LINALG_CSR_H
#define DIFFMM_LINALG_CSR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

#include "base/memory.h"

struct diffmm__csr {
    size_t rows, columns;
    int64_t *pointers; /* rows + 1 of them */
    int32_t *indices;  /* of each entry its column */
    float *values;     /* of each entry; NULL where all are 1 */
};

/* A matrix with room for `entries`, with values or without, for the caller to fill; from the context's
 * allocator, in one block, or from an arena, which may only measure (and then *out is all zero). The
 * first is ended by diffmm__csr_end, which accepts one that is all zero; the second ends with its arena. */
diffmm_status diffmm__csr_begin(const diffmm_context *context, size_t rows, size_t columns,
                                size_t entries, bool valued, struct diffmm__csr *out);
void diffmm__csr_take(struct diffmm__arena *arena, size_t rows, size_t columns, size_t entries,
                      bool valued, struct diffmm__csr *out);
void diffmm__csr_end(const diffmm_context *context, struct diffmm__csr *csr);

/* What diffmm__csr_begin asks the host's allocator for. */
size_t diffmm__csr_bytes(size_t rows, size_t entries, bool valued);

/* A view of arrays that another holds: to be read only, and never ended. */
struct diffmm__csr diffmm__csr_view(size_t rows, size_t columns, const int64_t *pointers,
                                    const int32_t *indices, const float *values);

static inline size_t diffmm__csr_entries(const struct diffmm__csr *csr)
{
    return (size_t)(csr->pointers[csr->rows] - csr->pointers[0]);
}

static inline size_t diffmm__csr_row_entries(const struct diffmm__csr *csr, size_t row)
{
    return (size_t)(csr->pointers[row + 1] - csr->pointers[row]);
}

/* The first entry of a row whose column is not below `column`, or the row's end; and whether there is an
 * entry (row, column). */
int64_t diffmm__csr_lower_bound(const struct diffmm__csr *csr, size_t row, int32_t column);
bool diffmm__csr_has(const struct diffmm__csr *csr, size_t row, int32_t column);

/* Where each row begins, from pointers[r + 1], the number of entries of row r. */
void diffmm__csr_row_starts(size_t rows, int64_t *pointers);

/* A binary matrix from `count` pairs in any order; repeated pairs become one. Every row[i] is below
 * `rows` and every column[i] below `columns`. Time is linear in all three. Ended by diffmm__csr_end. */
diffmm_status diffmm__csr_from_pairs(const diffmm_context *context, size_t rows, size_t columns,
                                     size_t count, const int32_t *row, const int32_t *column,
                                     struct diffmm__csr *out);

/* to = the transpose of the `rows` rows of `from` that row_of names (all of them, in order, where row_of
 * is NULL): entry (column, b) for each entry (row_of[b], column). Rows of `from` need not ascend; those of
 * `to` do. `to` has from->columns rows, and room for the entries; where it has values and `from` has none,
 * they are 1. All entries are gone through once for each thread. */
void diffmm__csr_transpose(const diffmm_context *context, const struct diffmm__csr *from,
                           size_t rows, const int32_t *row_of, struct diffmm__csr *to);

/* What is asked of rows that come from outside, and what messages call their parts. */
struct diffmm__csr_expected {
    const char *prefix; /* opens each message, followed by ": "; or NULL */
    const char *pointers, *indices, *values;
    const char *columns;  /* what columns are: "items" */
    bool ascending;       /* the indices of a row must ascend, without repetition */
    diffmm_status status; /* of what is wrong with pointers and indices */
};

/* Check one row, whose two pointers must be readable; or all: first the pointers, from 0 on, then the
 * rows. pointers[rows] must not be beyond the arrays. Indices may be NULL where there are no entries.
 * DIFFMM_ERROR_NUMERIC for a value that is not finite. */
diffmm_status diffmm__csr_check_row(const struct diffmm__csr *csr, size_t row,
                                    const struct diffmm__csr_expected *expected);
diffmm_status diffmm__csr_check(const struct diffmm__csr *csr,
                                const struct diffmm__csr_expected *expected);

/* Whether the indices of every row ascend, repeated ones allowed. */
bool diffmm__csr_ascends(const struct diffmm__csr *csr);

#endif
