/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking a data set as a whole and indexing it. The catalog is built beside the draft, which
 * stays as it was if sealing fails. */
#include "dataset/seal.h"

#include "base/memory.h"
#include "base/status.h"
#include "dataset/draft.h"
#include "dataset/row_numbers.h"
#include "dataset/tied_rows.h"

/* The ids of all users and items. Those that came as text stay the draft's, completed by those that
 * were reserved beyond them, until the draft has nothing more to lose. */
static diffmm_status make_ids(const diffmm_dataset *dataset, bool items_are_rows,
                              struct diffmm__catalog *catalog)
{
    struct diffmm__draft *draft = dataset->draft;
    diffmm_context *context = dataset->context;
    bool text = draft->naming == DIFFMM__NAMING_TEXT;
    diffmm_status status =
        text ? diffmm__ids_complete(context, &draft->user_ids, catalog->users, "user")
             : diffmm__ids_begin_numeric(context, catalog->users, &catalog->user_ids);
    if (status)
        return status;
    return text && !items_are_rows
               ? diffmm__ids_complete(context, &draft->item_ids, catalog->items, "item")
               : diffmm__ids_begin_numeric(context, catalog->items, &catalog->item_ids);
}

static void exchange(struct diffmm__ids *a, struct diffmm__ids *b)
{
    struct diffmm__ids other = *a;
    *a = *b;
    *b = other;
}

/* Give the catalog the draft's ids where it has none of its own; a second time takes them back. */
static void exchange_ids(struct diffmm__draft *draft, bool items_are_rows,
                         struct diffmm__catalog *catalog)
{
    if (draft->naming != DIFFMM__NAMING_TEXT)
        return;
    exchange(&draft->user_ids, &catalog->user_ids);
    if (!items_are_rows)
        exchange(&draft->item_ids, &catalog->item_ids);
}

/* The pairs of one split by user; `numbers` (or NULL) renumbers items. */
static diffmm_status sort_pairs(const diffmm_dataset *dataset, const struct diffmm__coo *pairs,
                                const int32_t *numbers, const struct diffmm__catalog *catalog,
                                struct diffmm__csr *out)
{
    if (!numbers)
        return diffmm__csr_from_pairs(dataset->context, catalog->users, catalog->items,
                                      pairs->count, pairs->row, pairs->column, out);
    int32_t *item = diffmm__allocate(dataset->context, pairs->count, sizeof *item);
    if (!item)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < pairs->count; i++)
        item[i] = numbers[pairs->column[i]];
    diffmm_status status = diffmm__csr_from_pairs(dataset->context, catalog->users, catalog->items,
                                                  pairs->count, pairs->row, item, out);
    diffmm__release(dataset->context, item);
    return status;
}

static diffmm_status make_rows(const diffmm_dataset *dataset, int split, const int32_t *numbers,
                               const struct diffmm__catalog *catalog, struct diffmm__csr *out)
{
    const struct diffmm__coo *pairs = &dataset->draft->pairs[split];
    diffmm_status status = sort_pairs(dataset, pairs, numbers, catalog, out);
    return status ? status : diffmm__csr_fit(dataset->context, pairs->count, out);
}

static diffmm_status fill_catalog(const diffmm_dataset *dataset, const int32_t *numbers,
                                  struct diffmm__catalog *catalog, struct diffmm__csr *held)
{
    diffmm_status status = diffmm__catalog_check_counts(catalog->users, catalog->items, 0);
    for (size_t m = 0; m < dataset->modality_count && !status; m++)
        status = diffmm__modality_check(&dataset->modalities[m], catalog->items);
    if (!status)
        status = make_ids(dataset, numbers != NULL, catalog);
    if (!status)
        status = make_rows(dataset, DIFFMM_TRAIN, numbers, catalog, &catalog->train);
    if (!status)
        status = diffmm__catalog_check_counts(catalog->users, catalog->items,
                                              diffmm__csr_entries(&catalog->train));
    if (!status)
        status = make_rows(dataset, DIFFMM_VALID, numbers, catalog, &held[0]);
    if (!status)
        status = make_rows(dataset, DIFFMM_TEST, numbers, catalog, &held[1]);
    return status;
}

static diffmm_status make_catalog(diffmm_dataset *dataset, const int32_t *numbers)
{
    struct diffmm__csr held[2] = {{0}, {0}};
    struct diffmm__catalog *catalog = diffmm__catalog_create(dataset->context);
    if (!catalog)
        return DIFFMM_ERROR_NO_MEMORY;
    size_t rows = diffmm__row_numbers_count(dataset);
    catalog->users = diffmm_dataset_users(dataset);
    catalog->items = diffmm_dataset_items(dataset);
    if (numbers && rows > catalog->items)
        catalog->items = rows;
    struct diffmm__tied_rows *tied = NULL;
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__census census = draft->census;
    struct diffmm__draft_mark mark = diffmm__draft_save(draft);
    diffmm_status status = fill_catalog(dataset, numbers, catalog, held);
    if (!status)
        status = diffmm__census_count_splits(dataset->context, &catalog->train, held, &census);
    exchange_ids(draft, numbers, catalog);
    if (!status)
        status = diffmm__tied_rows_find(dataset, &catalog->item_ids, &tied);
    if (status) {
        exchange_ids(draft, numbers, catalog);
        diffmm__draft_restore(draft, &mark);
        diffmm__csr_end(dataset->context, &held[0]);
        diffmm__csr_end(dataset->context, &held[1]);
        diffmm__catalog_release(catalog);
        return status;
    }
    for (int split = 0; split < DIFFMM__SPLITS; split++)
        census.repeated += draft->pairs[split].count;
    dataset->catalog = catalog;
    dataset->held[0] = held[0];
    dataset->held[1] = held[1];
    dataset->sealed = true;
    for (int split = 0; split < DIFFMM__SPLITS; split++)
        census.repeated -= diffmm_dataset_interactions(dataset, (diffmm_split)split);
    dataset->census = census;
    diffmm__draft_destroy(dataset->context, draft);
    dataset->draft = NULL;
    diffmm__tied_rows_apply(dataset, tied);
    diffmm__census_warn(dataset->context, &census);
    return DIFFMM_OK;
}

static diffmm_status seal(diffmm_dataset *dataset)
{
    if (dataset->draft->pairs[DIFFMM_TRAIN].count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "the data set has no training interaction");
    int32_t *numbers;
    diffmm_status status = diffmm__row_numbers_name(dataset);
    if (!status)
        status = diffmm__row_numbers_find(dataset, &numbers);
    if (status)
        return status;
    status = make_catalog(dataset, numbers);
    diffmm__release(dataset->context, numbers);
    return status;
}

diffmm_status diffmm__seal_call(struct diffmm__call *call, diffmm_dataset *dataset)
{
    if (dataset && dataset->sealed) {
        *call = diffmm__call_reads(dataset);
        return DIFFMM_OK;
    }
    diffmm_status status = diffmm__call_changes(call, dataset, "dataset");
    return status ? status : seal(dataset);
}

diffmm_status diffmm_dataset_seal(diffmm_dataset *dataset)
{
    DIFFMM__CALL call;
    return diffmm__seal_call(&call, dataset);
}
