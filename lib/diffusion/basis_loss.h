/* SPDX-License-Identifier: BSD-2-Clause */
/* The loss of a spectral denoiser, exact over all items though no row over them exists. With
 * x_hat = B z_hat, B orthonormal, z0 = B^T x0, and I items, the terms (elbo.h, msi.h) are
 *
 *     ELBO_b = w_t / I (||z_hat - z0||^2 + ||x0||^2 - ||z0||^2),
 *     MSI_b  = 1/d ||z_hat G - x0 E||^2,   G = B^T X,
 *
 * since x0 - B z0 is orthogonal to the columns of B. The gradient, for B users, is
 *
 *     dL/dz_hat = 2 w_t / (I B) (z_hat - z0) + 2 e_loss / (d B) (z_hat G - x0 E) G^T.
 *
 * Where the basis has weights, x0 is the weighted row. Where only what is dropped is to be predicted
 * (denoiser.target), the squares of the entries that the denoiser was given are left out:
 *
 *     ELBO_b = w_t / I (.. - sum_{i kept} (B_i z_hat - x0_i)^2),
 *
 * so that it does not learn to give back what it was given. */
#ifndef DIFFMM_DIFFUSION_BASIS_LOSS_H
#define DIFFMM_DIFFUSION_BASIS_LOSS_H

#include "diffusion/loss_run.h"

struct diffmm__basis_loss {
    float *z0; /* rows x rank */
    float *u;  /* rows x d: z_hat G - x0 E, then the gradient with respect to it */
    float *g;  /* rank x d */
};

void diffmm__basis_loss_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                             size_t rows, size_t d, struct diffmm__basis_loss *out);

/* FLOPs of matrix products of one batch (of value and gradient, and of the value alone), and of the
 * preparation. */
double diffmm__basis_loss_flops(const struct diffmm__layers *layers, size_t rows, size_t d);
double diffmm__basis_loss_value_flops(const struct diffmm__layers *layers, size_t rows, size_t d);
double diffmm__basis_loss_prepare_flops(const struct diffmm__layers *layers, size_t d);

/* Computes G from the features X, which must then be those of every batch. */
void diffmm__basis_loss_prepare(struct diffmm__basis_loss *loss, const diffmm_context *context,
                                const struct diffmm__basis *basis, size_t d, const float *features);

/* Each user's terms, and then the gradient, as for the other strategies (denoiser_loss.h). */
void diffmm__basis_loss_terms(struct diffmm__basis_loss *loss, struct diffmm__loss_run *run);
void diffmm__basis_loss_gradient(struct diffmm__basis_loss *loss, struct diffmm__loss_run *run,
                                 const struct diffmm__gradient *gradient);

#endif
