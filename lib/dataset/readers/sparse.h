/* SPDX-License-Identifier: BSD-2-Clause */
/* scipy's sparse matrices, as .npz archives and as pickles hold them. */
#ifndef DIFFMM_DATASET_READERS_SPARSE_H
#define DIFFMM_DATASET_READERS_SPARSE_H

#include "dataset/readers/npy.h"

/* The places of a matrix's non-zero entries, in the file's order; one may come twice. */
struct diffmm__sparse {
    size_t rows, columns, count;
    int32_t *row, *column;
    size_t zeros;     /* entries that say 0, left out */
    size_t negatives; /* entries below 0, among the others */
};

/* An array that is read once, from its beginning on. */
struct diffmm__sparse_array {
    const char *name;         /* for messages */
    struct diffmm__npy array; /* without data */
    /* Point to the next `size` bytes, until the next call. */
    diffmm_status (*next)(void *source, size_t size, const unsigned char **bytes);
    /* The array has been read as far as it is wanted. */
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

/* Check the parts against each other, then read row, column and data in this order, with every
 * number checked as it comes. Takes 8 bytes for each entry, and only after sizes fit together.
 * @param file_size  bounds the shape, which the data does not
 * @param name       the file, for messages */
diffmm_status diffmm__sparse_build(const diffmm_context *context,
                                   const struct diffmm__sparse_parts *parts, size_t file_size,
                                   const char *name, struct diffmm__sparse *out);
void diffmm__sparse_end(const diffmm_context *context, struct diffmm__sparse *sparse);

/* Read what scipy.sparse.save_npz wrote (coo, csr). */
diffmm_status diffmm__sparse_read_npz(const diffmm_context *context, const char *path,
                                      struct diffmm__sparse *out);

/* Read a pickled coo or csr matrix or array, from a file or from memory that messages call `name`.
 */
diffmm_status diffmm__sparse_read_pickle(const diffmm_context *context, const char *path,
                                         struct diffmm__sparse *out);
diffmm_status diffmm__sparse_parse_pickle(const diffmm_context *context, const unsigned char *bytes,
                                          size_t size, const char *name,
                                          struct diffmm__sparse *out);

#endif
