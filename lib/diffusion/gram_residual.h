/* SPDX-License-Identifier: BSD-2-Clause */
/* The users of a batch whose loss the Gram strategy (gram_loss.h) cannot take from Gram matrices,
 * because its difference of large numbers would cancel. Theirs is computed from the residual
 * r = x_hat - x0 itself, with x_hat = a W^T + b the last layer:
 *     ||x_hat - x0||^2 = r r^T,
 *     dL/da  = omega r W   (+ the MSI part),
 *     dL/dW += (omega r)^T a,
 *     dL/db += sum omega r,
 * omega = 2 w_t / (I B). In every formula of gram_loss.c these users' omega is 0. Residuals are
 * made for some users and items at a time, and again for the gradient of W: 8 I h FLOPs a user. */
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

/* Memory for batches of up to `rows` users, in the caller's arena. */
void diffmm__gram_residual_take(struct diffmm__arena *arena, size_t rows, size_t h,
                                struct diffmm__gram_residual *out);

/* List the users whose ELBO term is NAN, whose omega stands there; write their ELBO terms, and
 * omega r W to their rows of dL/da, pass.gradient[0], which hold zeros. */
void diffmm__gram_residual_terms(struct diffmm__gram_residual *residual,
                                 const struct diffmm__last_layer *last,
                                 struct diffmm__loss_run *run);

/* Add these users' part of dL/dW, rows row .. row + rows - 1, to `out`, whose rows are `stride`
 * apart, and of dL/db to grad_bias. by_items: x0 transposed, items x batch rows. */
void diffmm__gram_residual_weights(const struct diffmm__gram_residual *residual,
                                   const struct diffmm__last_layer *last,
                                   const struct diffmm__csr *by_items, size_t row, size_t rows,
                                   float *out, size_t stride, float *grad_bias);

#endif
