/* SPDX-License-Identifier: BSD-2-Clause */
/* Filling a data set with interactions. A call that fails leaves what was there. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "base/status.h"
#include "base/structs.h"
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

/* What one call adds. */
struct addition {
    diffmm_split split; /* of those that name none */
    const diffmm_interactions *given;
    size_t users, items; /* of numbers, one more than the largest */
    size_t ratings, times;
};

static diffmm_status check_split(const diffmm_interactions *given, size_t i)
{
    if (!given->split || (given->split[i] >= DIFFMM_TRAIN && given->split[i] <= DIFFMM_TEST))
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "split[%zu] is %d, not 0 (train), 1 (valid) or 2 (test)", i,
                        (int)given->split[i]);
}

static diffmm_status check_rating(const diffmm_interactions *given, size_t i)
{
    return given->rating && isinf(given->rating[i])
               ? diffmm__fail(DIFFMM_ERROR_NUMERIC, "rating[%zu] is infinite", i)
               : DIFFMM_OK;
}

/* The numbers of a pair that was given by ids. */
static diffmm_status find_numbers(const diffmm_dataset *dataset, const diffmm_interactions *given,
                                  size_t i, struct diffmm__coo_entry *entry)
{
    const char *user = given->user_ids[i], *item = given->item_ids[i];
    diffmm_status status = diffmm__id_check(user, "user", i);
    if (!status)
        status = diffmm__id_check(item, "item", i);
    if (!status)
        status = diffmm__draft_item(dataset->context, dataset->draft, item, strlen(item),
                                    &entry->column);
    return status ? status
                  : diffmm__draft_user(dataset->context, dataset->draft, user, strlen(user),
                                       &entry->row);
}

static diffmm_status add_one(diffmm_dataset *dataset, struct addition *addition, size_t i)
{
    const diffmm_interactions *given = addition->given;
    struct diffmm__coo_entry entry = {.rating = given->rating ? given->rating[i] : NAN,
                                      .time = given->time ? given->time[i] : DIFFMM__NO_TIME};
    diffmm_status status = check_split(given, i);
    if (!status)
        status = check_rating(given, i);
    if (!status && given->user_ids)
        status = find_numbers(dataset, given, i, &entry);
    if (status)
        return status;
    if (!given->user_ids) {
        entry.row = given->user[i];
        entry.column = given->item[i];
    }
    addition->ratings += isnan(entry.rating) ? 0 : 1;
    addition->times += entry.time == DIFFMM__NO_TIME ? 0 : 1;
    int split = given->split ? given->split[i] : (int)addition->split;
    return diffmm__coo_add_entry(dataset->context, &dataset->draft->pairs[split], &entry);
}

static diffmm_status add_all(diffmm_dataset *dataset, struct addition *addition)
{
    struct diffmm__draft *draft = dataset->draft;
    struct diffmm__draft_mark mark = diffmm__draft_save(draft);
    diffmm_status status = diffmm__draft_decide(
        draft, addition->given->user_ids ? DIFFMM__NAMING_TEXT : DIFFMM__NAMING_NUMBERS);
    for (size_t i = 0; i < addition->given->count && !status; i++)
        status = add_one(dataset, addition, i);
    if (!status)
        status = diffmm__draft_reserve(draft, addition->users, addition->items);
    if (status) {
        diffmm__draft_restore(draft, &mark);
        return status;
    }
    draft->census.ratings += addition->ratings;
    draft->census.timestamps += addition->times;
    return DIFFMM_OK;
}

/* Users and items come both by number or both by id. */
static diffmm_status check_columns(const diffmm_interactions *given)
{
    bool ids = given->user_ids || given->item_ids;
    if (ids && (given->user || given->item))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "users and items are given by number and by id; one of both must be "
                            "NULL");
    if (ids && !(given->user_ids && given->item_ids))
        return diffmm__null(given->user_ids ? "item_ids" : "user_ids");
    if (!ids && !(given->user && given->item))
        return diffmm__null(given->user ? "item" : "user");
    return DIFFMM_OK;
}

static diffmm_status add(diffmm_dataset *dataset, diffmm_split split,
                         const diffmm_interactions *given)
{
    struct addition addition = {.split = split, .given = given};
    if (given->count == 0)
        return DIFFMM_OK;
    diffmm_status status = check_columns(given);
    if (!status && !given->user_ids) {
        status = find_bound(given->count, given->user, "user", &addition.users);
        if (!status)
            status = find_bound(given->count, given->item, "item", &addition.items);
    }
    return status ? status : add_all(dataset, &addition);
}

diffmm_status diffmm_dataset_add_interactions_with(diffmm_dataset *dataset, diffmm_split split,
                                                   const diffmm_interactions *interactions)
{
    diffmm_interactions given;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_open(dataset, split);
    if (!status && !interactions)
        status = diffmm__null("interactions");
    if (!status)
        status =
            diffmm__struct_read(&given, &diffmm__layout_interactions, interactions, "interactions");
    return status ? status : add(dataset, split, &given);
}

diffmm_status diffmm_dataset_add_interactions(diffmm_dataset *dataset, diffmm_split split,
                                              size_t count, const int32_t *user,
                                              const int32_t *item)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_open(dataset, split);
    const diffmm_interactions given = {.count = count, .user = user, .item = item};
    return status ? status : add(dataset, split, &given);
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
    const diffmm_interactions given = {.count = count, .user_ids = user, .item_ids = item};
    return add(dataset, split, &given);
}
