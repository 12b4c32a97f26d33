/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/tied_rows.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"

enum { most_id = 40 }; /* bytes of an id in a message */

static int shown(const char *id)
{
    return (int)diffmm__text_cut(id, strlen(id), most_id);
}

static diffmm_status fail_untied(const struct diffmm__modality *modality,
                                 const struct diffmm__ids *items)
{
    const struct diffmm__ids *rows = &modality->row_ids->ids;
    const char *row = diffmm__ids_text(rows, 0), *item = diffmm__ids_text(items, 0);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "modality '%s': none of the ids of its %zu rows is that of an item; the "
                        "first row is '%.*s', the first item '%.*s': both must be written alike",
                        modality->name, rows->count, shown(row), row, shown(item), item);
}

static diffmm_status tie(const diffmm_context *context, const struct diffmm__modality *modality,
                         const struct diffmm__ids *items, struct diffmm__tied_rows *out)
{
    int32_t *rows = diffmm__allocate(context, items->count, sizeof *rows);
    if (!rows)
        return DIFFMM_ERROR_NO_MEMORY;
    size_t known = diffmm__ids_match(items, &modality->row_ids->ids, rows);
    out->missing = items->count - known;
    out->extra = modality->row_ids->ids.count - known;
    while (out->missing > 0 && rows[out->first_missing] >= 0)
        out->first_missing++;
    if (known > 0)
        return diffmm__modality_order(context, modality, items->count, rows, &out->modality);
    diffmm__release(context, rows);
    return fail_untied(modality, items);
}

static bool has_row_ids(const diffmm_dataset *dataset)
{
    for (size_t m = 0; m < dataset->modality_count; m++)
        if (dataset->modalities[m].row_ids)
            return true;
    return false;
}

diffmm_status diffmm__tied_rows_find(const diffmm_dataset *dataset, const struct diffmm__ids *items,
                                     struct diffmm__tied_rows **out)
{
    *out = NULL;
    if (!has_row_ids(dataset))
        return DIFFMM_OK;
    struct diffmm__tied_rows *tied =
        diffmm__allocate_zero(dataset->context, dataset->modality_count, sizeof *tied);
    if (!tied)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = DIFFMM_OK;
    for (size_t m = 0; m < dataset->modality_count && !status; m++)
        if (dataset->modalities[m].row_ids)
            status = tie(dataset->context, &dataset->modalities[m], items, &tied[m]);
    if (status) {
        diffmm__tied_rows_destroy(dataset, tied);
        return status;
    }
    *out = tied;
    return DIFFMM_OK;
}

static void tell(const diffmm_dataset *dataset, const struct diffmm__modality *modality,
                 const struct diffmm__tied_rows *tied)
{
    const char *id = diffmm_dataset_item_id(dataset, tied->first_missing);
    if (tied->missing)
        diffmm__log(dataset->context, DIFFMM_LOG_WARNING,
                    "modality '%s': %zu of %zu items have no row and get zeros; the first is "
                    "'%.*s'",
                    modality->name, tied->missing, diffmm_dataset_items(dataset), shown(id), id);
    if (tied->extra)
        diffmm__log(dataset->context, DIFFMM_LOG_INFO,
                    "modality '%s': %zu rows belong to no item and are not used", modality->name,
                    tied->extra);
}

void diffmm__tied_rows_apply(diffmm_dataset *dataset, struct diffmm__tied_rows *tied)
{
    if (!tied)
        return;
    for (size_t m = 0; m < dataset->modality_count; m++) {
        struct diffmm__modality *modality = &dataset->modalities[m];
        if (!modality->row_ids)
            continue;
        diffmm__modality_replace(dataset->context, modality, &tied[m].modality);
        tell(dataset, modality, &tied[m]);
    }
    diffmm__release(dataset->context, tied);
}

void diffmm__tied_rows_destroy(const diffmm_dataset *dataset, struct diffmm__tied_rows *tied)
{
    if (!tied)
        return;
    for (size_t m = 0; m < dataset->modality_count; m++)
        diffmm__modality_end(dataset->context, &tied[m].modality);
    diffmm__release(dataset->context, tied);
}
