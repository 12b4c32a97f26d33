/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling a data set with interactions and ids. A call that fails leaves what was there. */
#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/draft.h"
#include "dataset/id.h"
#include "dataset/sparse.h"

/* The data set can be filled; split is DIFFMM_TRAIN where a call has none. */
static diffmm_status check_open(const diffmm_dataset *dataset, diffmm_split split)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (status)
        return status;
    if ((int)split < DIFFMM_TRAIN || (int)split > DIFFMM_TEST)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "there is no split %d", (int)split);
    return DIFFMM_OK;
}

diffmm_status diffmm_dataset_reserve(diffmm_dataset *dataset, size_t users, size_t items)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_open(dataset, DIFFMM_TRAIN);
    return status ? status : diffmm__draft_reserve(dataset->draft, users, items);
}

/* One more than the largest of `count` numbers, none of them negative. */
static diffmm_status find_bound(size_t count, const int32_t *numbers, const char *name,
                                size_t *bound)
{
    *bound = 0;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] < 0 || numbers[i] == INT32_MAX)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s[%zu] is %d, not 0 to %d", name,
                                i, (int)numbers[i], INT32_MAX - 1);
        if ((size_t)numbers[i] >= *bound)
            *bound = (size_t)numbers[i] + 1;
    }
    return DIFFMM_OK;
}

/* Add numbered pairs, known to be below users and items, and those counts. */
static diffmm_status add_numbers(diffmm_dataset *dataset, diffmm_split split, size_t users,
                                 size_t items, size_t count, const int32_t *user,
                                 const int32_t *item)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__draft_mark mark = diffmm__draft_mark(draft);
    diffmm_status status = diffmm__draft_naming(draft, DIFFMM__NAMING_NUMBERS);
    for (size_t i = 0; i < count && !status; i++)
        status = diffmm__draft_add(dataset->context, draft, split, user[i], item[i]);
    if (!status)
        status = diffmm__draft_reserve(draft, users, items);
    if (status)
        diffmm__draft_return(draft, &mark);
    return status;
}

diffmm_status diffmm_dataset_add_interactions(diffmm_dataset *dataset, diffmm_split split,
                                              size_t count, const int32_t *user,
                                              const int32_t *item)
{
    size_t users, items;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_open(dataset, split);
    if (status || count == 0)
        return status;
    if (!user || !item)
        return diffmm__null(user ? "item" : "user");
    status = find_bound(count, user, "user", &users);
    if (!status)
        status = find_bound(count, item, "item", &items);
    return status ? status : add_numbers(dataset, split, users, items, count, user, item);
}

diffmm_status diffmm_dataset_add_named_interactions(diffmm_dataset *dataset, diffmm_split split,
                                                    size_t count, const char *const *user,
                                                    const char *const *item)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_open(dataset, split);
    if (status || count == 0)
        return status;
    if (!user || !item)
        return diffmm__null(user ? "item" : "user");
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__draft_mark mark = diffmm__draft_mark(draft);
    status = diffmm__draft_naming(draft, DIFFMM__NAMING_TEXT);
    for (size_t i = 0; i < count && !status; i++) {
        status = diffmm__id_check(user[i], "user", i);
        if (!status)
            status = diffmm__id_check(item[i], "item", i);
        if (!status)
            status = diffmm__draft_add_named(dataset->context, draft, split, user[i],
                                             strlen(user[i]), item[i], strlen(item[i]));
    }
    if (status)
        diffmm__draft_return(draft, &mark);
    return status;
}

static diffmm_status check_declaration(const diffmm_dataset *dataset, size_t count,
                                       const char *const *ids)
{
    diffmm_status status = check_open(dataset, DIFFMM_TRAIN);
    if (status)
        return status;
    if (!ids)
        return diffmm__null("ids");
    if (count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "count is 0");
    if (dataset->draft->items_declared)
        return diffmm__fail(DIFFMM_ERROR_STATE, "items were declared before");
    if (dataset->draft->item_ids.count > dataset->draft->known_items)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "items must be declared before interactions are added");
    return DIFFMM_OK;
}

static diffmm_status repeated_id(const struct diffmm__draft *draft, const char *const *ids,
                                 size_t index, size_t number)
{
    if (number < draft->known_items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "ids[%zu] is '%s', which is item %zu already", index, ids[index],
                            number);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "ids[%zu] is '%s', as is ids[%zu]", index,
                        ids[index], number - draft->known_items);
}

diffmm_status diffmm__dataset_declare(diffmm_dataset *dataset, size_t count, const char *const *ids,
                                      size_t *wrong)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__draft_mark mark = diffmm__draft_mark(draft);
    diffmm_status status = diffmm__draft_naming(draft, DIFFMM__NAMING_TEXT);
    for (size_t i = 0; i < count && !status; i++) {
        int32_t number;
        *wrong = i;
        status = diffmm__id_check(ids[i], "ids", i);
        if (!status)
            status = diffmm__ids_add(dataset->context, &draft->item_ids, ids[i], strlen(ids[i]),
                                     &number);
        if (!status && (size_t)number != draft->known_items + i)
            status = repeated_id(draft, ids, i, (size_t)number);
    }
    if (status)
        diffmm__draft_return(draft, &mark);
    else
        draft->items_declared = true;
    return status;
}

diffmm_status diffmm_dataset_declare_items(diffmm_dataset *dataset, size_t count,
                                           const char *const *ids)
{
    size_t wrong;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_declaration(dataset, count, ids);
    return status ? status : diffmm__dataset_declare(dataset, count, ids, &wrong);
}

static bool ends_with(const char *path, const char *suffix)
{
    size_t length = strlen(path), end = strlen(suffix);
    return length > end && strcmp(path + length - end, suffix) == 0;
}

static diffmm_status read_matrix(diffmm_dataset *dataset, diffmm_split split, const char *path,
                                 diffmm_status (*read)(const diffmm_context *context,
                                                       const char *path,
                                                       struct diffmm__sparse *out))
{
    struct diffmm__sparse sparse;
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__draft_mark mark = diffmm__draft_mark(draft);
    diffmm_status status = read(dataset->context, path, &sparse);
    if (status)
        return status;
    status = diffmm__draft_naming(draft, DIFFMM__NAMING_NUMBERS);
    if (!status)
        status = diffmm__draft_take(dataset->context, draft, split, sparse.count, &sparse.row,
                                    &sparse.column);
    if (!status)
        status = diffmm__draft_reserve(draft, sparse.rows, sparse.columns);
    if (status) {
        diffmm__draft_return(draft, &mark);
    } else {
        draft->census.zeros += sparse.zeros;
        draft->census.negatives += sparse.negatives;
    }
    diffmm__sparse_end(dataset->context, &sparse);
    return status;
}

static diffmm_status read_table(diffmm_dataset *dataset, diffmm_split split, const char *path)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__draft_mark mark = diffmm__draft_mark(draft);
    diffmm_status status = diffmm__draft_naming(draft, DIFFMM__NAMING_TEXT);
    if (!status)
        status = diffmm__tsv_read(dataset->context, draft, split, path);
    if (status)
        diffmm__draft_return(draft, &mark);
    return status;
}

diffmm_status diffmm_dataset_read_interactions(diffmm_dataset *dataset, diffmm_split split,
                                               const char *path)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_open(dataset, split);
    if (status)
        return status;
    if (!path)
        return diffmm__null("path");
    if (ends_with(path, ".tsv") || ends_with(path, ".csv"))
        return read_table(dataset, split, path);
    if (ends_with(path, ".npz"))
        return read_matrix(dataset, split, path, diffmm__sparse_read_npz);
    if (ends_with(path, ".pkl"))
        return read_matrix(dataset, split, path, diffmm__sparse_read_pickle);
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "%s: interactions are read from .tsv, .csv, .npz and .pkl files", path);
}
