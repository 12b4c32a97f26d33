/* SPDX-License-Identifier: BSD-2-Clause */
/* The best linear prediction of what is dropped, in closed form: of all matrices M the one that
 * makes the mean square of
 *
 *     z_t M - z_d
 *
 * smallest over all users, steps and draws, where z_t is what a spectral denoiser is given
 * (spectral_sample.h) and z_d the sum of the dropped entries, divided by the dropout rate rho. With
 * Z the coordinates of all U users and q_i the sum of the squares of item i's entries,
 *
 *     D = sum_i q_i B_i B_i^T,   C = Z^T Z - D,
 *     M = mean(sqrt(abar)) (mean(abar) (C + D / (1 - rho)) + U mean(1 - abar) / (1 - rho) I)^-1 C:
 *
 * kept and dropped are different entries, so that an entry's square, in D, is no part of what they
 * have in common; and dropout adds to the variance of what is given
 * (marginalised denoising: Chen, Xu, Weinberger and Sha, 2012; Steck, 2020). The noise of the
 * schedule is the ridge. */
#ifndef DIFFMM_DIFFUSION_LINEAR_DENOISER_H
#define DIFFMM_DIFFUSION_LINEAR_DENOISER_H

#include "diffusion/basis.h"
#include "diffusion/schedule.h"

/* M, rank x rank. `train` has binary entries; dropout is below 1. DIFFMM_ERROR_NO_MEMORY. */
diffmm_status diffmm__linear_denoiser_fit(const diffmm_context *context,
                                          const struct diffmm__basis *basis,
                                          const struct diffmm__csr *train,
                                          const diffmm_schedule *schedule, double dropout,
                                          float *out);

/* The memory that this takes for the time of the call. */
size_t diffmm__linear_denoiser_bytes(size_t items, size_t rank);

#endif
