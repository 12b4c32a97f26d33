/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a model file back as a model, which can score and be inspected but not be trained. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "files/fold_in_read.h"
#include "files/load.h"
#include "files/matrix.h"
#include "files/metadata.h"
#include "model/model_create.h"
#include "model/parameters.h"

static diffmm_status read_options(diffmm_model *model, const struct diffmm__safetensors *file)
{
    diffmm_status status = diffmm__metadata_options(file, &model->options);
    if (!status)
        status = diffmm__safetensors_blame(file,
                                           diffmm__settings_read(model->options, &model->settings));
    if (!status && model->settings.embedding_size != model->d)
        status =
            diffmm__fail(DIFFMM_ERROR_FORMAT,
                         "%s: the options' embedding_size is %zu, but the metadata's d is %zu",
                         diffmm__safetensors_path(file), model->settings.embedding_size, model->d);
    return status;
}

/* The file holds projections of the size that the metadata claims: checked before memory of that
 * size is asked for. */
static diffmm_status check_projections(const diffmm_model *model,
                                       const struct diffmm__safetensors *file)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        const struct diffmm__model_modality *modality = &model->modalities[m];
        bool linear = modality->projection == DIFFMM__PROJECTION_LINEAR;
        char name[128];
        snprintf(name, sizeof name, "modality.%s.projection.weight", modality->name);
        status = diffmm__matrix_find(file, name, linear ? model->d : modality->dimensions,
                                     linear ? modality->dimensions : model->d, NULL);
    }
    return status;
}

static diffmm_status read_parameters(diffmm_model *model, const struct diffmm__safetensors *file)
{
    diffmm_status status = check_projections(model, file);
    if (!status)
        status = diffmm__parameters_create(model, false);
    for (size_t p = 0; p < model->parameter_count && !status; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        status = diffmm__matrix_read(file, parameter->name, parameter->rows, parameter->columns,
                                     parameter->values);
    }
    return status;
}

/* A copy of it, since the file is closed. */
static diffmm_status read_fold_in(diffmm_model *model, const struct diffmm__safetensors *file,
                                  const struct diffmm__served *served)
{
    struct diffmm__fold_in_state *mapped;
    diffmm_status status = diffmm__fold_in_read(file, served, &mapped);
    if (status || !mapped)
        return status;
    status =
        diffmm__fold_in_state_copy(model->context, mapped, model->items, model->d, &model->fold_in);
    diffmm__fold_in_state_destroy(mapped);
    if (status)
        return status;
    model->fold_in->users = diffmm__user_embedding(model)->values;
    model->fold_in->items = diffmm__item_embedding(model)->values;
    return DIFFMM_OK;
}

static diffmm_status read_rows(diffmm_model *model, const struct diffmm__safetensors *file,
                               float *rows)
{
    size_t width = model->width;
    diffmm_status status = diffmm__matrix_read(file, "final.user", model->users, width, rows);
    return status ? status
                  : diffmm__matrix_read(file, "final.item", model->items, width,
                                        rows + model->users * width);
}

/* Both matrices fit into the file, so no size overflows. */
static diffmm_status read_final(diffmm_model *model, const struct diffmm__safetensors *file)
{
    size_t nodes = model->users + model->items, d = model->d, width = model->width;
    model->final = diffmm__allocate(model->context, nodes * d, sizeof *model->final);
    if (!model->final)
        return DIFFMM_ERROR_NO_MEMORY;
    if (width == d)
        return read_rows(model, file, model->final);
    model->served = diffmm__allocate(model->context, nodes * width, sizeof *model->served);
    if (!model->served)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = read_rows(model, file, model->served);
    for (size_t n = 0; n < nodes && !status; n++)
        memcpy(model->final + n * d, model->served + n * width, d * sizeof *model->final);
    model->blended = true;
    return status;
}

static diffmm_status fill(diffmm_model *model, const struct diffmm__safetensors *file)
{
    struct diffmm__served served;
    diffmm_status status = diffmm__model_served_read(file, &served);
    if (status)
        return status;
    model->catalog = served.catalog;
    model->seen = served.seen;
    model->users = served.catalog->users;
    model->own_users.end = model->users;
    model->items = served.catalog->items;
    model->d = served.d;
    model->width = served.width;
    if ((status = read_final(model, file)) ||
        (status = diffmm__metadata_modalities(file, &model->modalities, &model->modality_count)) ||
        (status = read_options(model, file)) ||
        (status = diffmm__metadata_evaluated(file, "evaluated", &model->evaluated)) ||
        (status = read_parameters(model, file)))
        return status;
    return read_fold_in(model, file, &served);
}

static diffmm_status read_model(struct diffmm__safetensors **file, void *out)
{
    diffmm_model **result = out;
    diffmm_model *model = diffmm__model_allocate(diffmm__safetensors_context(*file));
    if (!model)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = fill(model, *file);
    if (status) {
        diffmm_model_destroy(model);
        return status;
    }
    *result = model;
    return DIFFMM_OK;
}

static const struct diffmm__loader loader = {.read = read_model};

diffmm_status diffmm_model_load(diffmm_context *context, const char *path, diffmm_model **out)
{
    return diffmm__load_path(&loader, context, path, out);
}

diffmm_status diffmm_model_load_memory(diffmm_context *context, const void *data, size_t size,
                                       diffmm_model **out)
{
    return diffmm__load_memory(&loader, context, data, size, out);
}
