/* SPDX-License-Identifier: BSD-2-Clause */
#include "train/bases.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/sizes.h"
#include "base/streams.h"
#include "diffusion/linear_denoiser.h"
#include "diffusion/spectral_basis.h"
#include "linalg/orthonormal.h"

/* Features whose rows stand apart, or in a mapped file, one after the other. */
static float *pack(const diffmm_model *model, const struct diffmm__model_modality *modality)
{
    size_t columns = modality->dimensions;
    float *packed = diffmm__allocate(model->context, model->items, columns * sizeof *packed);
    if (packed && modality->stored.data) {
        diffmm__stored_rows_load(&modality->stored, 0, model->items, packed);
        return packed;
    }
    for (size_t i = 0; packed && i < model->items; i++)
        memcpy(packed + i * columns, modality->features + i * modality->stride,
               columns * sizeof *packed);
    return packed;
}

/* The mean number of interactions of a user, or of an item. */
static float mean_degree(const struct diffmm__csr *train, size_t count)
{
    float mean = (float)((double)diffmm__csr_entries(train) / (double)count);
    return mean > 0.0f ? mean : 1.0f;
}

/* Weights of a basis (diffusion/basis.h) by the degrees n_i of items, with the mean degrees added:
 *     w_i = g (n_i + mean item degree)^-1/2,   user_offset = mean user degree.
 * g makes the mean square of the weighted entries 1, as that of plain ones is, so that the noise of
 * the schedule means the same. */
static void set_weights(const struct diffmm__csr *train, float *weights)
{
    size_t items = train->columns;
    float users_mean = mean_degree(train, train->rows), items_mean = mean_degree(train, items);
    double squares = 0.0;
    memset(weights, 0, items * sizeof *weights);
    for (int64_t e = train->pointers[0]; e < train->pointers[train->rows]; e++)
        weights[train->indices[e]] += 1.0f;
    for (size_t i = 0; i < items; i++)
        weights[i] = 1.0f / sqrtf(weights[i] + items_mean);
    for (size_t u = 0; u < train->rows; u++)
        for (int64_t e = train->pointers[u]; e < train->pointers[u + 1]; e++) {
            double weight = (double)weights[train->indices[e]];
            squares +=
                weight * weight / ((double)diffmm__csr_row_entries(train, u) + (double)users_mean);
        }
    float scale = squares > 0.0 ? (float)sqrt((double)diffmm__csr_entries(train) / squares) : 1.0f;
    for (size_t i = 0; i < items; i++)
        weights[i] *= scale;
    weights[items] = users_mean;
}

/* The same directions for weighted rows: the columns times the weights, orthonormal again. */
static diffmm_status weight_basis(const diffmm_diffusion *module, uint64_t stream)
{
    size_t rank = module->basis.rank;
    for (size_t i = 0; i < module->items; i++)
        for (size_t j = 0; j < rank; j++)
            module->basis_values[i * rank + j] *= module->weights[i];
    return diffmm__orthonormal_columns(module->context, module->items, rank, module->settings.seed,
                                       stream, module->basis_values, NULL);
}

static diffmm_status compute(const diffmm_model *model, size_t m, const float *features)
{
    const struct diffmm__model_modality *modality = &model->modalities[m];
    const struct diffmm__csr *train = &model->catalog->train;
    const diffmm_diffusion *module = modality->diffusion;
    bool weighted = module->weights != NULL;
    struct diffmm__spectral_source source = {.train = train,
                                             .feature_columns = modality->dimensions,
                                             .features = features,
                                             .rank = module->basis.rank,
                                             .seed = model->settings.seed,
                                             .stream = diffmm__stream_spectral_basis(m)};
    if (weighted) {
        set_weights(train, module->weights);
        source.user_offset = module->weights[model->items];
        source.item_offset = mean_degree(train, model->items);
    }
    diffmm_status status =
        diffmm__spectral_basis_compute(model->context, &source, module->basis_values);
    if (!status && weighted)
        status = weight_basis(module, source.stream + DIFFMM__SPECTRAL_STREAM_OF_WEIGHTING);
    if (!status && module->linear)
        status =
            diffmm__linear_denoiser_fit(model->context, &module->basis, train, module->schedule,
                                        module->settings.dropout, module->linear);
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
        if (modality->features && modality->stride == modality->dimensions) {
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
    size_t rank = plan->denoiser_loss.layers.items;
    size_t packed =
        diffmm__allocation_bytes(diffmm__size_product(plan->items, plan->packed), sizeof(float));
    size_t basis =
        diffmm__size_sum(packed, diffmm__spectral_basis_bytes(plan->users, plan->items, plan->pairs,
                                                              plan->widest, rank));
    size_t linear = s->denoiser_linear ? diffmm__linear_denoiser_bytes(plan->items, rank) : 0;
    return basis > linear ? basis : linear;
}
