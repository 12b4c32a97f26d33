/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for training on batches: one module's own, or shared by modules of the same shape. */
#ifndef DIFFMM_MODULE_MODULE_WORKSPACE_H
#define DIFFMM_MODULE_MODULE_WORKSPACE_H

#include "diffusion/denoiser_loss.h"
#include "diffusion/gradient.h"

struct diffmm__module_workspace {
    struct diffmm__arena arena;
    struct diffmm__denoiser_loss loss;
    struct diffmm__gradient gradient; /* for steps */
    int32_t *t;                       /* loss.plan.rows: the steps drawn */
    size_t entries;                   /* the most interactions that a batch may have */
};

diffmm_status diffmm__module_workspace_begin(const diffmm_context *context,
                                             const struct diffmm__loss_plan *plan, size_t entries,
                                             struct diffmm__module_workspace *out);
void diffmm__module_workspace_end(struct diffmm__module_workspace *workspace);

/* What diffmm__module_workspace_begin allocates for a context of `threads` threads. */
size_t diffmm__module_workspace_bytes(const struct diffmm__loss_plan *plan, size_t entries,
                                      size_t threads);

#endif
