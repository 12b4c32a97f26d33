/* SPDX-License-Identifier: BSD-2-Clause */
/* The Gram strategy's view of a batch, shared by its two halves: users whose loss follows from Gram
 * matrices (gram.c), and those for whom that would cancel (residual.c). */
#ifndef DIFFMM_DIFFUSION_GRAM_H
#define DIFFMM_DIFFUSION_GRAM_H

#include "diffusion/objective.h"
#include "linalg/kernels.h"

struct diffmm__gram_batch {
    const struct diffmm__vector_kernels *kernels;
    struct diffmm__objective *objective;
    const struct diffmm__layer *layer; /* the last one */
    const float *weight, *bias;        /* its W, I x h, and b */
    const float *activations;          /* a: rows x h */
    struct diffmm__gradient *gradient;
    float *grad_bias;
    size_t h, d, rows;
    const double *elbo_weight;
    double bias_square; /* b b */
    const struct diffmm__batch_rows *x0;
    const int32_t *t;
    const struct diffmm__msi *msi;
};

/* A user's ||x_hat - x0||^2 is taken from Gram matrices where it is at least this part of the terms
 * that it is the difference of. Their rounding errors, mostly below 1e-6 of them, are then below
 * 1e-5 of the loss. (TikTok's users stay above a half.) */
static const double diffmm__gram_least = 1.0 / 8;

#endif
