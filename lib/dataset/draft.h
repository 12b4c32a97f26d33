/* SPDX-License-Identifier: BSD-2-Clause */
/* The interactions and ids of a data set as they come, until it is sealed. */
#ifndef DIFFMM_DATASET_DRAFT_H
#define DIFFMM_DATASET_DRAFT_H

#include <diffmm/dataset.h>

#include "dataset/census.h"
#include "dataset/coo.h"
#include "dataset/ids.h"
#include "dataset/row_ids.h"

enum { DIFFMM__SPLITS = 3 };

/* Whether users and items have numbers or ids. The first interactions or declared items decide. */
enum diffmm__naming { DIFFMM__NAMING_OPEN, DIFFMM__NAMING_NUMBERS, DIFFMM__NAMING_TEXT };

struct diffmm__draft {
    enum diffmm__naming naming;
    bool extended; /* it began with what another data set holds */
    bool items_declared;
    bool items_ordered; /* extended: items keep the order of item_ids, not that of rows */
    size_t known_items; /* extended: the first so many item ids are the old data set's */
    struct diffmm__row_ids *row_ids; /* of rows of features, once items were left out that have
                                        rows; else NULL */
    size_t users, items;             /* reserved, or one more than the largest number that came */
    struct diffmm__ids user_ids, item_ids;
    struct diffmm__coo pairs[DIFFMM__SPLITS]; /* users x items */
    struct diffmm__census census;             /* as far as it is known */
};

/* The state to go back to when a call fails half-way. */
struct diffmm__draft_mark {
    enum diffmm__naming naming;
    size_t user_ids, item_ids, pairs[DIFFMM__SPLITS];
};

/* How many users and items there are: with ids, or by number, or reserved. */
size_t diffmm__draft_users(const struct diffmm__draft *draft);
size_t diffmm__draft_items(const struct diffmm__draft *draft);

/* An empty draft, or NULL without memory. */
struct diffmm__draft *diffmm__draft_create(const diffmm_context *context);
void diffmm__draft_destroy(const diffmm_context *context, struct diffmm__draft *draft);

struct diffmm__draft_mark diffmm__draft_save(const struct diffmm__draft *draft);
void diffmm__draft_restore(struct diffmm__draft *draft, const struct diffmm__draft_mark *mark);

/* Decide for numbers or ids: DIFFMM_ERROR_STATE if it was decided otherwise before. */
diffmm_status diffmm__draft_decide(struct diffmm__draft *draft, enum diffmm__naming naming);

/* DIFFMM_ERROR_STATE where something is held out already. */
diffmm_status diffmm__draft_check_undivided(const struct diffmm__draft *draft);

/* Make sure that there are at least so many users and items. */
diffmm_status diffmm__draft_reserve(struct diffmm__draft *draft, size_t users, size_t items);

/* The number of a user or an item by id, which is new if the id is. An item that is not among the
 * declared ones is DIFFMM_ERROR_INVALID_ARGUMENT. */
diffmm_status diffmm__draft_user(const diffmm_context *context, struct diffmm__draft *draft,
                                 const char *id, size_t length, int32_t *number);
diffmm_status diffmm__draft_item(const diffmm_context *context, struct diffmm__draft *draft,
                                 const char *id, size_t length, int32_t *number);

/* The same for ids whose hashes diffmm__ids_fetch() has found, of draft->user_ids, draft->item_ids. */
diffmm_status diffmm__draft_user_text(const diffmm_context *context, struct diffmm__draft *draft,
                                      const struct diffmm__id_text *id, int32_t *number);
diffmm_status diffmm__draft_item_text(const diffmm_context *context, struct diffmm__draft *draft,
                                      const struct diffmm__id_text *id, int32_t *number);

/* Keep the users and items that are marked (NULL: all), with the interactions between them. Those
 * that have ids are numbered anew, in their order; those that have numbers keep them, and lose their
 * interactions only. Rows of features that belonged to items by their order go by id from then on.
 * Not for an extended draft. */
diffmm_status diffmm__draft_keep(const diffmm_context *context, struct diffmm__draft *draft,
                                 const bool *users, const bool *items);

#endif
