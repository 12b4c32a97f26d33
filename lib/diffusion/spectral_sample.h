/* SPDX-License-Identifier: BSD-2-Clause */
/* The forward process of a spectral denoiser, in the coordinates of its basis B. The full denoiser
 * sees, with x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps (paper, equation 2), each entry of x_t
 * kept with probability 1 - rho and divided by it. Projected by B^T, this is
 *
 *     z_t = sqrt(abar_t) z_d + sqrt((1 - abar_t) / (1 - rho)) eps,   eps ~ N(0, I_rank),
 *     z_d = 1 / (1 - rho) sum_{i in x_0, kept} x_0i B_i:
 *
 * the items of the user are dropped one by one, as they are there; the noise has the covariance of
 * the projected, dropped-out noise over the items, averaged over what is dropped: since B is
 * orthonormal,
 *
 *     cov(B^T mask eps / (1 - rho)) = 1 / (1 - rho) I.
 *
 * So no noise over the items exists. */
#ifndef DIFFMM_DIFFUSION_SPECTRAL_SAMPLE_H
#define DIFFMM_DIFFUSION_SPECTRAL_SAMPLE_H

#include "diffusion/basis.h"
#include "diffusion/denoiser.h"
#include "diffusion/denoiser_batch.h"
#include "diffusion/schedule.h"

/* z_t of batch row b, with dropout or (as for rho = 0) without. Noise that is given has `rank`
 * columns, dropout factors that are given have one for each item. */
void diffmm__spectral_sample_row(const diffmm_schedule *schedule, const struct diffmm__basis *basis,
                                 const struct diffmm__denoiser_batch *batch, size_t b, bool drops,
                                 float *z_t);

/* The factor of an item of batch row b, which is row `row` of the matrix: 0 where it is dropped. */
float diffmm__spectral_sample_kept(const struct diffmm__draws *draws, size_t b, size_t row,
                                   size_t items, size_t item);

/* Fills pass->input for every row: z_t, then normalised if the shape says so. */
void diffmm__spectral_sample_input(struct diffmm__denoiser_pass *pass,
                                   const diffmm_schedule *schedule,
                                   const struct diffmm__basis *basis,
                                   const struct diffmm__denoiser_batch *batch);

#endif
