/* SPDX-License-Identifier: BSD-2-Clause */
/* The ELBO term of the denoiser's loss (paper, equation 8; without its factor 1/2). For a user at
 * step t, with I items and B users of the batch:
 *
 *     ELBO_b = w_t / I ||x_hat - x0||^2,   w_t = SNR(t-1) - SNR(t),   w_0 = 1,
 *     d(mean_b ELBO_b) / dx_hat = 2 w_t / (I B) (x_hat - x0). */
#ifndef DIFFMM_DIFFUSION_ELBO_H
#define DIFFMM_DIFFUSION_ELBO_H

#include "diffusion/schedule.h"

/* The factor of ||x_hat - x0||^2 in the term: w_t / I. */
double diffmm__elbo_weight(const diffmm_schedule *schedule, int32_t t, size_t items);

/* The factor of the residual in the gradient of the mean over `rows` users: 2 weight / rows. */
float diffmm__elbo_slope(double weight, size_t rows);

/* One user's term, from its residual x_hat - x0, which becomes its row of the gradient. */
double diffmm__elbo_row(double weight, size_t rows, size_t items, float *residual);

#endif
