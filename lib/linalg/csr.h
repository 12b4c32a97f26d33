/* SPDX-License-Identifier: BSD-2-Clause */
/* Sparse matrices in compressed sparse rows ("CSR"): row r has the entries pointers[r] ..
 * pointers[r + 1] - 1, of which each has a column, indices[e], and a value. Unless a function says
 * otherwise, the columns of a row ascend and none comes twice. */
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
    int32_t *indices;  /* the column of each entry */
    float *values;     /* the value of each entry; NULL where all are 1 */
};

/* Make a matrix with room for `entries`, with values or without, for the caller to fill. The first
 * takes one block from the context's allocator, which diffmm__csr_end() frees; what is all zero may
 * be ended, too. The second takes the block from an arena, and ends with it; where the arena only
 * measures, *out is all zero. */
diffmm_status diffmm__csr_begin(const diffmm_context *context, size_t rows, size_t columns,
                                size_t entries, bool valued, struct diffmm__csr *out);
void diffmm__csr_take(struct diffmm__arena *arena, size_t rows, size_t columns, size_t entries,
                      bool valued, struct diffmm__csr *out);
void diffmm__csr_end(const diffmm_context *context, struct diffmm__csr *csr);

/* The bytes that diffmm__csr_begin() asks the host's allocator for. */
size_t diffmm__csr_bytes(size_t rows, size_t entries, bool valued);

/* A view of arrays that another owns. It is only read, and never ended. */
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

/* The first entry of a row whose column is not below `column`, or the end of the row. And whether
 * there is an entry (row, column). */
int64_t diffmm__csr_lower_bound(const struct diffmm__csr *csr, size_t row, int32_t column);
bool diffmm__csr_has(const struct diffmm__csr *csr, size_t row, int32_t column);

/* Turn the sizes of rows into their beginnings: pointers[r + 1] is the number of entries of row r
 * before, and where row r ends after. */
void diffmm__csr_row_starts(size_t rows, int64_t *pointers);

/* Make a binary matrix from `count` pairs in any order; repeated pairs become one, and their room is
 * left at the end until diffmm__csr_fit(). Every row[i] is below `rows` and every column[i] below
 * `columns`. Time is linear in rows and count; memory is that of the result, and of the longest row
 * once more. Ended by diffmm__csr_end(). */
diffmm_status diffmm__csr_from_pairs(const diffmm_context *context, size_t rows, size_t columns,
                                     size_t count, const int32_t *row, const int32_t *column,
                                     struct diffmm__csr *out);

/* Move a binary matrix that has room for `room` entries to memory that it just fills. */
diffmm_status diffmm__csr_fit(const diffmm_context *context, size_t room, struct diffmm__csr *csr);

/* Make a binary matrix of the entries that any of `count` matrices has, 1 to 3 of one size. Ended
 * by diffmm__csr_end(). */
diffmm_status diffmm__csr_unite(const diffmm_context *context, size_t count,
                                const struct diffmm__csr *const *parts, struct diffmm__csr *out);

/* Transpose the rows of `from` that row_of names, `rows` of them; all rows, in their order, where
 * row_of is NULL:
 *     to(column, b) = from(row_of[b], column).
 * `to` has from->columns rows and room for all entries. Its rows ascend, even where those of `from`
 * do not. If it has values and `from` has none, they are 1. Each thread reads all entries once. */
void diffmm__csr_transpose(const diffmm_context *context, const struct diffmm__csr *from,
                           size_t rows, const int32_t *row_of, struct diffmm__csr *to);

/* What rows that come from outside must fulfil, and what messages call their parts. */
struct diffmm__csr_expected {
    const char *prefix; /* begins each message, followed by ": "; or NULL */
    const char *pointers, *indices, *values;
    const char *columns;  /* what the columns are: "items" */
    bool ascending;       /* whether the columns of a row must ascend, without repetition */
    diffmm_status status; /* the error for wrong pointers and columns */
};

/* Check one row, whose two pointers must be readable. Or check all rows: first all pointers, then
 * the entries; pointers[rows] must not lie beyond the arrays. Indices may be NULL where there are
 * no entries. A value that is not finite is DIFFMM_ERROR_NUMERIC. */
diffmm_status diffmm__csr_check_row(const struct diffmm__csr *csr, size_t row,
                                    const struct diffmm__csr_expected *expected);
diffmm_status diffmm__csr_check(const struct diffmm__csr *csr,
                                const struct diffmm__csr_expected *expected);

/* Whether the columns of every row ascend; repeated ones are allowed. */
bool diffmm__csr_ascends(const struct diffmm__csr *csr);

#endif
