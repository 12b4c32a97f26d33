/* SPDX-License-Identifier: BSD-2-Clause */
/* The fixed orthonormal basis B, items x rank, of a spectral denoiser. A row x over the items has
 * the coordinates
 *
 *     z = B^T x,
 *
 * and the denoiser sees and predicts these instead of x:
 *
 *     x_hat = B z_hat.
 *
 * With weights, the row is weighted first, so that neither users with long rows nor popular items
 * outweigh the others:
 *
 *     x~_i = w_u w_i x_i,   w_u = (n + user_offset)^-1/2 for a row of n entries,
 *
 * z = B^T x~, and what is predicted is divided by the weights again. spectral_basis.h computes a
 * basis from a data set. */
#ifndef DIFFMM_DIFFUSION_BASIS_H
#define DIFFMM_DIFFUSION_BASIS_H

#include "diffusion/batch_rows.h"

struct diffmm__basis {
    size_t items, rank;
    const float *values;  /* items x rank */
    const float *weights; /* items + 1: w_i, above 0, then user_offset; NULL: no weights */
    const float *linear;  /* rank x rank: the linear part of the prediction; NULL: none */
};

/* w_u of a row of so many entries. */
float diffmm__basis_row_weight(const struct diffmm__basis *basis, size_t entries);

/* Entry `e` of the matrix, weighted, whose row has the weight w_u. */
static inline float diffmm__basis_entry(const struct diffmm__basis *basis,
                                        const struct diffmm__csr *matrix, int64_t e,
                                        float row_weight)
{
    float value = matrix->values ? matrix->values[e] : 1.0f;
    return basis->weights ? row_weight * basis->weights[matrix->indices[e]] * value : value;
}

/* Adds scale times the coordinates of batch row b, a sum of rows of B: z += scale B^T x~0. */
void diffmm__basis_add_row(const struct diffmm__basis *basis, const struct diffmm__batch_rows *x0,
                           size_t b, float scale, float *z);

/* Coordinates of batch row b become those of the row that is not weighted by the user: z / w_u. */
void diffmm__basis_unweight_row(const struct diffmm__basis *basis,
                                const struct diffmm__batch_rows *x0, size_t b, float *z);

/* The row of item i whose product with unweighted coordinates is its entry of x: B_i / w_i. */
void diffmm__basis_score_row(const struct diffmm__basis *basis, size_t item, float *out);

/* The dense rows that have these unweighted coordinates: X = Z B^T, column i divided by w_i. */
void diffmm__basis_write(const diffmm_context *context, const struct diffmm__basis *basis,
                         size_t rows, const float *z, float *x);

#endif
