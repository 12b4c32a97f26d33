/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/join_splits.h"

#include <string.h>

#include "base/memory.h"
#include "dataset/draft.h"
#include "dataset/modalities.h"

static diffmm_status fill_catalog(const diffmm_dataset *source, struct diffmm__catalog *catalog)
{
    diffmm_context *context = source->context;
    const struct diffmm__catalog *old = source->catalog;
    const struct diffmm__csr *const splits[] = {&old->train, &source->held[0], &source->held[1]};
    diffmm_status status;
    catalog->users = old->users;
    catalog->items = old->items;
    if ((status =
             diffmm__ids_extend(context, &old->user_ids, 0, NULL, "user", &catalog->user_ids)) ||
        (status =
             diffmm__ids_extend(context, &old->item_ids, 0, NULL, "item", &catalog->item_ids)) ||
        (status = diffmm__csr_unite(context, DIFFMM__SPLITS, splits, &catalog->train)))
        return status;
    return diffmm__catalog_check_counts(catalog->users, catalog->items,
                                        diffmm__csr_entries(&catalog->train));
}

static diffmm_status make_empty(const struct diffmm__catalog *catalog, struct diffmm__csr *out)
{
    diffmm_status status =
        diffmm__csr_begin(catalog->context, catalog->users, catalog->items, 0, false, out);
    if (!status)
        memset(out->pointers, 0, (catalog->users + 1) * sizeof *out->pointers);
    return status;
}

/* Where rows have ids, the items are the same, and so is their order. */
static diffmm_status keep_order(const diffmm_context *context,
                                const struct diffmm__modality *source,
                                struct diffmm__modality *modality)
{
    size_t items = source->ordered_items;
    if (!source->row_of_item)
        return DIFFMM_OK;
    modality->row_of_item = diffmm__allocate(context, items, sizeof *modality->row_of_item);
    if (!modality->row_of_item)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(modality->row_of_item, source->row_of_item, items * sizeof *modality->row_of_item);
    modality->ordered_items = items;
    return DIFFMM_OK;
}

static diffmm_status share_modality(const struct diffmm__modality *source, diffmm_dataset *dataset)
{
    diffmm_status status = diffmm__modalities_add_shared(dataset, source);
    return status ? status
                  : keep_order(dataset->context, source,
                               &dataset->modalities[dataset->modality_count - 1]);
}

static diffmm_status fill(const diffmm_dataset *source, diffmm_dataset *dataset)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < source->modality_count && !status; m++)
        status = share_modality(&source->modalities[m], dataset);
    if (status)
        return status;
    dataset->catalog = diffmm__catalog_create(source->context);
    if (!dataset->catalog)
        return DIFFMM_ERROR_NO_MEMORY;
    status = fill_catalog(source, dataset->catalog);
    for (size_t h = 0; h < 2 && !status; h++)
        status = make_empty(dataset->catalog, &dataset->held[h]);
    if (status)
        return status;
    diffmm__draft_destroy(dataset->context, dataset->draft);
    dataset->draft = NULL;
    dataset->sealed = true;
    return DIFFMM_OK;
}

diffmm_status diffmm__join_splits(const diffmm_dataset *source, diffmm_dataset **out)
{
    diffmm_dataset *dataset;
    diffmm_status status = diffmm_dataset_create(source->context, &dataset);
    if (status)
        return status;
    status = fill(source, dataset);
    if (status) {
        diffmm_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return DIFFMM_OK;
}
