/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's parameters by name: listed, read, written, initialised. */
#include <math.h>
#include <stdio.h>

#include "base/handle.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/structs.h"
#include "linalg/random_fill.h"
#include "model/parameters.h"
#include "module/parameter.h"

static diffmm_status name_parameter(diffmm_model *model, struct diffmm__parameter *parameter,
                                    const char *name, size_t rows, size_t columns)
{
    parameter->rows = rows;
    parameter->columns = columns;
    parameter->name = diffmm__copy_text(model->context, name);
    return parameter->name ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

static diffmm_status name_projection(diffmm_model *model, struct diffmm__model_modality *modality,
                                     struct diffmm__parameter **next)
{
    char name[128];
    bool linear = modality->projection == DIFFMM__PROJECTION_LINEAR;
    snprintf(name, sizeof name, "modality.%s.projection.weight", modality->name);
    modality->weight = (*next)++;
    diffmm_status status =
        name_parameter(model, modality->weight, name, linear ? model->d : modality->dimensions,
                       linear ? modality->dimensions : model->d);
    if (status || !linear)
        return status;
    snprintf(name, sizeof name, "modality.%s.projection.bias", modality->name);
    modality->bias = (*next)++;
    return name_parameter(model, modality->bias, name, model->d, 1);
}

static diffmm_status name_parameters(diffmm_model *model)
{
    diffmm_status status;
    struct diffmm__parameter *next = model->parameters;
    if ((status = name_parameter(model, next++, "user_embedding", model->users, model->d)) ||
        (status = name_parameter(model, next++, "item_embedding", model->items, model->d)) ||
        (status = name_parameter(model, next++, "modality_logits", model->modality_count, 1)))
        return status;
    for (size_t m = 0; m < model->modality_count && !status; m++)
        status = name_projection(model, &model->modalities[m], &next);
    for (size_t p = 0; p < model->parameter_count && !status; p++)
        status = diffmm__index_add(&model->parameter_index, model->parameters[p].name, p);
    return status;
}

/* One array for each parameter; that of the item embedding is the tail of the user embedding's. */
static diffmm_status allocate_arrays(diffmm_model *model, size_t field_offset)
{
    for (size_t p = 0; p < model->parameter_count; p++) {
        struct diffmm__parameter *parameter = &model->parameters[p];
        float **array = (float **)(void *)((char *)parameter + field_offset);
        size_t rows = p == 0 ? model->users + model->items : parameter->rows;
        if (p == 1) {
            float *const *block = (float **)(void *)((char *)model->parameters + field_offset);
            *array = *block + model->users * model->d;
        } else if (!(*array = diffmm__allocate_zero(model->context, rows * parameter->columns,
                                                    sizeof(float)))) {
            return DIFFMM_ERROR_NO_MEMORY;
        }
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__parameters_create(diffmm_model *model, bool training)
{
    size_t count = 3;
    for (size_t m = 0; m < model->modality_count; m++)
        count += model->modalities[m].projection == DIFFMM__PROJECTION_LINEAR ? 2 : 1;
    model->parameters = diffmm__allocate_zero(model->context, count, sizeof *model->parameters);
    if (!model->parameters)
        return DIFFMM_ERROR_NO_MEMORY;
    model->parameter_count = count;
    model->parameter_index.context = model->context;
    diffmm_status status = name_parameters(model);
    if (!status)
        status = allocate_arrays(model, offsetof(struct diffmm__parameter, values));
    if (status || !training)
        return status;
    if ((status = allocate_arrays(model, offsetof(struct diffmm__parameter, gradient))) ||
        (status = allocate_arrays(model, offsetof(struct diffmm__parameter, first_moment))))
        return status;
    return allocate_arrays(model, offsetof(struct diffmm__parameter, second_moment));
}

void diffmm__parameters_destroy(diffmm_model *model)
{
    diffmm__index_end(&model->parameter_index);
    for (size_t p = 0; p < model->parameter_count; p++) {
        struct diffmm__parameter *parameter = &model->parameters[p];
        diffmm__release(model->context, parameter->name);
        if (p == 1)
            continue;
        diffmm__release(model->context, parameter->values);
        diffmm__release(model->context, parameter->gradient);
        diffmm__release(model->context, parameter->first_moment);
        diffmm__release(model->context, parameter->second_moment);
    }
    diffmm__release(model->context, model->parameters);
}

void diffmm__parameters_initialize(diffmm_model *model)
{
    uint64_t seed = model->settings.seed;
    for (size_t p = 0; p < model->parameter_count; p++) {
        struct diffmm__parameter *parameter = &model->parameters[p];
        uint64_t stream = diffmm__stream_recommender(p);
        size_t rows = parameter->rows, columns = parameter->columns;
        if (p < 2)
            diffmm__random_fill_xavier(rows, columns, seed, stream, parameter->values);
        else if (p == 2)
            for (size_t m = 0; m < rows; m++) /* 0.3333 for three, as the authors' program has it */
                parameter->values[m] = rows == 3 ? 0.3333f : (float)(1.0 / (double)rows);
    }
    for (size_t m = 0; m < model->modality_count; m++) {
        struct diffmm__model_modality *modality = &model->modalities[m];
        struct diffmm__parameter *weight = modality->weight, *bias = modality->bias;
        uint64_t stream = diffmm__stream_projection_weight(m);
        double bound = 1.0 / sqrt((double)modality->dimensions);
        if (modality->projection == DIFFMM__PROJECTION_LEAKY) {
            diffmm__random_fill_xavier(weight->rows, weight->columns, seed, stream, weight->values);
        } else {
            diffmm__random_fill_uniform(weight->rows * weight->columns, bound, seed, stream,
                                        weight->values);
            diffmm__random_fill_uniform(bias->rows, bound, seed, diffmm__stream_projection_bias(m),
                                        bias->values);
        }
    }
}

static size_t tensors_per_denoiser(const diffmm_model *model)
{
    return model->denoiser_names ? diffmm_diffusion_parameters(model->modalities[0].diffusion) : 0;
}

diffmm_status diffmm__denoiser_names_create(diffmm_model *model)
{
    if (model->modality_count == 0)
        return DIFFMM_OK;
    size_t each = diffmm_diffusion_parameters(model->modalities[0].diffusion);
    model->denoiser_names =
        diffmm__allocate_zero(model->context, model->modality_count * each, sizeof(char *));
    if (!model->denoiser_names)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t n = 0; n < model->modality_count * each; n++) {
        const struct diffmm__model_modality *modality = &model->modalities[n / each];
        char name[160];
        snprintf(name, sizeof name, "denoiser.%s.%s", modality->name,
                 modality->diffusion->names[n % each]);
        if (!(model->denoiser_names[n] = diffmm__copy_text(model->context, name)))
            return DIFFMM_ERROR_NO_MEMORY;
        diffmm_status status = diffmm__index_add(&model->parameter_index, model->denoiser_names[n],
                                                 model->parameter_count + n);
        if (status)
            return status;
    }
    return DIFFMM_OK;
}

void diffmm__denoiser_names_destroy(diffmm_model *model)
{
    for (size_t n = 0; n < model->modality_count * tensors_per_denoiser(model); n++)
        diffmm__release(model->context, model->denoiser_names[n]);
    diffmm__release(model->context, model->denoiser_names);
}

size_t diffmm_model_parameters(const diffmm_model *model)
{
    return model ? model->parameter_count + model->modality_count * tensors_per_denoiser(model) : 0;
}

/* Where parameter `index` is: recommender first, then each modality's denoiser. */
static diffmm_parameter locate(const diffmm_model *model, size_t index, float **values)
{
    diffmm_parameter found = {.struct_size = sizeof found};
    if (index < model->parameter_count) {
        const struct diffmm__parameter *parameter = &model->parameters[index];
        found.name = parameter->name;
        found.rows = parameter->rows;
        found.columns = parameter->columns;
        found.gradient = parameter->gradient;
        *values = parameter->values;
    } else {
        size_t n = index - model->parameter_count, each = tensors_per_denoiser(model);
        const diffmm_diffusion *module = model->modalities[n / each].diffusion;
        struct diffmm__layer_tensor tensor = diffmm__layers_tensor(&module->layers, n % each);
        found.name = model->denoiser_names[n];
        found.rows = tensor.rows;
        found.columns = tensor.columns;
        *values = module->values + tensor.offset;
    }
    found.values = *values;
    return found;
}

diffmm_status diffmm_model_parameter_at(const diffmm_model *model, size_t index,
                                        diffmm_parameter *out)
{
    if (!model || !out)
        return diffmm__null(!model ? "model" : "out");
    if (index >= diffmm_model_parameters(model))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "index is %zu, but the model has %zu parameters", index,
                            diffmm_model_parameters(model));
    float *values;
    diffmm_parameter found = locate(model, index, &values);
    return diffmm__struct_write(out, &diffmm__layout_parameter, &found, "out");
}

static diffmm_status find(const diffmm_model *model, const char *name, diffmm_parameter *out,
                          float **values)
{
    if (!model || !name)
        return diffmm__null(!model ? "model" : "name");
    size_t index;
    if (diffmm__index_find(&model->parameter_index, name, &index)) {
        *out = locate(model, index, values);
        return DIFFMM_OK;
    }
    return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "the model has no parameter called '%s'", name);
}

diffmm_status diffmm_model_parameter(const diffmm_model *model, const char *name,
                                     diffmm_parameter *out)
{
    if (!out)
        return diffmm__null("out");
    diffmm_parameter found = {.struct_size = sizeof found};
    float *values;
    diffmm_status status = find(model, name, &found, &values);
    return status ? status : diffmm__struct_write(out, &diffmm__layout_parameter, &found, "out");
}

diffmm_status diffmm_model_set_parameter(diffmm_model *model, const char *name, size_t rows,
                                         size_t columns, const float *values)
{
    diffmm_parameter found = {.struct_size = sizeof found};
    float *place = NULL;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, model, "model");
    if (!status && !values)
        status = diffmm__null("values");
    if (!status)
        status = find(model, name, &found, &place);
    if (status)
        return status;
    if ((status = diffmm__parameter_write(&found, rows, columns, values, place)))
        return status;
    if (found.gradient || !model->workspace)
        diffmm__model_changed(model);
    else
        model->evaluated.epoch = 0; /* a denoiser's: embeddings do not depend on it */
    return DIFFMM_OK;
}
