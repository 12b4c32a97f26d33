/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/row_numbers.h"

#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/draft.h"
#include "dataset/id.h"

/* The first modality whose rows go by the numbers of items: of those that have an array or a file,
 * or else of those with a loader; NULL if there is none. */
static const struct diffmm__modality *find_numbered(const diffmm_dataset *dataset)
{
    const struct diffmm__modality *loaded = NULL;
    for (size_t m = dataset->modality_count; m-- > 0;)
        if (dataset->modalities[m].loader && !dataset->modalities[m].row_ids)
            loaded = &dataset->modalities[m];
    for (size_t m = 0; m < dataset->modality_count; m++)
        if (diffmm__modality_has_rows(&dataset->modalities[m]) && !dataset->modalities[m].row_ids)
            return &dataset->modalities[m];
    return loaded;
}

size_t diffmm__row_numbers_count(const diffmm_dataset *dataset)
{
    const struct diffmm__modality *modality = find_numbered(dataset);
    if (!modality)
        return 0;
    return diffmm__modality_has_rows(modality) ? modality->rows : diffmm_dataset_items(dataset);
}

static diffmm_status fail_untied_loader(const struct diffmm__modality *modality, size_t items,
                                        const char *id)
{
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "modality '%s': nothing says which number its loader knows item '%.*s' by, "
                        "for the item ids are not exactly 0 to %zu; let the loader be asked by id "
                        "(diffmm_dataset_add_modality_by_id()), name its rows "
                        "(diffmm_dataset_name_rows()), or fix the order of the items "
                        "(diffmm_dataset_declare_items() before interactions)",
                        modality->name, (int)diffmm__text_cut(id, strlen(id), 40), id, items - 1);
}

static diffmm_status fail_untied(const diffmm_dataset *dataset, const char *id)
{
    const struct diffmm__modality *modality = find_numbered(dataset);
    if (!diffmm__modality_has_rows(modality))
        return fail_untied_loader(modality, diffmm_dataset_items(dataset), id);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "modality '%s': nothing says which of its %zu rows is item '%.*s', for the "
                        "item ids are not exactly 0 to %zu; list the ids in the order of the rows: "
                        "NAME.ids.txt beside the file of features, item_ids.txt beside the data, "
                        "diffmm_train --items, or diffmm_dataset_declare_items() before "
                        "interactions",
                        modality->name, modality->rows, (int)diffmm__text_cut(id, strlen(id), 40),
                        id, modality->rows - 1);
}

/* The first id that is not the number of a row; or, where all are, but rows are left over whose
 * numbers no item has, the last id; NULL where ids are exactly the numbers of the rows. Items that
 * were reserved beyond the ids have their numbers as ids. */
static const char *find_untied(const struct diffmm__draft *draft, size_t rows, int32_t *numbers)
{
    const struct diffmm__ids *ids = &draft->item_ids;
    const char *id = "";
    for (size_t i = 0; i < ids->count; i++) {
        id = ids->text + ids->offsets[i];
        numbers[i] = diffmm__id_number(id, diffmm__ids_length(ids, i), rows);
        if (numbers[i] < 0)
            return id;
    }
    return ids->count == rows || draft->items == rows ? NULL : id;
}

/* Items that an extended data set had before have their rows; only new ones may have none. */
static bool rows_are_known(const struct diffmm__draft *draft)
{
    return draft->naming != DIFFMM__NAMING_TEXT || draft->items_declared ||
           (draft->items_ordered && draft->item_ids.count == draft->known_items);
}

diffmm_status diffmm__row_numbers_find(const diffmm_dataset *dataset, int32_t **out)
{
    const struct diffmm__draft *draft = dataset->draft;
    size_t rows = diffmm__row_numbers_count(dataset);
    *out = NULL;
    if (rows == 0 || rows_are_known(draft))
        return DIFFMM_OK;
    if (draft->items_ordered)
        return fail_untied(dataset,
                           diffmm__ids_text(&draft->item_ids, (int32_t)draft->known_items));
    int32_t *numbers = diffmm__allocate(dataset->context, draft->item_ids.count, sizeof *numbers);
    if (!numbers)
        return DIFFMM_ERROR_NO_MEMORY;
    const char *untied = find_untied(draft, rows, numbers);
    if (untied) {
        diffmm__release(dataset->context, numbers);
        return fail_untied(dataset, untied);
    }
    *out = numbers;
    return DIFFMM_OK;
}

diffmm_status diffmm__row_numbers_name(diffmm_dataset *dataset)
{
    const struct diffmm__draft *draft = dataset->draft;
    for (size_t m = 0; m < dataset->modality_count && draft->row_ids; m++) {
        struct diffmm__modality *modality = &dataset->modalities[m];
        if (modality->row_ids || modality->lookup)
            continue;
        if (diffmm__modality_has_rows(modality) && modality->rows != draft->row_ids->ids.count)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "modality '%s' has %zu rows, but there were %zu items before some "
                                "were left out",
                                modality->name, modality->rows, draft->row_ids->ids.count);
        modality->row_ids = draft->row_ids;
        diffmm__row_ids_retain(draft->row_ids);
    }
    return DIFFMM_OK;
}
