/* SPDX-License-Identifier: BSD-2-Clause */
/* Generating users' neighbours: the reverse chain and the largest entries of its result. */
#ifndef DIFFMM_DIFFUSION_GENERATE_H
#define DIFFMM_DIFFUSION_GENERATE_H

#include "diffusion/hidden_chain.h"

/* Memory for generating with denoisers of one shape; made once. */
struct diffmm__generator;

/* `users` and `count` (neighbours per user) choose the way and the size of a block. */
diffmm_status diffmm__generator_create(const diffmm_context *context,
                                       const struct diffmm__layers *layers,
                                       const diffmm_schedule *schedule,
                                       const struct diffmm__sampling *sampling, size_t users,
                                       size_t count, struct diffmm__generator **out);
void diffmm__generator_destroy(struct diffmm__generator *generator);

/* How many users a call of diffmm__generate takes at most. */
size_t diffmm__generator_block(const struct diffmm__generator *generator);

/* FLOPs of matrix products for all users: the way taken, and the straightforward way. */
double diffmm__generator_flops(const struct diffmm__generator *generator);
double diffmm__generator_straight_flops(const struct diffmm__generator *generator);

/* Take up a denoiser's parameters; they must stay as they are until the last block is generated. */
void diffmm__generator_prepare(struct diffmm__generator *generator, const float *parameters);

/* The neighbours of `rows` users from user `first` of x0 on: `count` items each, largest first,
 * into rows x count. */
void diffmm__generate(struct diffmm__generator *generator, const struct diffmm__batch_rows *x0,
                      size_t first, size_t rows, const struct diffmm__draws *draws, int32_t *items);

#endif
