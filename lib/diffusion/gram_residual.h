/* SPDX-License-Identifier: BSD-2-Clause */
/* The users of a batch whose loss cannot be taken from Gram matrices (gram_loss.h), because the
 * difference of large numbers would cancel. Their loss is computed from the residual r = x_hat - x0
 * itself. With the last layer x_hat = a W^T + b and omega = 2 w_t / (I B):
 *
 *     ||x_hat - x0||^2 = r r^T,
 *     dL/da  = omega r W   (+ the MSI part),
 *     dL/dW += (omega r)^T a,
 *     dL/db += sum omega r.
 *
 * In every formula of gram_loss.h these users' omega is 0. Residuals are computed for some users
 * and items at a time, and a second time for the gradient of W: 8 I h FLOPs for each user. */
#ifndef DIFFMM_DIFFUSION_GRAM_RESIDUAL_H
#define DIFFMM_DIFFUSION_GRAM_RESIDUAL_H

#include "diffusion/loss_run.h"

/* The last layer. */
struct diffmm__last_layer {
    size_t items, h;            /* its outputs and inputs */
    const float *weight, *bias; /* W: items x h; b */
    const float *activations;   /* a: rows x h */
};

struct diffmm__gram_residual {
    size_t count;                   /* users */
    int32_t *rows;                  /* their batch rows, ascending */
    int32_t *place;                 /* of each batch row: its place among them, or -1 */
    float *omega;                   /* of each batch row; 0 for all others */
    float *activations, *gradients; /* count x h: their rows of a, and omega r W */
};

/* Takes memory for batches of up to `rows` users from the caller's arena. */
void diffmm__gram_residual_take(struct diffmm__arena *arena, size_t rows, size_t h,
                                struct diffmm__gram_residual *out);

/* Lists the users whose ELBO term is NAN (residual->omega has their omega), and computes their ELBO
 * terms and rows of dL/da: omega r W, in place of the zeros in pass.gradient[0]. */
void diffmm__gram_residual_terms(struct diffmm__gram_residual *residual,
                                 const struct diffmm__last_layer *last,
                                 struct diffmm__loss_run *run);

/* Adds what these users bring to dL/db to grad_bias; and to rows row .. row + rows - 1 of dL/dW to
 * `out`, whose rows are `stride` apart. by_items is x0 transposed: items x batch rows. */
void diffmm__gram_residual_weights(const struct diffmm__gram_residual *residual,
                                   const struct diffmm__last_layer *last,
                                   const struct diffmm__csr *by_items, size_t row, size_t rows,
                                   float *out, size_t stride, float *grad_bias);

#endif
