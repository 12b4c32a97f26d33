/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/fold_in_read.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "files/blend_read.h"
#include "files/matrix.h"
#include "files/metadata.h"
#include "model/modality_weights.h"

enum { name_size = 96 };

/* All other options may be those of a later version. */
static diffmm_status read_settings(const struct diffmm__safetensors *file, size_t *layers,
                                   float *ris_lambda)
{
    static const char *const names[] = {"layers", "ris_lambda"};
    diffmm_options *options = NULL;
    int64_t count = 0;
    double lambda = 0;
    diffmm_status status = diffmm__metadata_options_some(file, 2, names, &options);
    if (!status)
        status = diffmm_options_get_integer(options, "layers", &count);
    if (!status)
        status = diffmm_options_get_real(options, "ris_lambda", &lambda);
    diffmm_options_destroy(options);
    *layers = (size_t)count;
    *ris_lambda = (float)lambda;
    return status;
}

static diffmm_status find_all(const struct diffmm__safetensors *file,
                              const struct diffmm__served *served,
                              struct diffmm__fold_in_state *state)
{
    size_t items = served->catalog->items, d = served->d;
    char name[name_size];
    diffmm_status status =
        diffmm__matrix_find(file, "user_embedding", served->catalog->users, d, &state->users);
    if (!status)
        status = diffmm__matrix_find(file, "item_embedding", items, d, &state->items);
    for (size_t m = 0; m < state->modality_count && !status; m++) {
        snprintf(name, sizeof name, "content.%s", state->names[m]);
        status = diffmm__matrix_find(file, name, items, d, &state->content[m]);
    }
    for (size_t l = 0; l < state->layers && !status; l++) {
        snprintf(name, sizeof name, "propagated.%zu", l);
        status = diffmm__matrix_find(file, name, items, d, &state->propagated[l]);
    }
    return status;
}

/* Names and weights. */
static diffmm_status read_modalities(const struct diffmm__safetensors *file,
                                     const struct diffmm__model_modality *modalities,
                                     struct diffmm__fold_in_state *state)
{
    diffmm_status status =
        diffmm__matrix_read(file, "modality_logits", state->modality_count, 1, state->weights);
    for (size_t m = 0; m < state->modality_count; m++)
        memcpy(state->names[m], modalities[m].name, sizeof *state->names);
    if (!status)
        diffmm__softmax(state->modality_count, state->weights, state->weights);
    return status;
}

static diffmm_status read_state(const struct diffmm__safetensors *file,
                                const struct diffmm__served *served,
                                const struct diffmm__model_modality *modalities,
                                size_t modality_count, struct diffmm__fold_in_state **out)
{
    size_t layers = 0;
    float ris_lambda = 0.0f;
    struct diffmm__fold_in_state *state;
    diffmm_status status = read_settings(file, &layers, &ris_lambda);
    if (!status)
        status = diffmm__fold_in_state_create(diffmm__safetensors_context(file), modality_count,
                                              layers, served->d, &state);
    if (status)
        return status;
    state->ris_lambda = ris_lambda;
    status = read_modalities(file, modalities, state);
    if (!status)
        status = diffmm__matrix_read(file, "user_embedding.mean", served->d, 1, state->mean);
    if (!status)
        status = find_all(file, served, state);
    if (!status && served->width > served->d)
        status = diffmm__blend_read(file, served, modality_count, state->names, &state->blend);
    if (status) {
        diffmm__fold_in_state_destroy(state);
        return status;
    }
    *out = state;
    return DIFFMM_OK;
}

/* A model file of an early version has no fold-in state, and no content of the first modality; or,
 * with a blend, nothing of the denoisers. */
diffmm_status diffmm__fold_in_read(const struct diffmm__safetensors *file,
                                   const struct diffmm__served *served,
                                   struct diffmm__fold_in_state **out)
{
    struct diffmm__model_modality *modalities;
    size_t count;
    char name[name_size];
    diffmm_status status = diffmm__metadata_modalities(file, &modalities, &count);
    if (status)
        return status;
    *out = NULL;
    if (count > 0)
        snprintf(name, sizeof name, "content.%s", modalities[0].name);
    else
        snprintf(name, sizeof name, "user_embedding.mean");
    if (diffmm__safetensors_has(file, name) &&
        (served->width == served->d || diffmm__blend_read_possible(file)))
        status = read_state(file, served, modalities, count, out);
    diffmm__release(diffmm__safetensors_context(file), modalities);
    return status;
}
