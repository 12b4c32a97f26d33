/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/blend_read.h"

#include <stdio.h>

#include "base/status.h"
#include "files/matrix.h"
#include "files/metadata.h"

enum { name_size = 128 };

bool diffmm__blend_read_possible(const struct diffmm__safetensors *file)
{
    return diffmm__safetensors_has(file, "final.item.covariance");
}

/* All other options may be those of a later version. */
static diffmm_status read_settings(const struct diffmm__safetensors *file,
                                   struct diffmm__settings *settings)
{
    static const char *const names[] = {
        "seed",          "steps",          "noise_scale",    "noise_min",
        "noise_max",     "beta_fixed",     "norm",           "time_embedding_size",
        "hidden_sizes",  "sampling_steps", "sampling_noise", "denoiser.kind",
        "denoiser.rank", "diffusion.blend"};
    diffmm_options *options = NULL;
    diffmm_status status =
        diffmm__metadata_options_some(file, sizeof names / sizeof *names, names, &options);
    if (!status)
        status = diffmm__safetensors_blame(file, diffmm__settings_read(options, settings));
    diffmm_options_destroy(options);
    return status;
}

/* The rank, of which the rows that rank have one for each modality. */
static diffmm_status find_rank(const struct diffmm__safetensors *file,
                               const struct diffmm__served *served, size_t modality_count,
                               const struct diffmm__settings *settings, size_t *rank)
{
    size_t columns = served->width - served->d;
    *rank = modality_count > 0 ? columns / modality_count : 0;
    if (!settings->spectral || *rank == 0 || *rank * modality_count != columns ||
        *rank > settings->denoiser_rank)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: its rows have %zu columns of %zu denoisers, which the options do "
                            "not tell of",
                            diffmm__safetensors_path(file), columns, modality_count);
    return DIFFMM_OK;
}

/* A matrix of a denoiser, where the file has it. */
static diffmm_status find(const struct diffmm__safetensors *file, const char *modality,
                          const char *what, size_t rows, size_t columns, const float **out)
{
    char name[name_size];
    snprintf(name, sizeof name, "denoiser.%s.%s", modality, what);
    return diffmm__safetensors_has(file, name)
               ? diffmm__matrix_find_finite(file, name, rows, columns, out)
               : DIFFMM_OK;
}

/* Weights are divided by, and rooted. */
static diffmm_status check_weights(const struct diffmm__safetensors *file, const char *modality,
                                   size_t count, const float *weights)
{
    for (size_t i = 0; weights && i < count; i++)
        if (!(weights[i] > 0.0f))
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "%s: tensor 'denoiser.%s.weights' has %g at %zu, not above 0",
                                diffmm__safetensors_path(file), modality, (double)weights[i], i);
    return DIFFMM_OK;
}

/* The layers' tensors one after the other, as a denoiser has them; checked before memory is asked
 * for. A file without the first of them has none: they add nothing. */
static diffmm_status read_layers(const struct diffmm__safetensors *file, const char *modality,
                                 struct diffmm__blend_state *state, const float **out)
{
    char name[name_size];
    const struct diffmm__layers *layers = &state->layers;
    float *values = NULL;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < 2 * layers->count; i++) {
            struct diffmm__layer_tensor tensor = diffmm__layers_tensor(layers, i);
            snprintf(name, sizeof name, "denoiser.%s.%s", modality, tensor.name);
            if (i == 0 && !diffmm__safetensors_has(file, name))
                return DIFFMM_OK;
            diffmm_status status =
                pass == 0 ? diffmm__matrix_find(file, name, tensor.rows, tensor.columns, NULL)
                          : diffmm__matrix_read(file, name, tensor.rows, tensor.columns,
                                                values + tensor.offset);
            if (status)
                return status;
        }
        if (pass == 0)
            values = diffmm__arena_take(&state->arena, layers->size, sizeof *values);
        if (!values)
            return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = values;
    return DIFFMM_OK;
}

static diffmm_status read_modality(const struct diffmm__safetensors *file, const char *name,
                                   struct diffmm__blend_state *state,
                                   struct diffmm__blend_modality *out)
{
    size_t rank = state->layers.items;
    char covariance[name_size];
    snprintf(covariance, sizeof covariance, "denoiser.%s.covariance", name);
    diffmm_status status =
        diffmm__matrix_find_finite(file, covariance, rank, rank, &out->covariance);
    if (!status)
        status = find(file, name, "weights", state->items + 1, 1, &out->weights);
    if (!status)
        status = check_weights(file, name, state->items + 1, out->weights);
    if (!status)
        status = find(file, name, "linear", rank, rank, &out->linear);
    return status ? status : read_layers(file, name, state, &out->parameters);
}

static diffmm_status fill(const struct diffmm__safetensors *file, const struct diffmm__settings *s,
                          char (*const names)[64], struct diffmm__blend_state *state)
{
    diffmm_status status =
        diffmm_schedule_create(diffmm__safetensors_context(file), s->steps, s->noise_scale,
                               s->noise_min, s->noise_max, s->beta_fixed, &state->schedule);
    if (!status)
        status = diffmm__matrix_find_finite(file, "final.item.covariance", state->d, state->d,
                                            &state->covariance);
    for (size_t m = 0; m < state->modality_count && !status; m++)
        status = read_modality(file, names[m], state, &state->modality[m]);
    return status;
}

diffmm_status diffmm__blend_read(const struct diffmm__safetensors *file,
                                 const struct diffmm__served *served, size_t modality_count,
                                 char (*const names)[64], struct diffmm__blend_state **out)
{
    struct diffmm__settings settings;
    struct diffmm__blend_state *state;
    size_t rank = 0;
    diffmm_status status = read_settings(file, &settings);
    if (!status)
        status = find_rank(file, served, modality_count, &settings, &rank);
    if (!status)
        status =
            diffmm__blend_state_create(diffmm__safetensors_context(file), &settings, modality_count,
                                       rank, served->d, served->catalog->items, &state);
    if (status)
        return status;
    status = fill(file, &settings, names, state);
    if (status) {
        diffmm__blend_state_destroy(state);
        return status;
    }
    *out = state;
    return DIFFMM_OK;
}
