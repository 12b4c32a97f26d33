/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaving out items that a modality whose rows have ids has no row for. */
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/dataset.h"
#include "dataset/draft.h"

static diffmm_status check(const diffmm_dataset *dataset)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (status)
        return status;
    if (dataset->draft->extended)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "an extended data set keeps its items, also those without features");
    for (size_t m = 0; m < dataset->modality_count; m++)
        if (dataset->modalities[m].row_ids)
            return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_STATE,
                        "no modality has rows with ids, which would tell what items have none");
}

/* Whether an item has a row. One that was reserved without an id has its number as id. */
static bool has_row(const struct diffmm__ids *rows, const struct diffmm__ids *items, size_t item)
{
    char number[24];
    if (item < items->count)
        return diffmm__ids_number(rows, items->text + items->offsets[item],
                                  diffmm__ids_length(items, item)) >= 0;
    int length = snprintf(number, sizeof number, "%zu", item);
    return diffmm__ids_number(rows, number, (size_t)length) >= 0;
}

/* Unmarks items without a row; returns how many it has not. */
static size_t unmark(const diffmm_dataset *dataset, const struct diffmm__modality *modality,
                     size_t items, bool *kept)
{
    size_t missing = 0;
    for (size_t i = 0; i < items; i++)
        if (!has_row(&modality->row_ids->ids, &dataset->draft->item_ids, i)) {
            kept[i] = false;
            missing++;
        }
    return missing;
}

static diffmm_status mark_items(const diffmm_dataset *dataset, size_t items, bool *kept)
{
    size_t left = 0;
    memset(kept, true, items * sizeof *kept);
    for (size_t m = 0; m < dataset->modality_count; m++) {
        const struct diffmm__modality *modality = &dataset->modalities[m];
        size_t missing = modality->row_ids ? unmark(dataset, modality, items, kept) : 0;
        if (missing)
            diffmm__log(dataset->context, DIFFMM_LOG_WARNING,
                        "modality '%s': %zu of %zu items have no row and are left out",
                        modality->name, missing, items);
    }
    for (size_t i = 0; i < items; i++)
        left += kept[i];
    return left > 0 ? DIFFMM_OK
                    : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                   "none of the %zu items has a row in each modality", items);
}

diffmm_status diffmm_dataset_filter_features(diffmm_dataset *dataset)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check(dataset);
    if (status)
        return status;
    size_t items = diffmm_dataset_items(dataset);
    bool *kept = diffmm__allocate(dataset->context, items, sizeof *kept);
    if (!kept)
        return DIFFMM_ERROR_NO_MEMORY;
    status = mark_items(dataset, items, kept);
    if (!status && memchr(kept, 0, items))
        status = diffmm__draft_keep(dataset->context, dataset->draft, NULL, kept);
    diffmm__release(dataset->context, kept);
    return status;
}
