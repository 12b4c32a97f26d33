/* SPDX-License-Identifier: BSD-2-Clause */
/* A caller's batch, checked. */
#ifndef DIFFMM_MODULE_BATCH_H
#define DIFFMM_MODULE_BATCH_H

#include "module/module.h"

/* What a batch of an epoch draws from: diffmm__module_draws or diffmm__module_reverse_draws. */
typedef struct diffmm__draws (*diffmm__module_draws_of)(const diffmm_diffusion *module,
                                                        uint64_t epoch);

/* Its rows, and its draws: those that are given, t among them, and else the streams of its epoch. */
diffmm_status diffmm__module_batch_read(const diffmm_diffusion *module,
                                        const diffmm_diffusion_batch *callers,
                                        diffmm__module_draws_of draws,
                                        struct diffmm__denoiser_batch *out);

/* Draw the steps t of its rows, into `room` for as many, unless it has them. */
void diffmm__module_batch_draw_steps(const diffmm_diffusion *module,
                                     struct diffmm__denoiser_batch *batch, int32_t *room);

#endif
