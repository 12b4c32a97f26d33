/* SPDX-License-Identifier: BSD-2-Clause */
/* The reverse chain in the hidden space, without the products over all items in each step.
 *
 * Let the denoiser have one affine layer in (W_in over the items; q_i is what step i's time
 * embedding and the bias add) and one out (W_out, b_out). Then p = W_in x is carried in place of x:
 *
 *     a_i = tanh(p + q_i),
 *     p  <- c1_i (G a_i + W_in b_out) + c2_i p,   G = W_in W_out,
 *
 * and, since x <- c1_i (W_out a_i + b_out) + c2_i x is linear in what was added,
 *
 *     x = (prod c2) x0 + W_out (sum_i g_i a_i) + (sum_i g_i) b_out,   g_i = c1_i prod_{j<i} c2_j.
 *
 * Per user 2 h^2 (T - 1) + 2 I h FLOPs in place of 4 I h T. */
#ifndef DIFFMM_DIFFUSION_HIDDEN_CHAIN_H
#define DIFFMM_DIFFUSION_HIDDEN_CHAIN_H

#include "diffusion/reverse_chain.h"

/* What is computed once for a denoiser, and memory for the chains of `rows` users at a time. */
struct diffmm__hidden_chain {
    const diffmm_context *context;
    struct diffmm__layers layers;
    const diffmm_schedule *schedule;
    size_t hidden;
    float *columns; /* items x h: the item columns of W_in, as rows */
    float *g;       /* h x h: W_in W_out */
    float *drift;   /* h: W_in b_out */
    float *q;       /* T x h: what step i adds before tanh */
    float *p, *a;   /* rows x h */
    float *sum;     /* rows x h: the result */
    float *factors; /* T: g_i */
    float *time;    /* 2 e: scratch */
    float x0_factor, bias_factor;
};

/* Whether the chain may run in the hidden space: one hidden layer, no normalisation, no noise. */
bool diffmm__hidden_chain_possible(const struct diffmm__layers *layers,
                                   const struct diffmm__sampling *sampling);

/* FLOPs of matrix products for `users` users, the final x included. */
double diffmm__hidden_chain_flops(const struct diffmm__layers *layers, size_t steps, size_t users);

/* How many of these are of diffmm__hidden_chain_prepare(). */
double diffmm__hidden_chain_prepare_flops(const struct diffmm__layers *layers);

/* Takes memory for `rows` users at a time and `steps` steps from the caller's arena. */
void diffmm__hidden_chain_take(struct diffmm__arena *arena, const struct diffmm__layers *layers,
                               size_t steps, size_t rows, struct diffmm__hidden_chain *out);

/* To be called once for each set of parameters. The schedule has `steps` steps. */
void diffmm__hidden_chain_prepare(struct diffmm__hidden_chain *chain,
                                  const diffmm_schedule *schedule, const float *parameters);

/* In place of both: memory for the users alone; and what another chain has prepared for the same
 * layers and steps, which is borrowed until that one is prepared anew. */
void diffmm__hidden_chain_take_rows(struct diffmm__arena *arena,
                                    const struct diffmm__layers *layers, size_t rows,
                                    struct diffmm__hidden_chain *out);
void diffmm__hidden_chain_share(struct diffmm__hidden_chain *chain,
                                const struct diffmm__hidden_chain *prepared);

/* Runs the chain of `rows` users from x0. The final x is then
 *     x0_factor x0 + sum W_out^T + bias_factor b_out. */
void diffmm__hidden_chain_run(struct diffmm__hidden_chain *chain, size_t rows,
                              const struct diffmm__batch_rows *x0);

#endif
