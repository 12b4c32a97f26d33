/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a model file: safetensors. Its tensors are
 *
 *     every recommender parameter   by its name
 *     final.user, final.item        the rows that rank: the final embeddings, or wider ones
 *                                   (model/blend.h)
 *     seen.pointers, seen.items     items that count as seen, by rows (I64, I32)
 *     seen.train                    which of these were trained on (U8), unless all were
 *     ids.user.text, .offsets       ids (U8, each ended by NUL; I64), unless they are the numbers
 *     ids.item.text, .offsets       the same of items
 *     user_embedding.mean           fold-in state (model/fold_in_state.h):
 *     content.NAME                    of each modality
 *     propagated.L                    of each layer
 *     with a blend, those of files/blend_write.h
 *
 * and its metadata is format, version, library, users, items, d, width (of the rows that
 * rank, where it is not d), modalities, options, evaluated,
 * placed (files/metadata.h). */
#include "files/model_write.h"

#include <string.h>

#include "base/status.h"
#include "files/blend_write.h"
#include "files/description.h"
#include "files/tensor_list.h"

enum { further_tensors = 10 };

static diffmm_status add_parameters(struct diffmm__tensor_list *list,
                                    const struct diffmm__model_parts *parts)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; !status && i < parts->learnt->count; i++) {
        struct diffmm__tensor parameter = parts->learnt->parameters[i];
        if (strcmp(parameter.name, "user_embedding") == 0)
            parameter.source = parts->users_source;
        status = diffmm__tensor_list_add_tensor(list, &parameter);
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

/* For each entry of what counts as seen, whether it was trained on. */
static void mark(const struct diffmm__csr *train, const struct diffmm__csr *seen,
                 unsigned char *marks)
{
    for (size_t u = 0; u < seen->rows; u++)
        for (int64_t e = seen->pointers[u]; e < seen->pointers[u + 1]; e++)
            marks[e] = diffmm__csr_has(train, u, seen->indices[e]);
}

static diffmm_status add_seen(struct diffmm__tensor_list *list,
                              const struct diffmm__model_parts *parts)
{
    const struct diffmm__csr *train = &parts->catalog->train;
    const struct diffmm__csr *rows = parts->seen->pointers ? parts->seen : train;
    size_t entries = diffmm__csr_entries(rows);
    diffmm_status status;
    if ((status = diffmm__tensor_list_add(list, "seen.pointers", DIFFMM__I64, rows->rows + 1, 0,
                                          rows->pointers)) ||
        (status =
             diffmm__tensor_list_add(list, "seen.items", DIFFMM__I32, entries, 0, rows->indices)) ||
        rows == train)
        return status;
    unsigned char *marks = diffmm__arena_take(&list->arena, entries, 1);
    if (!marks)
        return DIFFMM_ERROR_NO_MEMORY;
    mark(train, rows, marks);
    return diffmm__tensor_list_add(list, "seen.train", DIFFMM__U8, entries, 0, marks);
}

static diffmm_status add_served(struct diffmm__tensor_list *list,
                                const struct diffmm__model_parts *parts)
{
    const struct diffmm__catalog *catalog = parts->catalog;
    const struct diffmm__tensor users = {.name = "final.user",
                                         .dtype = DIFFMM__F32,
                                         .rows = catalog->users,
                                         .columns = parts->width,
                                         .data = parts->users,
                                         .source = parts->users_source};
    diffmm_status status;
    if ((status = diffmm__tensor_list_add_tensor(list, &users)) ||
        (status = diffmm__tensor_list_add(list, "final.item", DIFFMM__F32, catalog->items,
                                          parts->width, parts->items)) ||
        (status = add_seen(list, parts)) ||
        (status = add_ids(list, "ids.user.text", "ids.user.offsets", &catalog->user_ids)))
        return status;
    return add_ids(list, "ids.item.text", "ids.item.offsets", &catalog->item_ids);
}

static diffmm_status add_fold_in(struct diffmm__tensor_list *list,
                                 const struct diffmm__model_parts *parts)
{
    const struct diffmm__fold_in_state *state = parts->fold_in;
    size_t items = parts->catalog->items, d = parts->d;
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < state->modality_count && !status; m++)
        status = diffmm__tensor_list_add(
            list, diffmm__tensor_list_name(list, "content.%s", state->names[m]), DIFFMM__F32, items,
            d, state->content[m]);
    for (size_t l = 0; l < state->layers && !status; l++)
        status = diffmm__tensor_list_add(list, diffmm__tensor_list_name(list, "propagated.%zu", l),
                                         DIFFMM__F32, items, d, state->propagated[l]);
    if (!status)
        status =
            diffmm__tensor_list_add(list, "user_embedding.mean", DIFFMM__F32, d, 1, state->mean);
    return status || !state->blend ? status : diffmm__blend_write(list, state->blend, state->names);
}

static diffmm_status describe(const struct diffmm__model_parts *parts,
                              struct diffmm__description *description)
{
    const struct diffmm__catalog *catalog = parts->catalog;
    const struct diffmm__learnt *learnt = parts->learnt;
    diffmm_status status;
    if ((status = diffmm__description_begin(parts->context, DIFFMM__MODEL_FORMAT, description)) ||
        (status = diffmm__description_add_count(description, "users", catalog->users)) ||
        (status = diffmm__description_add_count(description, "items", catalog->items)) ||
        (status = diffmm__description_add_count(description, "d", parts->d)))
        return status;
    if (parts->width != parts->d)
        status = diffmm__description_add_count(description, "width", parts->width);
    if (!status && learnt->modalities)
        status = diffmm__description_add_text(description, "modalities", learnt->modalities);
    if (!status && learnt->options)
        status = diffmm__description_add_text(description, "options", learnt->options);
    if (!status && learnt->evaluated)
        status = diffmm__description_add_text(description, "evaluated", learnt->evaluated);
    if (!status && catalog->placed)
        status = diffmm__description_add_count(description, "placed", catalog->placed);
    return status;
}

static diffmm_status put(const struct diffmm__model_parts *parts,
                         const struct diffmm__tensor_list *list,
                         const struct diffmm__target *target)
{
    struct diffmm__description description;
    diffmm_status status = describe(parts, &description);
    if (!status)
        status = diffmm__safetensors_write_target(parts->context, target, description.list,
                                                  description.count, list->tensors, list->count);
    diffmm__description_end(&description);
    return status;
}

diffmm_status diffmm__model_write(const struct diffmm__model_parts *parts,
                                  const struct diffmm__target *target)
{
    const struct diffmm__fold_in_state *state = parts->fold_in;
    size_t folded = state ? state->modality_count + state->layers : 0;
    if (state && state->blend)
        folded += diffmm__blend_write_count(state->blend);
    struct diffmm__tensor_list list;
    diffmm_status status = diffmm__tensor_list_begin(
        parts->context, parts->owner, parts->learnt->count + further_tensors + folded, &list);
    if (!status)
        status = add_parameters(&list, parts);
    if (!status)
        status = add_served(&list, parts);
    if (!status && state)
        status = add_fold_in(&list, parts);
    if (!status)
        status = put(parts, &list, target);
    diffmm__tensor_list_end(&list);
    return status;
}
