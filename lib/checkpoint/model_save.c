/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a model file (checkpoint/model_file.h says what is in it). */
#include <stdio.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "checkpoint/description.h"
#include "model/embeddings.h"
#include "model/fold_in_of_model.h"

enum { further_tensors = 9, name_size = 96, count_text = 24 };

struct tensors {
    struct diffmm__arena arena; /* holds the list and names made for it */
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
                      const struct diffmm__ids *names)
{
    if (names->numeric)
        return;
    add(tensors, text_name, DIFFMM__U8, (size_t)names->offsets[names->count], 0, names->text);
    add(tensors, offsets_name, DIFFMM__I64, names->count + 1, 0, names->offsets);
}

/* A matrix called by a word and what follows it. */
static diffmm_status add_rows(struct tensors *tensors, const char *word, const char *rest,
                              const diffmm_model *model, const float *values)
{
    char *name = diffmm__arena_take(&tensors->arena, name_size, 1);
    if (!name)
        return DIFFMM_ERROR_NO_MEMORY;
    snprintf(name, name_size, "%s.%s", word, rest);
    return add_floats(tensors, name, model->items, model->d, values);
}

static diffmm_status add_fold_in(struct tensors *tensors, const diffmm_model *model,
                                 const struct diffmm__fold_in_state *fold_in)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; fold_in && m < fold_in->modality_count && !status; m++)
        status = add_rows(tensors, "content", fold_in->names[m], model, fold_in->content[m]);
    for (size_t l = 0; fold_in && l < fold_in->layers && !status; l++) {
        char number[count_text];
        snprintf(number, sizeof number, "%zu", l);
        status = add_rows(tensors, "propagated", number, model, fold_in->propagated[l]);
    }
    if (fold_in && !status)
        status = add_floats(tensors, "user_embedding.mean", model->d, 1, fold_in->mean);
    return status;
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
    add_names(tensors, "ids.user.text", "ids.user.offsets", &catalog->user_ids);
    add_names(tensors, "ids.item.text", "ids.item.offsets", &catalog->item_ids);
    return DIFFMM_OK;
}

static diffmm_status put(const diffmm_model *model, const struct diffmm__fold_in_state *fold_in,
                         struct tensors *tensors, const struct diffmm__target *target)
{
    size_t folded = fold_in ? fold_in->modality_count + fold_in->layers : 0;
    struct diffmm__description description;
    tensors->list = diffmm__arena_take(
        &tensors->arena, model->parameter_count + further_tensors + folded, sizeof *tensors->list);
    if (!tensors->list)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = add_all(tensors, model);
    if (!status)
        status = add_fold_in(tensors, model, fold_in);
    if (!status)
        status = diffmm__describe(model, DIFFMM__MODEL_FORMAT, &description);
    if (status)
        return status;
    status = diffmm__safetensors_put(model->context, target, description.list, description.count,
                                     tensors->list, tensors->count);
    diffmm__description_end(&description);
    return status;
}

static diffmm_status save_embedded(const diffmm_model *model, const struct diffmm__target *target)
{
    struct diffmm__fold_in_state *fold_in;
    diffmm_status status = diffmm__fold_in_of_model(model, &fold_in);
    if (status)
        return status;
    struct tensors tensors = {.arena = diffmm__arena_on(model->context)};
    status = put(model, fold_in, &tensors, target);
    diffmm__arena_end(&tensors.arena);
    diffmm__fold_in_state_destroy(fold_in);
    return status;
}

static diffmm_status save(const diffmm_model *model, const struct diffmm__target *target)
{
    struct diffmm__embedded embedded;
    diffmm_status status = diffmm__model_check_forward(model);
    if (!status)
        status = diffmm__embedded_begin(model, &embedded);
    if (status)
        return status;
    status = save_embedded(embedded.model, target);
    diffmm__embedded_end(&embedded);
    return status;
}

diffmm_status diffmm_model_save(const diffmm_model *model, const char *path)
{
    DIFFMM__CALL call = diffmm__call_reads(model);
    if (!model)
        return diffmm__null("model");
    if (!path)
        return diffmm__null("path");
    return save(model, &(struct diffmm__target){.path = path});
}

diffmm_status diffmm_model_save_memory(const diffmm_model *model, void *data, size_t capacity,
                                       size_t *size)
{
    DIFFMM__CALL call = diffmm__call_reads(model);
    if (!model)
        return diffmm__null("model");
    if (!size)
        return diffmm__null("size");
    return save(model, &(struct diffmm__target){.data = data, .capacity = capacity, .size = size});
}
