/* SPDX-License-Identifier: BSD-2-Clause */
/* Users of a Gram batch whose loss is computed from the residual r = x_hat - x0 itself:
 *     squares = r r^T,   dL/da = omega r W + (the MSI part),
 *     dL/dW += (omega r)^T a,   dL/db += sum omega r.
 * Their omega stands in objective->residual_omega; in every formula of gram.c it is 0. The
 * residuals are made for some users and items at a time, and again for the gradient of W: 8 I h
 * FLOPs a user. */
#ifndef DIFFMM_DIFFUSION_RESIDUAL_H
#define DIFFMM_DIFFUSION_RESIDUAL_H

#include "diffusion/gram.h"

/* List the users whose ELBO term is NAN; write their ELBO terms, and omega r W to their rows of
 * dL/da, which hold zeros. */
void diffmm__residual_terms(struct diffmm__gram_batch *batch);

/* Add these users' part of dL/dW, rows row .. row + rows - 1, to `out`, whose rows are `stride`
 * apart, and of dL/db to batch->grad_bias. */
void diffmm__residual_weights(const struct diffmm__gram_batch *batch, size_t row, size_t rows,
                              float *out, size_t stride);

#endif
