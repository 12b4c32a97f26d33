/* SPDX-License-Identifier: BSD-2-Clause */
/* Training on one batch. */
#ifndef DIFFMM_MODULE_STEP_H
#define DIFFMM_MODULE_STEP_H

#include "module/module.h"

/* Takes one step of Adam, of the given learning rate, on the batch's loss. The steps t are drawn if they are NULL. msi.d is the
 * workspace's, whose loss is prepared for the batch. Where a loss is not finite, nothing changes. */
struct diffmm__denoiser_losses diffmm__module_step(diffmm_diffusion *module,
                                                   struct diffmm__module_workspace *workspace,
                                                   const struct diffmm__denoiser_batch *batch,
                                                   double rate);

/* The batch's losses alone. */
struct diffmm__denoiser_losses diffmm__module_losses(const diffmm_diffusion *module,
                                                     struct diffmm__module_workspace *workspace,
                                                     const struct diffmm__denoiser_batch *batch);

#endif
