/* SPDX-License-Identifier: BSD-2-Clause */
/* Entries of a binary matrix as they come: row and column numbers in any order, some of them twice.
 * Not a csr (linalg/csr.h): it grows, and nothing in it is sorted. */
#ifndef DIFFMM_DATASET_COO_H
#define DIFFMM_DATASET_COO_H

#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

/* Entry i is in row[i], column[i]. All zero is an empty one. */
struct diffmm__coo {
    int32_t *row, *column;
    size_t count, row_capacity, column_capacity;
};

/* An empty one with room for exactly so many entries. */
diffmm_status diffmm__coo_begin(const diffmm_context *context, size_t capacity,
                                struct diffmm__coo *out);
void diffmm__coo_end(const diffmm_context *context, struct diffmm__coo *coo);

diffmm_status diffmm__coo_add(const diffmm_context *context, struct diffmm__coo *coo, int32_t row,
                              int32_t column);

/* Add all entries of `from`: they are copied, or, where there are none before them, exchanged for
 * the memory that was kept for some. Either way `from` is to be ended. */
diffmm_status diffmm__coo_take(const diffmm_context *context, struct diffmm__coo *coo,
                               struct diffmm__coo *from);

#endif
