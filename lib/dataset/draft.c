/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/draft.h"

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"

struct diffmm__draft *diffmm__draft_create(const diffmm_context *context)
{
    return diffmm__allocate_zero(context, 1, sizeof(struct diffmm__draft));
}

void diffmm__draft_destroy(const diffmm_context *context, struct diffmm__draft *draft)
{
    if (!draft)
        return;
    diffmm__ids_end(context, &draft->user_ids);
    diffmm__ids_end(context, &draft->item_ids);
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        diffmm__coo_end(context, &draft->pairs[s]);
    diffmm__release(context, draft);
}

struct diffmm__draft_mark diffmm__draft_save(const struct diffmm__draft *draft)
{
    struct diffmm__draft_mark mark = {.naming = draft->naming,
                                      .user_ids = draft->user_ids.count,
                                      .item_ids = draft->item_ids.count};
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        mark.pairs[s] = draft->pairs[s].count;
    return mark;
}

void diffmm__draft_restore(struct diffmm__draft *draft, const struct diffmm__draft_mark *mark)
{
    draft->naming = mark->naming;
    diffmm__ids_truncate(&draft->user_ids, mark->user_ids);
    diffmm__ids_truncate(&draft->item_ids, mark->item_ids);
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        draft->pairs[s].count = mark->pairs[s];
}

diffmm_status diffmm__draft_decide(struct diffmm__draft *draft, enum diffmm__naming naming)
{
    if (draft->naming == DIFFMM__NAMING_OPEN)
        draft->naming = naming;
    if (draft->naming == naming)
        return DIFFMM_OK;
    return diffmm__fail(
        DIFFMM_ERROR_STATE,
        naming == DIFFMM__NAMING_TEXT
            ? "external ids cannot be added: the data set has interactions by number"
            : "numbers cannot be added: the data set has external ids");
}

diffmm_status diffmm__draft_reserve(struct diffmm__draft *draft, size_t users, size_t items)
{
    if (users > INT32_MAX || items > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%zu %s are more than %d",
                            users > INT32_MAX ? users : items,
                            users > INT32_MAX ? "users" : "items", INT32_MAX);
    if (users > draft->users)
        draft->users = users;
    if (items > draft->items)
        draft->items = items;
    return DIFFMM_OK;
}

diffmm_status diffmm__draft_add_named(const diffmm_context *context, struct diffmm__draft *draft,
                                      diffmm_split split, const char *user, size_t user_length,
                                      const char *item, size_t item_length)
{
    int32_t user_number, item_number;
    if (draft->items_declared && diffmm__ids_number(&draft->item_ids, item, item_length) < 0)
        return diffmm__fail(
            DIFFMM_ERROR_INVALID_ARGUMENT, "item '%.*s' is not among the %zu declared items",
            (int)diffmm__text_cut(item, item_length, 200), item, draft->item_ids.count);
    diffmm_status status =
        diffmm__ids_add(context, &draft->user_ids, user, user_length, &user_number);
    if (!status)
        status = diffmm__ids_add(context, &draft->item_ids, item, item_length, &item_number);
    return status ? status
                  : diffmm__coo_add(context, &draft->pairs[split], user_number, item_number);
}
