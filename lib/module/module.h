/* SPDX-License-Identifier: BSD-2-Clause */
/* The diffusion of one modality: what the public handle is, and what a trainer uses of it. */
#ifndef DIFFMM_MODULE_MODULE_H
#define DIFFMM_MODULE_MODULE_H

#include <diffmm/diffusion_module.h>

#include "base/handle.h"
#include "diffusion/reverse_chain.h"
#include "module/module_workspace.h"
#include "options/settings.h"

enum { DIFFMM__TENSOR_NAME = 32 };

struct diffmm_diffusion {
    struct diffmm__handle handle;
    diffmm_context *context;
    diffmm_options *options; /* its seed is the module's */
    struct diffmm__settings settings;
    struct diffmm__layers layers;
    struct diffmm__arena arena; /* of names, values and moments */
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

/* What training of an epoch draws from, and what its generation does. */
struct diffmm__draws diffmm__module_draws(const diffmm_diffusion *module, uint64_t epoch);
struct diffmm__draws diffmm__module_reverse_draws(const diffmm_diffusion *module, uint64_t epoch);

#endif
