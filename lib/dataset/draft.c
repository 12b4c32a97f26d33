/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/draft.h"

#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/id.h"

size_t diffmm__draft_users(const struct diffmm__draft *draft)
{
    return diffmm__size_greater(draft->users, draft->user_ids.count);
}

size_t diffmm__draft_items(const struct diffmm__draft *draft)
{
    return diffmm__size_greater(draft->items, draft->item_ids.count);
}

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
    diffmm__row_ids_release(context, draft->row_ids);
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

diffmm_status diffmm__draft_check_undivided(const struct diffmm__draft *draft)
{
    const struct diffmm__coo *pairs = draft->pairs;
    if (pairs[DIFFMM_VALID].count == 0 && pairs[DIFFMM_TEST].count == 0)
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_STATE,
                        "the data set already holds out %zu interactions for validation and %zu "
                        "for test",
                        pairs[DIFFMM_VALID].count, pairs[DIFFMM_TEST].count);
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

diffmm_status diffmm__draft_user(const diffmm_context *context, struct diffmm__draft *draft,
                                 const char *id, size_t length, int32_t *number)
{
    return diffmm__ids_add(context, &draft->user_ids, id, length, number);
}

diffmm_status diffmm__draft_user_text(const diffmm_context *context, struct diffmm__draft *draft,
                                      const struct diffmm__id_text *id, int32_t *number)
{
    return diffmm__ids_add_text(context, &draft->user_ids, id, number);
}

/* The number of a declared item, or -1: then an error. */
static diffmm_status check_declared(const struct diffmm__draft *draft, const char *id,
                                    size_t length, int32_t number)
{
    return number >= 0
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "item '%.*s' is not among the %zu declared items",
                              (int)diffmm__text_cut(id, length, 200), id, draft->item_ids.count);
}

diffmm_status diffmm__draft_item(const diffmm_context *context, struct diffmm__draft *draft,
                                 const char *id, size_t length, int32_t *number)
{
    if (!draft->items_declared)
        return diffmm__ids_add(context, &draft->item_ids, id, length, number);
    *number = diffmm__ids_number(&draft->item_ids, id, length);
    return check_declared(draft, id, length, *number);
}

diffmm_status diffmm__draft_item_text(const diffmm_context *context, struct diffmm__draft *draft,
                                      const struct diffmm__id_text *id, int32_t *number)
{
    if (!draft->items_declared)
        return diffmm__ids_add_text(context, &draft->item_ids, id, number);
    *number = diffmm__ids_number_of_text(&draft->item_ids, id);
    return check_declared(draft, id->text, id->length, *number);
}

static bool all_stay(size_t count, const bool *kept)
{
    for (size_t i = 0; i < count && kept; i++)
        if (!kept[i])
            return false;
    return true;
}

/* Of `count` numbers the new ones of those that are kept, and -1; NULL where all are. Numbers
 * without ids stay. */
static diffmm_status number_anew(const diffmm_context *context, size_t count, const bool *kept,
                                 bool text, int32_t **out)
{
    *out = NULL;
    if (all_stay(count, kept))
        return DIFFMM_OK;
    int32_t *numbers = diffmm__allocate(context, count, sizeof *numbers);
    if (!numbers)
        return DIFFMM_ERROR_NO_MEMORY;
    int32_t next = 0;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = !kept[i] ? -1 : text ? next : (int32_t)i;
        next += kept[i];
    }
    *out = numbers;
    return DIFFMM_OK;
}

/* The ids whose numbers are not negative (NULL: all), in their order. */
static diffmm_status copy_ids(const diffmm_context *context, const struct diffmm__ids *ids,
                              const int32_t *numbers, struct diffmm__ids *out)
{
    diffmm_status status = DIFFMM_OK;
    *out = (struct diffmm__ids){0};
    for (size_t i = 0; i < ids->count && !status; i++) {
        int32_t number;
        if (!numbers || numbers[i] >= 0)
            status = diffmm__ids_add(context, out, ids->text + ids->offsets[i],
                                     diffmm__ids_length(ids, i), &number);
    }
    if (status)
        diffmm__ids_end(context, out);
    return status;
}

/* Whether the items' ids are exactly the numbers below `count`, those that were reserved without an
 * id among them. */
static bool ids_are_numbers(const struct diffmm__ids *ids, size_t count)
{
    for (size_t i = 0; i < ids->count; i++)
        if (diffmm__id_number(ids->text + ids->offsets[i], diffmm__ids_length(ids, i), count) < 0)
            return false;
    return true;
}

/* Before items leave: whose the rows of features are that go by the order of declared items, or by
 * the numbers that the ids are. */
static diffmm_status find_row_ids(const diffmm_context *context, const struct diffmm__draft *draft,
                                  struct diffmm__row_ids **out)
{
    size_t count = diffmm__draft_items(draft);
    struct diffmm__ids ids;
    diffmm_status status;
    *out = NULL;
    if (draft->row_ids)
        return DIFFMM_OK;
    if (draft->items_declared)
        status = copy_ids(context, &draft->item_ids, NULL, &ids);
    else if (ids_are_numbers(&draft->item_ids, count))
        status = diffmm__ids_begin_numeric(context, count, &ids);
    else
        return DIFFMM_OK;
    if (status)
        return status;
    *out = diffmm__row_ids_create(context, &ids);
    return *out ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

/* The ids on one side, once some have left it. Those that were reserved beyond them have left, too,
 * for they have no interactions. */
static void take_ids(const diffmm_context *context, struct diffmm__ids *ids, size_t *reserved,
                     const struct diffmm__ids *kept)
{
    diffmm__ids_end(context, ids);
    *ids = *kept;
    *reserved = 0;
}

static diffmm_status renumber_ids(const diffmm_context *context, struct diffmm__draft *draft,
                                  const int32_t *users, const int32_t *items)
{
    struct diffmm__ids user_ids = {0}, item_ids = {0};
    struct diffmm__row_ids *row_ids = NULL;
    diffmm_status status = items ? find_row_ids(context, draft, &row_ids) : DIFFMM_OK;
    if (!status && users)
        status = copy_ids(context, &draft->user_ids, users, &user_ids);
    if (!status && items)
        status = copy_ids(context, &draft->item_ids, items, &item_ids);
    if (status) {
        diffmm__ids_end(context, &user_ids);
        diffmm__row_ids_release(context, row_ids);
        return status;
    }
    if (users)
        take_ids(context, &draft->user_ids, &draft->users, &user_ids);
    if (items)
        take_ids(context, &draft->item_ids, &draft->items, &item_ids);
    draft->row_ids = row_ids ? row_ids : draft->row_ids;
    return DIFFMM_OK;
}

diffmm_status diffmm__draft_keep(const diffmm_context *context, struct diffmm__draft *draft,
                                 const bool *users, const bool *items)
{
    bool text = draft->naming == DIFFMM__NAMING_TEXT;
    int32_t *user_numbers = NULL, *item_numbers = NULL;
    diffmm_status status =
        number_anew(context, diffmm__draft_users(draft), users, text, &user_numbers);
    if (!status)
        status = number_anew(context, diffmm__draft_items(draft), items, text, &item_numbers);
    if (!status && text)
        status = renumber_ids(context, draft, user_numbers, item_numbers);
    for (int s = 0; s < DIFFMM__SPLITS && !status; s++)
        diffmm__coo_renumber(&draft->pairs[s], user_numbers, item_numbers);
    diffmm__release(context, user_numbers);
    diffmm__release(context, item_numbers);
    return status;
}
