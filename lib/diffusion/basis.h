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
 * spectral_basis.h computes such a basis from a data set. */
#ifndef DIFFMM_DIFFUSION_BASIS_H
#define DIFFMM_DIFFUSION_BASIS_H

#include "diffusion/batch_rows.h"

struct diffmm__basis {
    size_t items, rank;
    const float *values; /* items x rank */
};

/* The coordinates of batch row b, a sum of rows of B: z = B^T x0. */
void diffmm__basis_coordinates(const struct diffmm__basis *basis,
                               const struct diffmm__batch_rows *x0, size_t b, float *z);

/* The coordinates of dense rows, rows x items: Z = X B. */
void diffmm__basis_read(const diffmm_context *context, const struct diffmm__basis *basis,
                        size_t rows, const float *x, float *z);

/* The dense rows that have these coordinates: X = Z B^T. */
void diffmm__basis_write(const diffmm_context *context, const struct diffmm__basis *basis,
                         size_t rows, const float *z, float *x);

#endif
