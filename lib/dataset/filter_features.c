/* SPDX-License-Identifier: BSD-2-Clause */
/* Leaving out items that one modality or any whose rows have ids has no row for. */
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
    if (!status && dataset->draft->extended)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "an extended data set keeps its items, also those without features");
    return status;
}

static diffmm_status check_any(const diffmm_dataset *dataset)
{
    for (size_t m = 0; m < dataset->modality_count; m++)
        if (dataset->modalities[m].row_ids)
            return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_STATE,
                        "no modality has rows with ids, which would tell what items have none");
}

static diffmm_status find_one(const diffmm_dataset *dataset, const char *name,
                              const struct diffmm__modality **out)
{
    if (!name)
        return diffmm__null("name");
    for (size_t m = 0; m < dataset->modality_count; m++) {
        const struct diffmm__modality *modality = &dataset->modalities[m];
        if (strcmp(modality->name, name) != 0)
            continue;
        *out = modality;
        return modality->row_ids
                   ? DIFFMM_OK
                   : diffmm__fail(DIFFMM_ERROR_STATE,
                                  "modality '%s': its rows have no ids, which would tell what "
                                  "items have none",
                                  name);
    }
    return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "the data set has no modality '%s'", name);
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

/* Items with a row in one modality; NULL: in each whose rows have ids. */
static diffmm_status mark_items(const diffmm_dataset *dataset, const struct diffmm__modality *only,
                                size_t items, bool *kept)
{
    size_t left = 0;
    memset(kept, true, items * sizeof *kept);
    for (size_t m = 0; m < dataset->modality_count; m++) {
        const struct diffmm__modality *modality = &dataset->modalities[m];
        bool asked = only ? modality == only : modality->row_ids != NULL;
        size_t missing = asked ? unmark(dataset, modality, items, kept) : 0;
        if (missing)
            diffmm__log(dataset->context, DIFFMM_LOG_WARNING,
                        "modality '%s': %zu of %zu items have no row and are left out",
                        modality->name, missing, items);
    }
    for (size_t i = 0; i < items; i++)
        left += kept[i];
    return left > 0 ? DIFFMM_OK
                    : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                   "none of the %zu items has a row in %s%s", items,
                                   only ? "modality " : "each modality", only ? only->name : "");
}

static diffmm_status filter(diffmm_dataset *dataset, const struct diffmm__modality *only)
{
    size_t items = diffmm_dataset_items(dataset);
    bool *kept = diffmm__allocate(dataset->context, items, sizeof *kept);
    if (!kept)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = mark_items(dataset, only, items, kept);
    if (!status && memchr(kept, 0, items))
        status = diffmm__draft_keep(dataset->context, dataset->draft, NULL, kept);
    diffmm__release(dataset->context, kept);
    return status;
}

diffmm_status diffmm_dataset_filter_features(diffmm_dataset *dataset)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check(dataset);
    if (!status)
        status = check_any(dataset);
    return status ? status : filter(dataset, NULL);
}

diffmm_status diffmm_dataset_filter_features_of(diffmm_dataset *dataset, const char *name)
{
    DIFFMM__CALL call;
    const struct diffmm__modality *only = NULL;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check(dataset);
    if (!status)
        status = find_one(dataset, name, &only);
    return status ? status : filter(dataset, only);
}
