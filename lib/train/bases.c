/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/bases.h"

#include <string.h>

#include "base/log.h"
#include "base/sizes.h"
#include "base/streams.h"
#include "diffusion/spectral_basis.h"

/* Features whose rows stand apart, one after the other. */
static float *pack(const diffmm_model *model, const struct diffmm__model_modality *modality)
{
    size_t columns = modality->dimensions;
    float *packed = diffmm__allocate(model->context, model->items, columns * sizeof *packed);
    for (size_t i = 0; packed && i < model->items; i++)
        memcpy(packed + i * columns, modality->features + i * modality->stride,
               columns * sizeof *packed);
    return packed;
}

static diffmm_status compute(const diffmm_model *model, size_t m, const float *features)
{
    const struct diffmm__model_modality *modality = &model->modalities[m];
    const diffmm_diffusion *module = modality->diffusion;
    const struct diffmm__spectral_source source = {.train = &model->catalog->train,
                                                   .feature_columns = modality->dimensions,
                                                   .features = features,
                                                   .rank = module->basis.rank,
                                                   .seed = model->settings.seed,
                                                   .stream = diffmm__stream_spectral_basis(m)};
    diffmm_status status =
        diffmm__spectral_basis_compute(model->context, &source, module->basis_values);
    if (!status)
        diffmm__log(model->context, DIFFMM_LOG_INFO,
                    "modality '%s': its denoiser works in a basis of rank %zu", modality->name,
                    module->basis.rank);
    return status;
}

diffmm_status diffmm__bases_compute(diffmm_model *model)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        const struct diffmm__model_modality *modality = &model->modalities[m];
        if (!modality->diffusion->basis_values)
            continue;
        if (modality->stride == modality->dimensions) {
            status = compute(model, m, modality->features);
            continue;
        }
        float *packed = pack(model, modality);
        status = packed ? compute(model, m, packed) : DIFFMM_ERROR_NO_MEMORY;
        diffmm__release(model->context, packed);
    }
    return status;
}

size_t diffmm__bases_bytes(const struct diffmm__plan *plan)
{
    const struct diffmm__settings *s = plan->settings;
    if (!s->diffusion_enabled || !s->spectral)
        return 0;
    size_t packed =
        diffmm__allocation_bytes(diffmm__size_product(plan->items, plan->packed), sizeof(float));
    return diffmm__size_sum(packed, diffmm__spectral_basis_bytes(plan->users, plan->items,
                                                                 plan->pairs, plan->widest,
                                                                 plan->denoiser_loss.layers.items));
}
