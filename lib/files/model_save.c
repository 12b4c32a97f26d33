/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a model file: safetensors. Its tensors are
 *
 *     every recommender parameter   by its name
 *     final.user, final.item        the final embeddings
 *     seen.pointers, seen.items     items that count as seen, by rows (I64, I32)
 *     seen.train                    which of these were trained on (U8), unless all were
 *     ids.user.text, .offsets       ids (U8, each ended by NUL; I64), unless they are the numbers
 *     ids.item.text, .offsets       the same of items
 *     user_embedding.mean           fold-in state (model/fold_in_state.h):
 *     content.NAME                    of each modality
 *     propagated.L                    of each layer
 *
 * and its metadata is format, version, library, users, items, d, modalities, options, evaluated
 * (files/metadata.h). */
#include "base/handle.h"
#include "base/status.h"
#include "files/description.h"
#include "files/tensor_list.h"
#include "model/embeddings.h"
#include "model/fold_in_of_model.h"
#include "model/seen_of_model.h"

enum { further_tensors = 10 };

static diffmm_status add_parameters(struct diffmm__tensor_list *list, const diffmm_model *model)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; !status && i < model->parameter_count; i++) {
        const struct diffmm__parameter *parameter = &model->parameters[i];
        status = diffmm__tensor_list_add(list, parameter->name, DIFFMM__F32, parameter->rows,
                                         parameter->columns, parameter->values);
    }
    return status;
}

static diffmm_status add_ids(struct diffmm__tensor_list *list, const char *text_name,
                             const char *offsets_name, const struct diffmm__ids *ids)
{
    if (ids->numeric)
        return DIFFMM_OK;
    diffmm_status status = diffmm__tensor_list_add(list, text_name, DIFFMM__U8,
                                                   (size_t)ids->offsets[ids->count], 0, ids->text);
    return status ? status
                  : diffmm__tensor_list_add(list, offsets_name, DIFFMM__I64, ids->count + 1, 0,
                                            ids->offsets);
}

/* What counts as seen: the training rows themselves, or more, of which each is marked. */
struct seen {
    struct diffmm__csr all; /* all zero: the training rows */
    unsigned char *marks;   /* for each entry of `all`, whether it was trained on */
};

static diffmm_status seen_begin(const diffmm_model *model, struct seen *out)
{
    const struct diffmm__csr *train = &model->catalog->train, *all = &out->all;
    out->marks = NULL;
    diffmm_status status = diffmm__seen_of_model(model, &out->all);
    if (status || !all->pointers)
        return status;
    out->marks = diffmm__allocate(model->context, diffmm__csr_entries(all), 1);
    if (!out->marks)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t u = 0; u < all->rows; u++)
        for (int64_t e = all->pointers[u]; e < all->pointers[u + 1]; e++)
            out->marks[e] = diffmm__csr_has(train, u, all->indices[e]);
    return DIFFMM_OK;
}

static void seen_end(const diffmm_model *model, struct seen *seen)
{
    diffmm__csr_end(model->context, &seen->all);
    diffmm__release(model->context, seen->marks);
}

static diffmm_status add_seen(struct diffmm__tensor_list *list, const diffmm_model *model,
                              const struct seen *seen)
{
    const struct diffmm__csr *rows = seen->marks ? &seen->all : &model->catalog->train;
    size_t entries = diffmm__csr_entries(rows);
    diffmm_status status;
    if ((status = diffmm__tensor_list_add(list, "seen.pointers", DIFFMM__I64, model->users + 1, 0,
                                          rows->pointers)) ||
        (status =
             diffmm__tensor_list_add(list, "seen.items", DIFFMM__I32, entries, 0, rows->indices)) ||
        !seen->marks)
        return status;
    return diffmm__tensor_list_add(list, "seen.train", DIFFMM__U8, entries, 0, seen->marks);
}

static diffmm_status add_served(struct diffmm__tensor_list *list, const diffmm_model *model,
                                const struct seen *seen)
{
    const struct diffmm__catalog *catalog = model->catalog;
    size_t users = model->users, items = model->items, d = model->d;
    const float *final = model->final;
    diffmm_status status;
    if ((status = diffmm__tensor_list_add(list, "final.user", DIFFMM__F32, users, d, final)) ||
        (status = diffmm__tensor_list_add(list, "final.item", DIFFMM__F32, items, d,
                                          final + users * d)) ||
        (status = add_seen(list, model, seen)) ||
        (status = add_ids(list, "ids.user.text", "ids.user.offsets", &catalog->user_ids)))
        return status;
    return add_ids(list, "ids.item.text", "ids.item.offsets", &catalog->item_ids);
}

static diffmm_status add_fold_in(struct diffmm__tensor_list *list, const diffmm_model *model,
                                 const struct diffmm__fold_in_state *state)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < state->modality_count && !status; m++)
        status = diffmm__tensor_list_add(
            list, diffmm__tensor_list_name(list, "content.%s", state->names[m]), DIFFMM__F32,
            model->items, model->d, state->content[m]);
    for (size_t l = 0; l < state->layers && !status; l++)
        status = diffmm__tensor_list_add(list, diffmm__tensor_list_name(list, "propagated.%zu", l),
                                         DIFFMM__F32, model->items, model->d, state->propagated[l]);
    return status ? status
                  : diffmm__tensor_list_add(list, "user_embedding.mean", DIFFMM__F32, model->d, 1,
                                            state->mean);
}

static diffmm_status put(const diffmm_model *model, const struct diffmm__tensor_list *list,
                         const struct diffmm__target *target)
{
    struct diffmm__description description;
    diffmm_status status =
        diffmm__description_begin(model->context, DIFFMM__MODEL_FORMAT, &description);
    if (!status)
        status = diffmm__description_add_model(&description, model);
    if (!status)
        status = diffmm__safetensors_write_target(model->context, target, description.list,
                                                  description.count, list->tensors, list->count);
    diffmm__description_end(&description);
    return status;
}

static diffmm_status save_embedded(const diffmm_model *model, const struct diffmm__target *target)
{
    struct diffmm__fold_in_state *state;
    struct diffmm__tensor_list list;
    diffmm_status status = diffmm__fold_in_of_model(model, &state);
    if (status)
        return status;
    struct seen seen;
    status = seen_begin(model, &seen);
    size_t folded = state ? state->modality_count + state->layers : 0;
    list = (struct diffmm__tensor_list){0};
    if (!status)
        status = diffmm__tensor_list_begin(
            model->context, "model", model->parameter_count + further_tensors + folded, &list);
    if (!status)
        status = add_parameters(&list, model);
    if (!status)
        status = add_served(&list, model, &seen);
    if (!status && state)
        status = add_fold_in(&list, model, state);
    if (!status)
        status = put(model, &list, target);
    diffmm__tensor_list_end(&list);
    seen_end(model, &seen);
    diffmm__fold_in_state_destroy(state);
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
