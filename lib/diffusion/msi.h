/* SPDX-License-Identifier: BSD-2-Clause */
/* The MSI term of the denoiser's loss, modality-aware signal injection (paper, equation 10). With
 * the modality's features X and the item embedding E, both I x d and constant, and B users of the
 * batch:
 *
 *     U = x_hat X - x0 E,
 *     MSI_b = mean_d U^2,
 *     d(mean_b weight MSI_b) / dU = 2 weight / (d B) U,
 *     d(mean_b weight MSI_b) / dx_hat = 2 weight / (d B) U X^T. */
#ifndef DIFFMM_DIFFUSION_MSI_H
#define DIFFMM_DIFFUSION_MSI_H

#include "diffusion/batch_rows.h"

/* The term's constants. d = 0: no such term. */
struct diffmm__msi {
    size_t d;
    const float *features, *item_embedding;
    double weight; /* e_loss */
};

/* One user's term, from its row of U in `u`, which becomes its row of the gradient. */
double diffmm__msi_finish_row(const struct diffmm__msi *msi, size_t rows, float *u);

/* One user's term, from its row of x_hat X in `u`. That becomes its row of the gradient with
 * respect to U, of the weighted mean over `rows` users. */
double diffmm__msi_row(const struct diffmm__msi *msi, const struct diffmm__batch_rows *x0, size_t b,
                       size_t rows, float *u);

/* The terms of all users, from x_hat, rows x items. `u`, rows x d, receives the gradient with
 * respect to U. */
void diffmm__msi_terms(const diffmm_context *context, const struct diffmm__msi *msi,
                       const struct diffmm__batch_rows *x0, size_t rows, size_t items,
                       const float *x_hat, float *u, double *terms);

/* grad_x_hat = keep grad_x_hat + u X^T, after diffmm__msi_terms; keep is 0 or 1. */
void diffmm__msi_gradient(const diffmm_context *context, const struct diffmm__msi *msi, size_t rows,
                          size_t items, const float *u, float keep, float *grad_x_hat);

#endif
