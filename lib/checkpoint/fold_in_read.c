/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the fold-in state (model/fold_in_state.h) of a model file. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "checkpoint/description.h"
#include "checkpoint/model_file.h"
#include "model/modality_weights.h"

enum { name_size = 96 };

/* A float matrix of that shape. Its values are not looked at: that would read all of the file when
 * a scorer is opened. Whoever computes with them checks the result. */
static diffmm_status find_rows(const struct diffmm__safetensors *file, const char *path,
                               const char *name, size_t rows, size_t columns, const float **out)
{
    struct diffmm__tensor tensor;
    diffmm_status status = diffmm__safetensors_find(file, name, DIFFMM__F32, &tensor);
    if (status)
        return status;
    size_t found = tensor.columns ? tensor.columns : 1;
    if (tensor.rows != rows || found != columns)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: tensor '%s' is %zu x %zu, not %zu x %zu",
                            path, name, tensor.rows, found, rows, columns);
    *out = tensor.data;
    return DIFFMM_OK;
}

/* One of the metadata's options, which are text, into settings that otherwise are the defaults. */
static diffmm_status take_setting(const struct diffmm__json_value *object, const char *path,
                                  const char *name, diffmm_options *options)
{
    const char *text = diffmm__json_string(diffmm__json_get(object, name));
    if (!text)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata's options have no %s", path,
                            name);
    diffmm_status status = diffmm_options_set(options, name, text);
    return status == DIFFMM_ERROR_INVALID_ARGUMENT
               ? diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", path, diffmm_error_message())
               : status;
}

/* The options `layers` and `ris_lambda`. All others may be of a later version. */
static diffmm_status read_settings(diffmm_context *context, const struct diffmm__safetensors *file,
                                   const char *path, size_t *layers, float *ris_lambda)
{
    struct diffmm__json json;
    diffmm_options *options = NULL;
    int64_t count = 0;
    double lambda = 0;
    diffmm_status status = diffmm__read_json(context, file, "options", &json);
    if (status)
        return status;
    status = diffmm_options_create(context, &options);
    if (!status)
        status = take_setting(json.values, path, "layers", options);
    if (!status)
        status = take_setting(json.values, path, "ris_lambda", options);
    if (!status)
        status = diffmm_options_get_integer(options, "layers", &count);
    if (!status)
        status = diffmm_options_get_real(options, "ris_lambda", &lambda);
    diffmm_options_destroy(options);
    diffmm__json_end(&json);
    *layers = (size_t)count;
    *ris_lambda = (float)lambda;
    return status;
}

static diffmm_status find_all(const struct diffmm__safetensors *file, const char *path,
                              const struct diffmm__served *served, struct diffmm__fold_in_state *a)
{
    size_t items = served->catalog->items, d = served->d;
    char name[name_size];
    diffmm_status status =
        find_rows(file, path, "user_embedding", served->catalog->users, d, &a->users);
    if (!status)
        status = find_rows(file, path, "item_embedding", items, d, &a->items);
    for (size_t m = 0; m < a->modality_count && !status; m++) {
        snprintf(name, sizeof name, "content.%s", a->names[m]);
        status = find_rows(file, path, name, items, d, &a->content[m]);
    }
    for (size_t l = 0; l < a->layers && !status; l++) {
        snprintf(name, sizeof name, "propagated.%zu", l);
        status = find_rows(file, path, name, items, d, &a->propagated[l]);
    }
    return status;
}

/* Names and weights. */
static diffmm_status read_modalities(const struct diffmm__safetensors *file, const char *path,
                                     const struct diffmm__model_modality *modalities,
                                     struct diffmm__fold_in_state *a)
{
    diffmm_status status =
        diffmm__model_file_matrix(file, path, "modality_logits", a->modality_count, 1, a->weights);
    for (size_t m = 0; m < a->modality_count; m++)
        memcpy(a->names[m], modalities[m].name, sizeof *a->names);
    if (!status)
        diffmm__softmax(a->modality_count, a->weights, a->weights);
    return status;
}

static diffmm_status read_fold_in(diffmm_context *context, const struct diffmm__safetensors *file,
                                  const char *path, const struct diffmm__served *served,
                                  const struct diffmm__model_modality *modalities,
                                  size_t modality_count, struct diffmm__fold_in_state **out)
{
    size_t layers = 0;
    float ris_lambda = 0.0f;
    struct diffmm__fold_in_state *a;
    diffmm_status status = read_settings(context, file, path, &layers, &ris_lambda);
    if (!status)
        status = diffmm__fold_in_state_create(context, modality_count, layers, served->d, &a);
    if (status)
        return status;
    a->ris_lambda = ris_lambda;
    status = read_modalities(file, path, modalities, a);
    if (!status)
        status =
            diffmm__model_file_matrix(file, path, "user_embedding.mean", served->d, 1, a->mean);
    if (!status)
        status = find_all(file, path, served, a);
    if (status) {
        diffmm__fold_in_state_destroy(a);
        return status;
    }
    *out = a;
    return DIFFMM_OK;
}

/* Model files of before have none of it, which is known by the first modality's content. */
diffmm_status diffmm__fold_in_read(diffmm_context *context, const struct diffmm__safetensors *file,
                                   const char *path, const struct diffmm__served *served,
                                   struct diffmm__fold_in_state **out)
{
    struct diffmm__model_modality *modalities;
    size_t count;
    char name[name_size];
    diffmm_status status = diffmm__read_modalities(context, file, &modalities, &count);
    if (status)
        return status;
    *out = NULL;
    snprintf(name, sizeof name, "content.%s", count > 0 ? modalities[0].name : "");
    if (diffmm__safetensors_has(file, name))
        status = read_fold_in(context, file, path, served, modalities, count, out);
    diffmm__release(context, modalities);
    return status;
}
