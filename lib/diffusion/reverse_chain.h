/* SPDX-License-Identifier: BSD-2-Clause */
/* The reverse chain, step by step (paper, equations 4 to 6): for i = T-1 .. 0
 *
 *     x <- c1_i x_hat(x, i) + c2_i x   (+ exp(logvar_i / 2) noise for i > 0 if sampling noise).
 *
 * With a basis, x is the row of coordinates z, and the scores of the items are B z: what the basis
 * cannot express of x0 would be multiplied by c2_0, which is 0.
 *
 * This is the naive strategy, for every shape; hidden_chain.h has a cheaper one for the usual
 * shape. */
#ifndef DIFFMM_DIFFUSION_REVERSE_CHAIN_H
#define DIFFMM_DIFFUSION_REVERSE_CHAIN_H

#include "diffusion/denoiser.h"
#include "diffusion/denoiser_batch.h"
#include "diffusion/schedule.h"

/* How the reverse chain samples. */
struct diffmm__sampling {
    size_t sampling_steps; /* 0: start from x0 */
    bool sampling_noise;
};

/* Adds `scale` times the x0 of batch row b, or its coordinates, to x. */
typedef void (*diffmm__reverse_chain_add)(void *argument, size_t b, float scale, float *x);

/* Runs the chain of the batch's users; `x`, rows x items, receives the result. Noise block s (block
 * 0 is q_sample's, then there is one for each step) begins at draws.noise + s noise_rows items, or
 * is drawn from the stream diffmm__stream_reverse_block(draws.noise_stream, s). */
void diffmm__reverse_chain_run(struct diffmm__denoiser_pass *pass, const diffmm_schedule *schedule,
                               const float *parameters, const struct diffmm__sampling *sampling,
                               const struct diffmm__denoiser_batch *batch, float *x);

/* The same where the rows x0 are the caller's to add. Of batch->x0, only the numbers of the rows are
 * read, of batch->basis only the linear part. Parameters may be NULL: the layers add nothing. */
void diffmm__reverse_chain_run_from(struct diffmm__denoiser_pass *pass,
                                    const diffmm_schedule *schedule, const float *parameters,
                                    const struct diffmm__sampling *sampling,
                                    const struct diffmm__denoiser_batch *batch,
                                    diffmm__reverse_chain_add add, void *adds, float *x);

#endif
