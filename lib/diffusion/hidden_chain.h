/* SPDX-License-Identifier: BSD-2-Clause */
/* The reverse chain in the hidden space. */
#ifndef DIFFMM_DIFFUSION_HIDDEN_CHAIN_H
#define DIFFMM_DIFFUSION_HIDDEN_CHAIN_H

#include "diffusion/reverse.h"

/* What the chain of one denoiser needs, and memory for `rows` users at a time. */
struct diffmm__hidden_chain {
    const diffmm_context *context;
    struct diffmm__arena arena;
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

diffmm_status diffmm__hidden_chain_create(const diffmm_context *context,
                                          const struct diffmm__layers *layers,
                                          const diffmm_schedule *schedule, size_t rows,
                                          struct diffmm__hidden_chain *out);
size_t diffmm__hidden_chain_bytes(const struct diffmm__layers *layers, size_t steps, size_t rows);
void diffmm__hidden_chain_end(struct diffmm__hidden_chain *chain);

/* Once per set of parameters. */
void diffmm__hidden_chain_prepare(struct diffmm__hidden_chain *chain, const float *parameters);

/* Run the chain for `rows` users from x0. Afterwards the final x is
 *     x0_factor x0 + sum W_out^T + bias_factor b_out. */
void diffmm__hidden_chain_run(struct diffmm__hidden_chain *chain, size_t rows,
                              const struct diffmm__batch_rows *x0);

#endif
