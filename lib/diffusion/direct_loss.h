/* SPDX-License-Identifier: BSD-2-Clause */
/* The direct strategy for the denoiser's loss: compute x_hat, then both terms by their formulas
 * (elbo.h, msi.h), and go back through x_hat. */
#ifndef DIFFMM_DIFFUSION_DIRECT_LOSS_H
#define DIFFMM_DIFFUSION_DIRECT_LOSS_H

#include "diffusion/loss_run.h"

struct diffmm__direct_loss {
    float *u; /* rows x d: see msi.h */
};

/* Takes memory for batches of up to `rows` users from the caller's arena. The pass of a run is of
 * kind DIFFMM__PASS_TRAIN. */
void diffmm__direct_loss_take(struct diffmm__arena *arena, size_t rows, size_t d,
                              struct diffmm__direct_loss *out);

/* FLOPs of matrix products of value and gradient. */
double diffmm__direct_loss_flops(const struct diffmm__layers *layers, size_t rows, size_t d);

/* Computes each user's terms. */
void diffmm__direct_loss_terms(struct diffmm__direct_loss *loss, struct diffmm__loss_run *run);

/* Computes the gradient of every parameter, after the terms. */
void diffmm__direct_loss_gradient(struct diffmm__direct_loss *loss, struct diffmm__loss_run *run,
                                  const struct diffmm__gradient *gradient);

#endif
