/* SPDX-License-Identifier: BSD-2-Clause */
/* The forward process (paper, equation 2):
 *     x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps,
 * written straight into the operand of the denoiser's first product. */
#ifndef DIFFMM_DIFFUSION_Q_SAMPLE_H
#define DIFFMM_DIFFUSION_Q_SAMPLE_H

#include "diffusion/denoiser.h"
#include "diffusion/denoiser_batch.h"
#include "diffusion/schedule.h"

/* x_t of batch row b. */
void diffmm__q_sample_row(const diffmm_schedule *schedule,
                          const struct diffmm__denoiser_batch *batch, size_t b, size_t items,
                          float *x_t);

/* Fills pass->input for every row: x_t, row-normalised if the shape says so, then dropout. */
void diffmm__q_sample_input(struct diffmm__denoiser_pass *pass, const diffmm_schedule *schedule,
                            const struct diffmm__denoiser_batch *batch);

#endif
