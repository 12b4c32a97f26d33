/* SPDX-License-Identifier: BSD-2-Clause */
/* The diffusion of one modality: the public handle, and what a trainer uses of it. */
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
    size_t items;
    struct diffmm__layers layers;
    struct diffmm__basis basis; /* of a spectral denoiser: values are basis_values; else all zero */
    struct diffmm__arena arena; /* of names, values, moments and basis */
    diffmm_schedule *schedule;
    size_t modality; /* which names its streams, or DIFFMM__NO_MODALITY (base/streams.h) */
    char (*names)[DIFFMM__TENSOR_NAME]; /* of its tensors, 2 layers.count */
    float *values, *first_moment, *second_moment;
    /* Of a spectral denoiser: the arrays of `basis`; weights and linear only if settings say so. */
    float *basis_values, *weights, *linear;
    uint64_t steps;                            /* Adam steps taken */
    struct diffmm__module_workspace workspace; /* of its own; empty until it is needed */
};

/* Creates a module with initial values. The options are copied. The values of a basis are zero, and
 * are the caller's to set. */
diffmm_status diffmm__module_create(diffmm_context *context, size_t items,
                                    const diffmm_options *options, size_t modality,
                                    diffmm_diffusion **out);

/* Creates a module whose values are not set. */
diffmm_status diffmm__module_allocate(diffmm_context *context, size_t items,
                                      const diffmm_options *options, size_t modality,
                                      diffmm_diffusion **out);

/* Bytes of a module: its arrays, and a bound for its options and other small blocks. */
size_t diffmm__module_bytes(const struct diffmm__layers *layers,
                            const struct diffmm__settings *settings);

/* The basis of a module's batches; NULL where the denoiser is not spectral. */
const struct diffmm__basis *diffmm__module_basis(const diffmm_diffusion *module);

/* What a spectral denoiser has beside its parameters, which training does not change: the basis,
 * weights, the linear part. `values` is NULL where the module has no such array. */
struct diffmm__module_constant {
    const char *name;
    size_t rows, columns;
    float *values;
};
size_t diffmm__module_constants_count(void);
struct diffmm__module_constant diffmm__module_constant_at(const diffmm_diffusion *module,
                                                          size_t index);

/* The layers of a module's denoiser, by the settings. */
diffmm_status diffmm__module_layers(size_t items, const struct diffmm__settings *settings,
                                    struct diffmm__layers *out);

/* How its reverse chain samples, by the settings. */
struct diffmm__sampling diffmm__module_sampling(const struct diffmm__settings *settings);

/* The streams of an epoch's training (of its only pass over all users, or of pass `pass`, counted
 * from 0), and of its reverse chain. */
struct diffmm__draws diffmm__module_draws(const diffmm_diffusion *module, uint64_t epoch);
struct diffmm__draws diffmm__module_pass_draws(const diffmm_diffusion *module, uint64_t epoch,
                                               size_t pass);
struct diffmm__draws diffmm__module_reverse_draws(const diffmm_diffusion *module, uint64_t epoch);

#endif
