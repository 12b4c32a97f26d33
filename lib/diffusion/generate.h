/* SPDX-License-Identifier: BSD-2-Clause */
/* Generating users' neighbours: the reverse chain and the largest entries of its result. */
#ifndef DIFFMM_DIFFUSION_GENERATE_H
#define DIFFMM_DIFFUSION_GENERATE_H

#include "diffusion/hidden_chain.h"

/* How users' neighbours will be generated with denoisers of one shape. */
struct diffmm__generation {
    struct diffmm__layers layers;
    struct diffmm__sampling sampling;
    size_t steps, users, count; /* count: neighbours per user */
    size_t block;               /* users at a time */
    bool hidden;                /* the way: in the hidden space, or the chain as it stands */
};

/* Choose the way by counting FLOPs, and the block. */
void diffmm__generation_plan(const struct diffmm__layers *layers, size_t steps,
                             const struct diffmm__sampling *sampling, size_t users, size_t count,
                             struct diffmm__generation *out);

/* FLOPs of matrix products for all users: the way taken, and the straightforward way. */
double diffmm__generation_flops(const struct diffmm__generation *plan);
double diffmm__generation_straight_flops(const struct diffmm__generation *plan);

/* What diffmm__generator_create will allocate. */
size_t diffmm__generation_bytes(const struct diffmm__generation *plan);

/* The memory for it; made once. */
struct diffmm__generator;

diffmm_status diffmm__generator_create(const diffmm_context *context,
                                       const struct diffmm__generation *plan,
                                       const diffmm_schedule *schedule,
                                       struct diffmm__generator **out);
void diffmm__generator_destroy(struct diffmm__generator *generator);

/* Take up a denoiser's parameters; they must stay as they are until the last block is generated. */
void diffmm__generator_prepare(struct diffmm__generator *generator, const float *parameters);

/* The neighbours of `rows` users, at most plan->block, from batch row `first` of x0 on: `count`
 * items each, largest first, into rows x count; and their entries of x, unless `scores` is NULL. */
void diffmm__generate(struct diffmm__generator *generator, const struct diffmm__batch_rows *x0,
                      size_t first, size_t rows, const struct diffmm__draws *draws, int32_t *items,
                      float *scores);

/* All of that for all users of a plan, block by block, in memory that ends with the call. */
diffmm_status diffmm__generate_all(const diffmm_context *context,
                                   const struct diffmm__generation *plan,
                                   const diffmm_schedule *schedule, const float *parameters,
                                   const struct diffmm__batch_rows *x0,
                                   const struct diffmm__draws *draws, int32_t *items,
                                   float *scores);

#endif
