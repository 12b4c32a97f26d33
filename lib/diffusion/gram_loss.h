/* SPDX-License-Identifier: BSD-2-Clause */
/* The Gram strategy for the denoiser's loss, which never computes x_hat.
 *
 * The last layer is x_hat = a W^T + b (a: B x h, W: I x h), and both terms are quadratic in x_hat.
 * With S = W^T W, c = W^T b and, for user k, omega_k = 2 w_t / (I B):
 *
 *     ||x_hat - x0||^2 = a S a^T + 2 a c + b b - 2 sum_i x0_i (a W_i + b_i) + sum_i x0_i^2,
 *     U = a (W^T X) + b X - x0 E,
 *     u = 2 e_loss / (d B) U   (each user's row of dL/dU).
 *
 * Write [u, omega] for u with omega as a last column, and [X, b] likewise. Then
 * dL/dx_hat = omega (x_hat - x0) + u X^T gives
 *
 *     dL/da = omega (a S - sum_i x0_i W_i) + [u, omega] (W^T [X, b])^T,
 *     dL/dW = W Q + [X, b] ([u, omega]^T a) - (omega x0)^T a,   Q = a^T diag(omega) a,
 *     dL/db = W (sum omega a) + [X, b] sum [u, omega] - sum omega x0.
 *
 * Sums over x0 are sparse; S and Q are symmetric. The three products of B x I x h become two of
 * I x h x h, one of them at half cost: cheaper where h < 2 B.
 *
 * The first formula is a difference of large numbers where x_hat is close to x0. Where it would
 * cancel, the user is left out of all this (omega = 0), and its loss is computed from x_hat itself:
 * gram_residual.h. */
#ifndef DIFFMM_DIFFUSION_GRAM_LOSS_H
#define DIFFMM_DIFFUSION_GRAM_LOSS_H

#include "diffusion/gram_residual.h"

/* A user's ||x_hat - x0||^2 is taken from Gram matrices where it is at least this share of the
 * terms whose difference it is. The terms' rounding errors, mostly below 1e-6 of them, are then
 * below 1e-5 of the loss. (TikTok's users stay above a half.) */
static const double diffmm__gram_loss_least = 1.0 / 8;

/* B users of a batch, I items, h inputs of the last layer, d columns of X. */
struct diffmm__gram_loss {
    float *features_bias;         /* I x (d + 1): [X, b] */
    float *weights_gram;          /* h x h: S */
    float *column_squares;        /* h: the diagonal of S */
    float *weights_features_bias; /* h x (d + 1): W^T [X, b] */
    float *bias_features;         /* d: b X */
    double bias_square;           /* b b */
    float *injected;              /* B x (d + 1): [U, a c], then [u, omega] */
    float *scaled;                /* B x h: omega a */
    float *activations_gram;      /* h x h: Q */
    float *injected_activations;  /* (d + 1) x h: [u, omega]^T a */
    float *injected_sums;         /* d + 1: sum [u, omega] */
    float *scratch;               /* of diffmm__gemm_symmetric */
    struct diffmm__csr by_items;  /* x0 transposed: I x B */
    struct diffmm__gram_residual residual;
};

/* Takes memory for batches of up to `rows` users with up to `entries` interactions from the
 * caller's arena. The pass of a run is of kind DIFFMM__PASS_HEAD. */
void diffmm__gram_loss_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                            size_t rows, size_t d, size_t entries, struct diffmm__gram_loss *out);

/* FLOPs of matrix products of value and gradient. */
double diffmm__gram_loss_flops(const struct diffmm__layers *layers, size_t rows, size_t d);

/* Computes each user's terms. */
void diffmm__gram_loss_terms(struct diffmm__gram_loss *loss, struct diffmm__loss_run *run);

/* Computes the gradient of every parameter, after the terms. */
void diffmm__gram_loss_gradient(struct diffmm__gram_loss *loss, struct diffmm__loss_run *run,
                                const struct diffmm__gradient *gradient);

#endif
