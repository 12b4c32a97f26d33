/* SPDX-License-Identifier: BSD-2-Clause */
/* A caller's batch, checked. */
#ifndef DIFFMM_MODULE_BATCH_H
#define DIFFMM_MODULE_BATCH_H

#include "module/module.h"

/* Gives the streams of an epoch: diffmm__module_draws or diffmm__module_reverse_draws. */
typedef struct diffmm__draws (*diffmm__module_draws_of)(const diffmm_diffusion *module,
                                                        uint64_t epoch);

/* Reads and checks it. Draws that are not given, t among them, come from the streams of its
 * epoch. */
diffmm_status diffmm__module_batch_read(const diffmm_diffusion *module,
                                        const diffmm_diffusion_batch *callers,
                                        diffmm__module_draws_of draws,
                                        struct diffmm__denoiser_batch *out);

/* Draws the steps t of its rows into `room`, which holds as many, unless they are given. */
void diffmm__module_batch_draw_steps(const diffmm_diffusion *module,
                                     struct diffmm__denoiser_batch *batch, int32_t *room);

#endif
