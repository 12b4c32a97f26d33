/* SPDX-License-Identifier: BSD-2-Clause */
/* The handle: how it begins and ends, and the functions that only read it. */
#include "dataset/dataset.h"

#include "base/context.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/draft.h"

static void end_dataset(void *object)
{
    diffmm_dataset *dataset = object;
    diffmm_context *context = dataset->context;
    diffmm__catalog_release(dataset->catalog);
    diffmm__csr_end(context, &dataset->held[0]);
    diffmm__csr_end(context, &dataset->held[1]);
    for (size_t m = 0; m < dataset->modality_count; m++)
        diffmm__modality_end(context, &dataset->modalities[m]);
    diffmm__release(context, dataset->modalities);
    diffmm__draft_destroy(context, dataset->draft);
    diffmm__release(context, dataset);
    diffmm__context_release(context);
}

diffmm_status diffmm_dataset_create(diffmm_context *context, diffmm_dataset **out)
{
    DIFFMM__CALL call = diffmm__call_reads(context);
    if (!context)
        return diffmm__null("context");
    if (!out)
        return diffmm__null("out");
    diffmm_dataset *dataset = diffmm__allocate_zero(context, 1, sizeof *dataset);
    if (!dataset)
        return DIFFMM_ERROR_NO_MEMORY;
    dataset->draft = diffmm__draft_create(context);
    if (!dataset->draft) {
        diffmm__release(context, dataset);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    dataset->context = diffmm__context_retain(context);
    diffmm__handle_begin(dataset, end_dataset);
    *out = dataset;
    return DIFFMM_OK;
}

diffmm_dataset *diffmm__dataset_retain(diffmm_dataset *dataset)
{
    diffmm__handle_retain(dataset);
    return dataset;
}

void diffmm_dataset_destroy(diffmm_dataset *dataset)
{
    diffmm__handle_release(dataset);
}

size_t diffmm_dataset_users(const diffmm_dataset *dataset)
{
    if (!dataset)
        return 0;
    if (dataset->sealed)
        return dataset->catalog->users;
    return diffmm__draft_users(dataset->draft);
}

size_t diffmm_dataset_items(const diffmm_dataset *dataset)
{
    if (!dataset)
        return 0;
    if (dataset->sealed)
        return dataset->catalog->items;
    return diffmm__draft_items(dataset->draft);
}

static bool is_split(diffmm_split split)
{
    return (int)split >= DIFFMM_TRAIN && (int)split <= DIFFMM_TEST;
}

diffmm_status diffmm__dataset_check_split(diffmm_split split)
{
    if (is_split(split))
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "there is no split %d", (int)split);
}

diffmm_status diffmm__dataset_check_open(const diffmm_dataset *dataset)
{
    if (!dataset)
        return diffmm__null("dataset");
    if (dataset->sealed)
        return diffmm__fail(DIFFMM_ERROR_STATE, "the data set is sealed and cannot change");
    return DIFFMM_OK;
}

diffmm_status diffmm__dataset_check_sealed(const diffmm_dataset *dataset)
{
    if (!dataset)
        return diffmm__null("dataset");
    if (!dataset->sealed)
        return diffmm__fail(DIFFMM_ERROR_STATE, "the data set is not sealed yet");
    return DIFFMM_OK;
}

const struct diffmm__csr *diffmm__dataset_rows(const diffmm_dataset *dataset, diffmm_split split)
{
    return split == DIFFMM_TRAIN ? &dataset->catalog->train : &dataset->held[split - 1];
}

size_t diffmm_dataset_interactions(const diffmm_dataset *dataset, diffmm_split split)
{
    if (!dataset || !is_split(split))
        return 0;
    if (!dataset->sealed)
        return dataset->draft->pairs[split].count;
    return diffmm__csr_entries(diffmm__dataset_rows(dataset, split));
}

size_t diffmm_dataset_modalities(const diffmm_dataset *dataset)
{
    return dataset ? dataset->modality_count : 0;
}

const char *diffmm_dataset_modality_name(const diffmm_dataset *dataset, size_t index)
{
    return index < diffmm_dataset_modalities(dataset) ? dataset->modalities[index].name : NULL;
}

size_t diffmm_dataset_modality_dimensions(const diffmm_dataset *dataset, size_t index)
{
    return index < diffmm_dataset_modalities(dataset) ? dataset->modalities[index].dimensions : 0;
}

const char *diffmm_dataset_user_id(const diffmm_dataset *dataset, int32_t user)
{
    if (!dataset || !dataset->sealed)
        return NULL;
    return diffmm__ids_text(&dataset->catalog->user_ids, user);
}

const char *diffmm_dataset_item_id(const diffmm_dataset *dataset, int32_t item)
{
    if (!dataset || !dataset->sealed)
        return NULL;
    return diffmm__ids_text(&dataset->catalog->item_ids, item);
}

static size_t csr_bytes(const struct diffmm__csr *csr)
{
    return diffmm__csr_bytes(csr->rows, diffmm__csr_entries(csr), false);
}

/* No sum overflows: all of this is in memory. */
size_t diffmm__dataset_bytes(const diffmm_dataset *dataset)
{
    const struct diffmm__catalog *catalog = dataset->catalog;
    size_t bytes =
        sizeof *dataset + sizeof *catalog + diffmm__ids_bytes(&catalog->user_ids) +
        diffmm__ids_bytes(&catalog->item_ids) + csr_bytes(&catalog->train) +
        csr_bytes(&dataset->held[0]) + csr_bytes(&dataset->held[1]) +
        diffmm__allocation_bytes(dataset->modality_capacity, sizeof *dataset->modalities);
    for (size_t m = 0; m < dataset->modality_count; m++)
        bytes += diffmm__modality_bytes(&dataset->modalities[m]);
    return bytes;
}

diffmm_status diffmm_dataset_find_user(const diffmm_dataset *dataset, const char *id, int32_t *user)
{
    diffmm_status status = diffmm__dataset_check_sealed(dataset);
    if (status)
        return status;
    if (!id || !user)
        return diffmm__null(id ? "user" : "id");
    return diffmm__ids_find(&dataset->catalog->user_ids, id, "user", user);
}

diffmm_status diffmm_dataset_find_item(const diffmm_dataset *dataset, const char *id, int32_t *item)
{
    diffmm_status status = diffmm__dataset_check_sealed(dataset);
    if (status)
        return status;
    if (!id || !item)
        return diffmm__null(id ? "item" : "id");
    return diffmm__ids_find(&dataset->catalog->item_ids, id, "item", item);
}

diffmm_status diffmm_dataset_row(const diffmm_dataset *dataset, diffmm_split split, int32_t user,
                                 const int32_t **items, size_t *count)
{
    diffmm_status status = diffmm__dataset_check_sealed(dataset);
    if (status)
        return status;
    if (!items || !count)
        return diffmm__null(items ? "count" : "items");
    status = diffmm__dataset_check_split(split);
    if (status)
        return status;
    if (user < 0 || (size_t)user >= dataset->catalog->users)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "user %d is not one of the %zu users",
                            (int)user, dataset->catalog->users);
    const struct diffmm__csr *rows = diffmm__dataset_rows(dataset, split);
    *items = rows->indices + rows->pointers[user];
    *count = diffmm__csr_row_entries(rows, (size_t)user);
    return DIFFMM_OK;
}
