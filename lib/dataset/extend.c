/* SPDX-License-Identifier: BSD-2-Clause */
/* A data set that begins with all that another holds. Users and items keep their numbers, because
 * their ids are the first ids of the new draft, in the old order. */
#include "base/handle.h"
#include "base/status.h"
#include "dataset/draft.h"
#include "dataset/modalities.h"

static diffmm_status copy_ids(const diffmm_context *context, const struct diffmm__ids *ids,
                              struct diffmm__ids *out)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < ids->count && !status; i++) {
        int32_t number;
        status = diffmm__ids_add(context, out, ids->text + ids->offsets[i],
                                 diffmm__ids_length(ids, i), &number);
    }
    return status;
}

static diffmm_status copy_pairs(const diffmm_dataset *source, diffmm_split split,
                                struct diffmm__draft *draft)
{
    const struct diffmm__csr *rows = diffmm__dataset_rows(source, split);
    diffmm_status status = DIFFMM_OK;
    for (size_t u = 0; u < source->catalog->users; u++)
        for (int64_t i = rows->pointers[u]; i < rows->pointers[u + 1] && !status; i++)
            status = diffmm__coo_add(source->context, &draft->pairs[split], (int32_t)u,
                                     rows->indices[i]);
    return status;
}

/* Item ids that are row numbers remain row numbers; all others keep their order. */
static diffmm_status fill_draft(const diffmm_dataset *source, struct diffmm__draft *draft)
{
    const struct diffmm__catalog *catalog = source->catalog;
    diffmm_status status = diffmm__draft_reserve(draft, catalog->users, catalog->items);
    draft->extended = true;
    draft->naming = catalog->user_ids.numeric ? DIFFMM__NAMING_NUMBERS : DIFFMM__NAMING_TEXT;
    if (!status && draft->naming == DIFFMM__NAMING_TEXT) {
        draft->items_ordered = !catalog->item_ids.numeric;
        draft->known_items = catalog->items;
        status = copy_ids(source->context, &catalog->user_ids, &draft->user_ids);
        if (!status)
            status = copy_ids(source->context, &catalog->item_ids, &draft->item_ids);
    }
    for (int split = 0; split < DIFFMM__SPLITS && !status; split++)
        status = copy_pairs(source, (diffmm_split)split, draft);
    return status;
}

diffmm_status diffmm_dataset_extend(const diffmm_dataset *source, diffmm_dataset **out)
{
    DIFFMM__CALL call = diffmm__call_reads(source);
    if (!source || !out)
        return diffmm__null(!source ? "source" : "out");
    if (!source->sealed)
        return diffmm__fail(DIFFMM_ERROR_STATE, "source: the data set is not sealed yet");
    diffmm_dataset *dataset;
    diffmm_status status = diffmm_dataset_create(source->context, &dataset);
    if (status)
        return status;
    status = fill_draft(source, dataset->draft);
    for (size_t m = 0; m < source->modality_count && !status; m++)
        status = diffmm__modalities_add_shared(dataset, &source->modalities[m]);
    if (status) {
        diffmm_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return DIFFMM_OK;
}
