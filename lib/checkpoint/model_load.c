/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a model file back as a model, which can be scored and looked into but not trained. */
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/json.h"
#include "base/status.h"
#include "checkpoint/model_file.h"
#include "model/parameters.h"

static diffmm_status bad_modality(const char *path, size_t index, const char *why)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: modality %zu of the metadata %s", path, index,
                        why);
}

static diffmm_status read_modality(const char *path, const json_t *entry, size_t index,
                                   struct diffmm__model_modality *out)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *projection = json_string_value(json_object_get(entry, "projection"));
    const json_t *dimensions = json_object_get(entry, "dimensions");
    size_t length = name ? strlen(name) : 0;
    if (length == 0 || length >= sizeof out->name)
        return bad_modality(path, index, "has no name of 1 to 63 bytes");
    if (!json_is_integer(dimensions) || json_integer_value(dimensions) < 1)
        return bad_modality(path, index, "has no dimensions");
    if (!projection || (strcmp(projection, "leaky") != 0 && strcmp(projection, "linear") != 0))
        return bad_modality(path, index, "has a projection that is neither leaky nor linear");
    memcpy(out->name, name, length + 1);
    out->dimensions = (size_t)json_integer_value(dimensions);
    out->projection =
        strcmp(projection, "linear") == 0 ? DIFFMM__PROJECTION_LINEAR : DIFFMM__PROJECTION_LEAKY;
    return DIFFMM_OK;
}

static diffmm_status fill_modalities(diffmm_model *model, const char *path, const json_t *list)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata's modalities are not a list",
                            path);
    model->modalities = diffmm__allocate_zero(model->context, count, sizeof *model->modalities);
    if (!model->modalities)
        return DIFFMM_ERROR_NO_MEMORY;
    model->modality_count = count;
    for (size_t i = 0; i < count; i++) {
        diffmm_status status =
            read_modality(path, json_array_get(list, i), i, &model->modalities[i]);
        if (status)
            return status;
        for (size_t j = 0; j < i; j++)
            if (strcmp(model->modalities[i].name, model->modalities[j].name) == 0)
                return bad_modality(path, i, "has the name of another");
    }
    return DIFFMM_OK;
}

static diffmm_status read_modalities(diffmm_model *model, const struct diffmm__safetensors *file,
                                     const char *path)
{
    const char *text = diffmm__safetensors_metadata(file, "modalities");
    json_t *list;
    if (!text)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata has no modalities", path);
    diffmm_status status = diffmm__json_parse(text, strlen(text), path, &list);
    if (status)
        return status;
    status = fill_modalities(model, path, list);
    json_decref(list);
    return status;
}

static diffmm_status read_options(diffmm_model *model, const struct diffmm__safetensors *file,
                                  const char *path)
{
    const char *text = diffmm__safetensors_metadata(file, "options");
    if (!text)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata has no options", path);
    diffmm_status status = diffmm__options_from_json(model->context, text, &model->options);
    if (!status)
        status = diffmm__options_settings(model->options, &model->settings);
    if (status && status != DIFFMM_ERROR_NO_MEMORY)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", path, diffmm_error_message());
    if (!status && model->settings.embedding_size != model->d)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the options' embedding_size is %zu, but the metadata's d is %zu",
                            path, model->settings.embedding_size, model->d);
    return status;
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
            diffmm__model_file_matrix(file, path, name, linear ? model->d : modality->dimensions,
                                      linear ? modality->dimensions : model->d, NULL);
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
    memcpy(model->final, served.users, users * sizeof *model->final);
    memcpy(model->final + users, served.items, items * sizeof *model->final);
    status = read_modalities(model, file, path);
    if (!status)
        status = read_options(model, file, path);
    if (!status)
        status = read_parameters(model, file, path);
    return status;
}

diffmm_status diffmm_model_load(diffmm_context *context, const char *path, diffmm_model **out)
{
    if (!context)
        return diffmm__null("context");
    if (!path)
        return diffmm__null("path");
    if (!out)
        return diffmm__null("out");
    diffmm_model *model = diffmm__allocate_zero(context, 1, sizeof *model);
    if (!model)
        return DIFFMM_ERROR_NO_MEMORY;
    model->context = diffmm__context_retain(context);
    struct diffmm__safetensors *file = NULL;
    diffmm_status status = diffmm__safetensors_open(context, path, &file);
    if (!status)
        status = read_model(model, file, path);
    diffmm__safetensors_close(file);
    if (status) {
        diffmm_model_destroy(model);
        return status;
    }
    *out = model;
    return DIFFMM_OK;
}
