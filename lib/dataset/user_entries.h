/* SPDX-License-Identifier: BSD-2-Clause */
/* The interactions of a draft user by user, of all splits together, for what looks at each user's
 * interactions in turn: filters and hold-outs. */
#ifndef DIFFMM_DATASET_USER_ENTRIES_H
#define DIFFMM_DATASET_USER_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"
#include "dataset/draft.h"

struct diffmm__user_event;

/* Entries are numbered through the splits: those of training in the order they came, then those of
 * validation, then those of test. They are sorted by user in blocks of users, so that memory does
 * not grow with the interactions; for each block all of them are read once. */
struct diffmm__user_entries {
    struct diffmm__arena arena;
    const struct diffmm__draft *draft;
    size_t users, items, count;
    size_t next;         /* the next user */
    size_t first, after; /* the users of the block, without `after` */
    size_t most;         /* entries in a block, unless one user has more */
    size_t *starts;      /* how many entries the users before have, and all: users + 1 */
    size_t *entry;       /* of the block's users, one after the other */
    size_t *place;       /* for each item, 0 */
    struct diffmm__user_event *events; /* twice as many as a user has at most */
};

/* The entries of a user: their numbers, ascending at first. */
struct diffmm__user_list {
    size_t user, count;
    size_t *entry;
};

/* A block has `most` entries, 0: many. They refer to the draft, which stays as it is until they
 * end. */
diffmm_status diffmm__user_entries_begin(const diffmm_context *context,
                                         const struct diffmm__draft *draft, size_t most,
                                         struct diffmm__user_entries *out);
void diffmm__user_entries_end(struct diffmm__user_entries *entries);

/* The list of the next user, from user 0 on, which may be changed until the next call; false behind
 * the last. */
bool diffmm__user_entries_next(struct diffmm__user_entries *entries,
                               struct diffmm__user_list *list);

/* The entry with a number. */
struct diffmm__coo_entry diffmm__user_entries_at(const struct diffmm__user_entries *entries,
                                                 size_t number);

/* Leave in the list one entry with each item, the first or the last: by time where both have one
 * and they differ, else by number. Returns how many are no longer listed. */
size_t diffmm__user_entries_deduplicate(struct diffmm__user_entries *entries, diffmm_keep keep,
                                        struct diffmm__user_list *list);

/* DIFFMM_ERROR_STATE where an entry has no time. */
diffmm_status diffmm__user_entries_check_times(const struct diffmm__user_entries *entries);

/* Sort a list by time; entries at the same time stay in their order. All must have times. */
void diffmm__user_entries_sort(struct diffmm__user_entries *entries,
                               struct diffmm__user_list *list);

#endif
