/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/row_numbers.h"

#include "base/log.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/draft.h"
#include "dataset/id.h"

/* The first modality that has feature rows, from an array or a file; NULL if there is none. */
static const struct diffmm__modality *with_rows(const diffmm_dataset *dataset)
{
    for (size_t m = 0; m < dataset->modality_count; m++)
        if (dataset->modalities[m].features)
            return &dataset->modalities[m];
    return NULL;
}

size_t diffmm__row_numbers_count(const diffmm_dataset *dataset)
{
    const struct diffmm__modality *modality = with_rows(dataset);
    return modality ? modality->rows : 0;
}

/* How item ids go with rows of features, where no list of ids says it. */
enum row_naming {
    ROWS_NUMBERED, /* every id is the number of a row */
    ROWS_UNCLEAR,  /* every id is a number, but some are not numbers of rows */
    ROWS_IN_ORDER  /* row i belongs to the item whose id came i-th */
};

/* Fills in the row number that each id is, or -1; *other is the last id that is none. */
static enum row_naming compare_with_rows(const struct diffmm__ids *ids, size_t rows,
                                         int32_t *numbers, const char **other)
{
    enum row_naming naming = ROWS_NUMBERED;
    for (size_t i = 0; i < ids->count; i++) {
        const char *id = ids->text + ids->offsets[i];
        size_t length = diffmm__ids_length(ids, i);
        numbers[i] = diffmm__id_number(id, length, rows);
        if (!diffmm__id_is_integer(id, length))
            naming = ROWS_IN_ORDER;
        else if (numbers[i] < 0 && naming == ROWS_NUMBERED)
            naming = ROWS_UNCLEAR;
        *other = numbers[i] < 0 ? id : *other;
    }
    return naming;
}

/* Where ids count from 1 and the last item has no interaction, every id is the number of a row, but
 * of the wrong one. Ids certainly count from 0 where the number of the first or last row occurs. */
static bool may_count_from_one(size_t count, const int32_t *numbers, size_t rows)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == 0 || (size_t)numbers[i] + 1 == rows)
            return false;
    return true;
}

static diffmm_status fail_unclear(const diffmm_dataset *dataset, const char *id)
{
    const struct diffmm__modality *modality = with_rows(dataset);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "modality '%s': it is not clear which of its %zu rows is item '%.40s': "
                        "the item ids are numbers, but not all of them from 0 to %zu; list the ids "
                        "in the order of the rows (diffmm_dataset_declare_items(), item_ids.txt), "
                        "or number the items from 0",
                        modality->name, modality->rows, id, modality->rows - 1);
}

diffmm_status diffmm__row_numbers_find(const diffmm_dataset *dataset,
                                       struct diffmm__row_numbers *out)
{
    const struct diffmm__draft *draft = dataset->draft;
    size_t rows = diffmm__row_numbers_count(dataset), count = draft->item_ids.count;
    *out = (struct diffmm__row_numbers){0};
    if (draft->naming != DIFFMM__NAMING_TEXT || draft->items_declared || draft->items_ordered ||
        rows == 0)
        return DIFFMM_OK;
    int32_t *numbers = diffmm__allocate(dataset->context, count, sizeof *numbers);
    if (!numbers)
        return DIFFMM_ERROR_NO_MEMORY;
    const char *other = "";
    enum row_naming naming = compare_with_rows(&draft->item_ids, rows, numbers, &other);
    if (naming == ROWS_NUMBERED) {
        out->numbers = numbers;
        out->from_one = may_count_from_one(count, numbers, rows);
        return DIFFMM_OK;
    }
    diffmm__release(dataset->context, numbers);
    if (draft->known_items > 0)
        return DIFFMM_OK;
    out->in_order = true;
    return naming == ROWS_UNCLEAR ? fail_unclear(dataset, other) : DIFFMM_OK;
}

void diffmm__row_numbers_warn(const diffmm_dataset *dataset,
                              const struct diffmm__row_numbers *found)
{
    const struct diffmm__modality *modality = with_rows(dataset);
    if (found->from_one)
        diffmm__log(dataset->context, DIFFMM_LOG_WARNING,
                    "item ids are taken as numbers of the %zu rows of modality '%s', from 0 on, "
                    "but neither 0 nor %zu occurs: if they count from 1, every item gets the "
                    "features of another",
                    modality->rows, modality->name, modality->rows - 1);
    if (found->in_order)
        diffmm__log(dataset->context, DIFFMM_LOG_WARNING,
                    "the rows of modality '%s' are taken for the items in the order in which their "
                    "ids appear; to be sure, list the ids in the order of the rows "
                    "(item_ids.txt, diffmm_dataset_declare_items())",
                    modality->name);
}
