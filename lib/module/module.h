/* SPDX-License-Identifier: BSD-2-Clause */
/* The diffusion of one modality: what the public handle is, and what a trainer uses of it. */
#ifndef DIFFMM_MODULE_MODULE_H
#define DIFFMM_MODULE_MODULE_H

#include <diffmm/diffusion_module.h>

#include "base/handle.h"
#include "diffusion/generate.h"
#include "diffusion/objective.h"
#include "diffusion/schedule.h"
#include "options/settings.h"

/* Memory for training on batches, of one module or shared by modules of the same shape. */
struct diffmm__module_workspace {
    struct diffmm__arena arena;
    struct diffmm__objective objective;
    struct diffmm__gradient gradient; /* taken by Adam as it is made */
    int32_t *t;                       /* objective.rows: the steps drawn */
    size_t entries;                   /* interactions that a batch may have */
};

diffmm_status diffmm__module_workspace_create(const diffmm_context *context,
                                              const struct diffmm__layers *layers, size_t rows,
                                              size_t d, size_t entries,
                                              struct diffmm__module_workspace *out);
/* What that allocates, for an objective planned with those rows and d. */
size_t diffmm__module_workspace_bytes(const struct diffmm__objective *objective, size_t entries,
                                      size_t threads);
void diffmm__module_workspace_end(struct diffmm__module_workspace *workspace);

enum { DIFFMM__TENSOR_NAME = 32 };

struct diffmm_diffusion {
    struct diffmm__handle handle;
    diffmm_context *context;
    diffmm_options *options; /* its seed is the module's */
    struct diffmm__settings settings;
    struct diffmm__layers layers;
    diffmm_schedule *schedule;
    size_t modality; /* whose streams it draws from, or DIFFMM__NO_MODALITY (base/streams.h) */
    char (*names)[DIFFMM__TENSOR_NAME]; /* of its 2 layers.count tensors */
    float *values, *first_moment, *second_moment;
    uint64_t steps;                            /* Adam steps taken */
    struct diffmm__module_workspace workspace; /* its own; no rows until it is needed */
};

/* A module with initial values. Settings are those of the options, which are copied. */
diffmm_status diffmm__module_create(diffmm_context *context, size_t items,
                                    const diffmm_options *options, size_t modality,
                                    diffmm_diffusion **out);

/* The same without values. */
diffmm_status diffmm__module_allocate(diffmm_context *context, size_t items,
                                      const diffmm_options *options, size_t modality,
                                      diffmm_diffusion **out);

/* What a module takes: its arrays, and its settings and other small blocks at the most. */
size_t diffmm__module_bytes(const struct diffmm__layers *layers,
                            const struct diffmm__settings *settings);

/* The shape of a module's denoiser, worked out from settings. */
diffmm_status diffmm__module_layers(size_t items, const struct diffmm__settings *settings,
                                    struct diffmm__layers *out);

/* How it samples. */
struct diffmm__sampling diffmm__module_sampling(const struct diffmm__settings *settings);

/* What an epoch's generation draws from. */
struct diffmm__draws diffmm__module_reverse_draws(const diffmm_diffusion *module, uint64_t epoch);

/* A checked batch. */
struct diffmm__module_batch {
    size_t rows;
    struct diffmm__batch_rows x0;
    uint64_t epoch;
    const int32_t *t;                   /* NULL: drawn */
    const float *noise, *dropout_scale; /* NULL: drawn */
    struct diffmm__msi msi;             /* its d is the workspace's */
};

/* One step of Adam on the batch's loss. Where a loss is not finite, nothing has changed. */
struct diffmm__denoiser_losses diffmm__module_step(diffmm_diffusion *module,
                                                   struct diffmm__module_workspace *workspace,
                                                   const struct diffmm__module_batch *batch);

/* "ELBO" or "MSI", whichever is not finite, or NULL. */
const char *diffmm__losses_wrong(const struct diffmm__denoiser_losses *losses);

/* Write rows x columns values to where a parameter stands: they must be its own shape, and finite.
 * They may be the parameter's own. */
diffmm_status diffmm__parameter_write(const diffmm_parameter *parameter, size_t rows,
                                      size_t columns, const float *values, float *place);

#endif
