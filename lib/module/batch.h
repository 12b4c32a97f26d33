/* SPDX-License-Identifier: BSD-2-Clause */
/* A caller's batch, checked. */
#ifndef DIFFMM_MODULE_BATCH_H
#define DIFFMM_MODULE_BATCH_H

#include "module/module.h"

/* Rows, epoch and whatever draws are given; the steps t are checked where given. */
diffmm_status diffmm__module_batch_read(const diffmm_diffusion *module,
                                        const diffmm_diffusion_batch *callers,
                                        struct diffmm__module_batch *out);

/* How many entries its rows have. */
size_t diffmm__module_batch_entries(const struct diffmm__module_batch *batch);

/* The steps of its rows, in `drawn` unless they were given. */
const int32_t *diffmm__module_batch_steps(const diffmm_diffusion *module,
                                          const struct diffmm__module_batch *batch, int32_t *drawn);

#endif
