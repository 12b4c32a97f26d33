/* SPDX-License-Identifier: BSD-2-Clause */
/* scipy's sparse matrices, put together from the arrays that files hold (sparse_npz.h,
 * sparse_pickle.h). */
#ifndef DIFFMM_DATASET_READERS_SPARSE_H
#define DIFFMM_DATASET_READERS_SPARSE_H

#include "dataset/coo.h"
#include "dataset/readers/npy.h"

struct diffmm__sparse {
    size_t rows, columns;
    struct diffmm__coo entries; /* those that are not 0, in the file's order; rated, unless all
                                   are 1 */
    size_t zeros;               /* entries that are 0, left out */
    size_t negatives;           /* entries below 0, among the others */
};

/* An array that is read once, from its beginning on. */
struct diffmm__sparse_array {
    const char *name;         /* for messages */
    struct diffmm__npy array; /* without data */
    /* The next `size` bytes; *bytes is valid until the next call. */
    diffmm_status (*next)(void *source, size_t size, const unsigned char **bytes);
    /* No more will be read: check what can be checked only at the end. */
    diffmm_status (*finish)(void *source);
    void *source;
};

/* The arrays of a matrix in coordinates (csr false: row, column, data) or by rows (csr true: row is
 * indptr, column is indices). */
struct diffmm__sparse_parts {
    bool csr;
    int64_t rows, columns;
    struct diffmm__sparse_array row, column, data;
};

/* Check the parts against each other, then read row, column and data in this order and check every
 * number as it comes. Allocates 8 bytes for each entry, 16 where values are ratings, after the
 * sizes have been found to agree.
 * @param file_size  bounds the shape, which the data does not
 * @param name       the file, for messages */
diffmm_status diffmm__sparse_build(const diffmm_context *context,
                                   const struct diffmm__sparse_parts *parts, size_t file_size,
                                   const char *name, struct diffmm__sparse *out);
void diffmm__sparse_end(const diffmm_context *context, struct diffmm__sparse *sparse);

#endif
