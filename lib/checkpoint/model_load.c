/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a model file back as a model, which can be scored and looked into but not trained. */
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/handle.h"
#include "base/status.h"
#include "checkpoint/description.h"
#include "checkpoint/model_file.h"
#include "model/model_create.h"
#include "model/parameters.h"

static diffmm_status read_options(diffmm_model *model, const struct diffmm__safetensors *file,
                                  const char *path)
{
    diffmm_status status = diffmm__read_options(model->context, file, &model->options);
    if (status)
        return status;
    status = diffmm__settings_read(model->options, &model->settings);
    if (status)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", path, diffmm_error_message());
    if (model->settings.embedding_size != model->d)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the options' embedding_size is %zu, but the metadata's d is %zu",
                            path, model->settings.embedding_size, model->d);
    return DIFFMM_OK;
}

/* The file holds a projection of the size that the metadata claims: checked before memory of
 * that size is asked for. */
static diffmm_status check_projections(const diffmm_model *model,
                                       const struct diffmm__safetensors *file, const char *path)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < model->modality_count && !status; m++) {
        const struct diffmm__model_modality *modality = &model->modalities[m];
        bool linear = modality->projection == DIFFMM__PROJECTION_LINEAR;
        char name[128];
        snprintf(name, sizeof name, "modality.%s.projection.weight", modality->name);
        status =
            diffmm__model_file_shape(file, path, name, linear ? model->d : modality->dimensions,
                                     linear ? modality->dimensions : model->d);
    }
    return status;
}

static diffmm_status read_parameters(diffmm_model *model, const struct diffmm__safetensors *file,
                                     const char *path)
{
    diffmm_status status = check_projections(model, file, path);
    if (!status)
        status = diffmm__parameters_create(model, false);
    for (size_t p = 0; p < model->parameter_count && !status; p++) {
        const struct diffmm__parameter *parameter = &model->parameters[p];
        status = diffmm__model_file_matrix(file, path, parameter->name, parameter->rows,
                                           parameter->columns, parameter->values);
    }
    return status;
}

/* A copy of it, since the file is closed. */
static diffmm_status read_fold_in(diffmm_model *model, const struct diffmm__safetensors *file,
                                  const char *path, const struct diffmm__served *served)
{
    struct diffmm__fold_in_state *mapped;
    diffmm_status status = diffmm__fold_in_read(model->context, file, path, served, &mapped);
    if (status || !mapped)
        return status;
    status = diffmm__fold_in_state_copy(model->context, mapped, model->users, model->items,
                                        model->d, &model->fold_in);
    diffmm__fold_in_state_destroy(mapped);
    return status;
}

static diffmm_status read_model(diffmm_model *model, const struct diffmm__safetensors *file,
                                const char *path)
{
    struct diffmm__served served;
    diffmm_status status = diffmm__model_file_served(model->context, file, path, &served);
    if (status)
        return status;
    model->catalog = served.catalog;
    model->users = served.catalog->users;
    model->items = served.catalog->items;
    model->d = served.d;
    /* Both matrices fit into the file, so no size overflows. */
    size_t users = model->users * model->d, items = model->items * model->d;
    model->final = diffmm__allocate(model->context, users + items, sizeof *model->final);
    if (!model->final)
        return DIFFMM_ERROR_NO_MEMORY;
    status =
        diffmm__model_file_matrix(file, path, "final.user", model->users, model->d, model->final);
    if (!status)
        status = diffmm__model_file_matrix(file, path, "final.item", model->items, model->d,
                                           model->final + users);
    if (!status)
        status = diffmm__read_modalities(model->context, file, &model->modalities,
                                         &model->modality_count);
    if (!status)
        status = read_options(model, file, path);
    if (!status)
        status = diffmm__read_evaluated(model->context, file, "evaluated", &model->evaluated);
    if (!status)
        status = read_parameters(model, file, path);
    return status ? status : read_fold_in(model, file, path, &served);
}

static diffmm_status load(diffmm_context *context, const struct diffmm__source *source,
                          diffmm_model **out)
{
    diffmm_model *model = diffmm__model_allocate(context);
    if (!model)
        return DIFFMM_ERROR_NO_MEMORY;
    struct diffmm__safetensors *file = NULL;
    diffmm_status status = diffmm__safetensors_get(context, source, &file);
    if (!status)
        status = read_model(model, file, diffmm__safetensors_path(file));
    diffmm__safetensors_close(file);
    if (status) {
        diffmm_model_destroy(model);
        return status;
    }
    *out = model;
    return DIFFMM_OK;
}

diffmm_status diffmm_model_load(diffmm_context *context, const char *path, diffmm_model **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    struct diffmm__source source;
    diffmm_status status = diffmm__source_path(context, "context", path, out, &source);
    return status ? status : load(context, &source, out);
}

diffmm_status diffmm_model_load_memory(diffmm_context *context, const void *data, size_t size,
                                       diffmm_model **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    struct diffmm__source source;
    diffmm_status status = diffmm__source_memory(context, "context", data, size, out, &source);
    return status ? status : load(context, &source, out);
}
