/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling a data set with interactions. A call that fails leaves what was there. */
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "dataset/dataset.h"
#include "dataset/draft.h"
#include "dataset/id.h"

static diffmm_status check_open(const diffmm_dataset *dataset, diffmm_split split)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    return status ? status : diffmm__dataset_check_split(split);
}

diffmm_status diffmm_dataset_reserve(diffmm_dataset *dataset, size_t users, size_t items)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = diffmm__dataset_check_open(dataset);
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

/* Add pairs of numbers that are below `users` and `items`, and make sure of so many of both. */
static diffmm_status add_numbers(diffmm_dataset *dataset, diffmm_split split, size_t users,
                                 size_t items, size_t count, const int32_t *user,
                                 const int32_t *item)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__draft_mark mark = diffmm__draft_save(draft);
    diffmm_status status = diffmm__draft_decide(draft, DIFFMM__NAMING_NUMBERS);
    for (size_t i = 0; i < count && !status; i++)
        status = diffmm__coo_add(dataset->context, &draft->pairs[split], user[i], item[i]);
    if (!status)
        status = diffmm__draft_reserve(draft, users, items);
    if (status)
        diffmm__draft_restore(draft, &mark);
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
    struct diffmm__draft_mark mark = diffmm__draft_save(draft);
    status = diffmm__draft_decide(draft, DIFFMM__NAMING_TEXT);
    for (size_t i = 0; i < count && !status; i++) {
        status = diffmm__id_check(user[i], "user", i);
        if (!status)
            status = diffmm__id_check(item[i], "item", i);
        if (!status)
            status = diffmm__draft_add_named(dataset->context, draft, split, user[i],
                                             strlen(user[i]), item[i], strlen(item[i]));
    }
    if (status)
        diffmm__draft_restore(draft, &mark);
    return status;
}
