/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a model file (checkpoint/model_file.h says what is in it). */
#include <stdio.h>

#include "base/json.h"
#include "base/numbers.h"
#include "base/status.h"
#include "checkpoint/safetensors.h"
#include "model/model.h"

enum { further_tensors = 8, metadata_count = 8, count_text = 24 };

struct tensors {
    struct diffmm__tensor *list;
    size_t count;
};

static void add(struct tensors *tensors, const char *name, enum diffmm__dtype dtype, size_t rows,
                size_t columns, const void *data)
{
    tensors->list[tensors->count++] = (struct diffmm__tensor){
        .name = name, .dtype = dtype, .rows = rows, .columns = columns, .data = data};
}

/* NaN would be refused when the file is read: it is refused here, while the cause is at hand. */
static diffmm_status add_floats(struct tensors *tensors, const char *name, size_t rows,
                                size_t columns, const float *values)
{
    if (!diffmm__all_finite(rows * columns, values))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "model: '%s' holds NaN or infinity", name);
    add(tensors, name, DIFFMM__F32, rows, columns > 1 ? columns : 0, values);
    return DIFFMM_OK;
}

static void add_names(struct tensors *tensors, const char *text_name, const char *offsets_name,
                      const struct diffmm__names *names)
{
    if (names->numeric)
        return;
    add(tensors, text_name, DIFFMM__U8, (size_t)names->offsets[names->count], 0, names->text);
    add(tensors, offsets_name, DIFFMM__I64, names->count + 1, 0, names->offsets);
}

static diffmm_status add_all(struct tensors *tensors, const diffmm_model *model)
{
    const struct diffmm__catalog *catalog = model->catalog;
    size_t users = model->users, items = model->items, d = model->d;
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; !status && i < model->parameter_count; i++) {
        const struct diffmm__parameter *parameter = &model->parameters[i];
        status = add_floats(tensors, parameter->name, parameter->rows, parameter->columns,
                            parameter->values);
    }
    if (!status)
        status = add_floats(tensors, "final.user", users, d, model->final);
    if (!status)
        status = add_floats(tensors, "final.item", items, d, model->final + users * d);
    if (status)
        return status;
    add(tensors, "seen.pointers", DIFFMM__I64, users + 1, 0, catalog->seen.pointers);
    add(tensors, "seen.items", DIFFMM__I32, (size_t)catalog->seen.pointers[users], 0,
        catalog->seen.items);
    add_names(tensors, "ids.user.text", "ids.user.offsets", &catalog->user_names);
    add_names(tensors, "ids.item.text", "ids.item.offsets", &catalog->item_names);
    return DIFFMM_OK;
}

/* The list of modalities as text, or NULL with the error text set. */
static char *modalities_json(const diffmm_model *model)
{
    json_t *list = json_array();
    bool fine = list != NULL;
    for (size_t i = 0; fine && i < model->modality_count; i++) {
        const struct diffmm__model_modality *modality = &model->modalities[i];
        const char *projection =
            modality->projection == DIFFMM__PROJECTION_LINEAR ? "linear" : "leaky";
        fine = json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "name", modality->name,
                                                     "dimensions", (json_int_t)modality->dimensions,
                                                     "projection", projection)) == 0;
    }
    char *text = fine ? diffmm__json_text(model->context, list) : NULL;
    if (!fine)
        diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "no memory for the list of modalities");
    json_decref(list);
    return text;
}

static diffmm_status write_file(const diffmm_model *model, const char *path,
                                const struct tensors *tensors, const char *modalities,
                                const char *options)
{
    char library[count_text * 2], users[count_text], items[count_text], d[count_text];
    snprintf(library, sizeof library, "%d.%d.%d", DIFFMM_VERSION_MAJOR, DIFFMM_VERSION_MINOR,
             DIFFMM_VERSION_PATCH);
    snprintf(users, sizeof users, "%zu", model->users);
    snprintf(items, sizeof items, "%zu", model->items);
    snprintf(d, sizeof d, "%zu", model->d);
    const struct diffmm__metadata metadata[metadata_count] = {
        {"format", "diffmm-model"}, {"version", "1"},     {"library", library},
        {"users", users},           {"items", items},     {"d", d},
        {"modalities", modalities}, {"options", options},
    };
    return diffmm__safetensors_write(model->context, path, metadata, metadata_count, tensors->list,
                                     tensors->count);
}

diffmm_status diffmm_model_save(const diffmm_model *model, const char *path)
{
    if (!model)
        return diffmm__null("model");
    if (!path)
        return diffmm__null("path");
    if (!model->final)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "model: there are no embeddings before diffmm_model_forward()");
    struct tensors tensors = {.list = diffmm__allocate(model->context,
                                                       model->parameter_count + further_tensors,
                                                       sizeof *tensors.list)};
    if (!tensors.list)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = add_all(&tensors, model);
    char *modalities = NULL, *options = NULL;
    if (!status) {
        modalities = modalities_json(model);
        options = modalities ? diffmm__options_to_json(model->options) : NULL;
        status = options ? write_file(model, path, &tensors, modalities, options)
                         : DIFFMM_ERROR_NO_MEMORY;
    }
    diffmm__release(model->context, options);
    diffmm__release(model->context, modalities);
    diffmm__release(model->context, tensors.list);
    return status;
}
