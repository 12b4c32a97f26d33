/* SPDX-License-Identifier: BSD-2-Clause */
/* The interactions x0 of a batch's users, as rows of a sparse matrix. */
#ifndef DIFFMM_DIFFUSION_BATCH_ROWS_H
#define DIFFMM_DIFFUSION_BATCH_ROWS_H

#include "linalg/csr.h"

/* Batch row b is row row_of[b] (b itself where NULL) of a matrix whose columns are items. */
struct diffmm__batch_rows {
    struct diffmm__csr matrix;
    const int32_t *row_of;
    bool ascending; /* the items of each row are known to ascend: a row may be searched */
};

/* The number of the matrix's row that is batch row b. */
static inline size_t diffmm__batch_rows_row(const struct diffmm__batch_rows *rows, size_t b)
{
    return rows->row_of ? (size_t)rows->row_of[b] : b;
}

/* Adds scale times row b to a dense row. */
void diffmm__batch_rows_add(const struct diffmm__batch_rows *rows, size_t b, float scale,
                            float *dense);

/* y += scale (row b) matrix, where the matrix is items x d: a sum of the rows of its items. */
void diffmm__batch_rows_gather(const struct diffmm__batch_rows *rows, size_t b, float scale,
                               size_t d, const float *matrix, float *y);

/* Masks the items of row b among x, which has items first .. first + width - 1: they become NAN. */
void diffmm__batch_rows_mask(const struct diffmm__batch_rows *rows, size_t b, size_t first,
                             size_t width, float *x);

/* The number of entries of the first `count` batch rows. */
size_t diffmm__batch_rows_entries(const struct diffmm__batch_rows *rows, size_t count);

/* The non-zero entries of dense rows, rows x items, in the caller's arena. */
diffmm_status diffmm__batch_rows_from_dense(struct diffmm__arena *arena, size_t rows, size_t items,
                                            const float *dense, struct diffmm__batch_rows *out);

#endif
