/* SPDX-License-Identifier: BSD-2-Clause */
/* The generated neighbours of each user (paper, section 3.2.3): the items with the largest entries
 * of the reverse chain's result, ties by lower item.
 *
 * A spectral denoiser's result has the score B_i z for item i. Where there are many users, they are
 * ranked for a sample of users, at equal distances among all, over all items; what is among the
 * first 8 `count` of any of these is a candidate, and every user is ranked over the candidates and
 * the items of the own row. Where these are left out, a user for whom the candidates do not suffice
 * is ranked over all items. */
#ifndef DIFFMM_DIFFUSION_GENERATE_NEIGHBORS_H
#define DIFFMM_DIFFUSION_GENERATE_NEIGHBORS_H

#include "diffusion/candidates.h"
#include "diffusion/hidden_chain.h"

/* How users' neighbours are generated with denoisers of one shape. */
struct diffmm__generation {
    struct diffmm__layers layers;
    struct diffmm__sampling sampling;
    size_t steps, users, count; /* count: neighbours per user */
    size_t block;               /* users at a time */
    bool hidden;                /* the strategy: in the hidden space, or naive */
    bool shared;                /* what the strategy prepares is another generator's */
    size_t sample; /* users of the sample that candidates come from; 0: all items are ranked */
    bool unseen;   /* items of the user's own row are left out; set by the caller, false at first */
};

/* Chooses the strategy, by counting FLOPs, and the block. */
void diffmm__generation_plan(const struct diffmm__layers *layers, size_t steps,
                             const struct diffmm__sampling *sampling, size_t users, size_t count,
                             struct diffmm__generation *out);

/* Lets the plan's generator borrow what one by plan `of`, for the same denoisers, prepares, where that
 * prepares anything. */
void diffmm__generation_plan_share(struct diffmm__generation *plan,
                                   const struct diffmm__generation *of);

/* Lets the users of a spectral denoiser be ranked over candidates, if that is cheaper. */
void diffmm__generation_plan_candidates(struct diffmm__generation *plan);

/* FLOPs of matrix products for all users: by the plan (of candidates, the most that there can be),
 * and by the naive strategy. */
double diffmm__generation_flops(const struct diffmm__generation *plan);
double diffmm__generation_naive_flops(const struct diffmm__generation *plan);

/* What diffmm__generator_create will allocate. */
size_t diffmm__generator_bytes(const struct diffmm__generation *plan);

/* Memory for generating by a plan. */
struct diffmm__generator;

diffmm_status diffmm__generator_create(const diffmm_context *context,
                                       const struct diffmm__generation *plan,
                                       struct diffmm__generator **out);
void diffmm__generator_destroy(struct diffmm__generator *generator);

/* Takes a denoiser's schedule and parameters, which must not change until the last block of the
 * batch is generated. */
void diffmm__generator_prepare(struct diffmm__generator *generator, const diffmm_schedule *schedule,
                               const float *parameters, const struct diffmm__denoiser_batch *batch);

/* The same by a generator that shares: from `prepared`, which was prepared last for this denoiser. */
void diffmm__generator_prepare_from(struct diffmm__generator *generator,
                                    const struct diffmm__generator *prepared);

/* From now on, a spectral denoiser's generator leaves the end of batch row b's reverse chain, weighted
 * as its row is, at z + b stride; NULL: nowhere. */
void diffmm__generator_keep(struct diffmm__generator *generator, float *z, size_t stride);

/* Generates the neighbours of `rows` users, at most plan->block, from batch row `first` on. `items`
 * receives rows x count items, each user's largest first; `scores` their entries of x, unless it is
 * NULL. */
void diffmm__generator_run(struct diffmm__generator *generator,
                           const struct diffmm__denoiser_batch *batch, size_t first, size_t rows,
                           int32_t *items, float *scores);

/* Generates the neighbours of the whole batch, block by block, in memory that ends with the
 * call. */
diffmm_status diffmm__generator_run_all(const diffmm_context *context,
                                        const struct diffmm__generation *plan,
                                        const diffmm_schedule *schedule, const float *parameters,
                                        const struct diffmm__denoiser_batch *batch, int32_t *items,
                                        float *scores);

#endif
