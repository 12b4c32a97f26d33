/* SPDX-License-Identifier: BSD-2-Clause */
/* Training on one batch. */
#ifndef DIFFMM_MODULE_STEP_H
#define DIFFMM_MODULE_STEP_H

#include "module/module.h"

/* One step of Adam on the batch's loss. Its steps t are drawn where they are NULL; the d of its MSI
 * term is the workspace's. Where a loss is not finite, nothing has changed. */
struct diffmm__denoiser_losses diffmm__module_step(diffmm_diffusion *module,
                                                   struct diffmm__module_workspace *workspace,
                                                   const struct diffmm__denoiser_batch *batch);

#endif
