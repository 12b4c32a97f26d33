/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures of a denoiser by the items it ranks first for some users (measures.h has what each
 * means). */
#ifndef DIFFMM_EVALUATION_DENOISER_MEASURES_H
#define DIFFMM_EVALUATION_DENOISER_MEASURES_H

#include <diffmm/measures.h>

#include "diffusion/generate_neighbors.h"
#include "evaluation/popularity.h"
#include "module/module.h"

/* How `users` users are ranked: `longest` is the most training items that one of them has, `cutoff` is K.
 * The list of a user has K + longest items, or all. */
void diffmm__denoiser_measuring_plan(const struct diffmm__layers *layers, size_t steps,
                                     const struct diffmm__sampling *sampling, size_t items,
                                     size_t users, size_t longest, size_t cutoff,
                                     struct diffmm__generation *out);

/* A plan with its memory; all zero holds nothing. */
struct diffmm__denoiser_measuring {
    const diffmm_context *context;
    struct diffmm__arena arena;
    struct diffmm__generation plan;
    struct diffmm__generator *generator;
    int32_t *lists;                       /* plan.block x plan.count */
    struct diffmm__ranked *ranked;        /* workers x plan.count */
    struct diffmm__denoiser_user *judged; /* plan.users */
};

diffmm_status diffmm__denoiser_measuring_begin(const diffmm_context *context,
                                               const struct diffmm__generation *plan,
                                               struct diffmm__denoiser_measuring *out);
void diffmm__denoiser_measuring_end(struct diffmm__denoiser_measuring *measuring);
size_t diffmm__denoiser_measuring_bytes(const struct diffmm__generation *plan, size_t threads);

/* Measures a module on a batch of plan.users users, whose training items are the batch's x0. `held`
 * has the users' held-out items; or NULL. A plan that shares needs a generator that is prepared for
 * the module; for another it is NULL. */
void diffmm__denoiser_measuring_run(struct diffmm__denoiser_measuring *measuring,
                                    const diffmm_diffusion *module,
                                    const struct diffmm__generator *prepared,
                                    const struct diffmm__denoiser_batch *batch,
                                    const struct diffmm__csr *held,
                                    const struct diffmm__popularity *popularity, size_t cutoff,
                                    diffmm_denoiser_measures *out);

#endif
