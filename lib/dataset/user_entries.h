/* SPDX-License-Identifier: BSD-2-Clause */
/* The interactions of a draft user by user, of all splits together, for what looks at each user's
 * interactions in turn: filters and hold-outs. */
#ifndef DIFFMM_DATASET_USER_ENTRIES_H
#define DIFFMM_DATASET_USER_ENTRIES_H

#include "base/memory.h"
#include "dataset/draft.h"

/* Entries are numbered through the splits: those of training in the order they came, then those of
 * validation, then those of test. User u has entry[starts[u] .. starts[u + 1] - 1], ascending. */
struct diffmm__user_entries {
    struct diffmm__arena arena;
    const struct diffmm__draft *draft;
    size_t users, items, count;
    size_t *starts, *entry;
};

/* Refer to the draft, which stays as it is until they end. */
diffmm_status diffmm__user_entries_begin(const diffmm_context *context,
                                         const struct diffmm__draft *draft,
                                         struct diffmm__user_entries *out);
void diffmm__user_entries_end(struct diffmm__user_entries *entries);

/* The entry with a number. */
struct diffmm__coo_entry diffmm__user_entries_at(const struct diffmm__user_entries *entries,
                                                 size_t number);

/* Leave one entry of each user with each item, the first or the last: by time where both have one
 * and they differ, else by number. *repeated receives how many are no longer listed. */
diffmm_status diffmm__user_entries_deduplicate(struct diffmm__user_entries *entries,
                                               diffmm_keep keep, size_t *repeated);

/* Sort each user's entries by time; those at the same time stay in their order. DIFFMM_ERROR_STATE
 * where one has no time. */
diffmm_status diffmm__user_entries_sort(struct diffmm__user_entries *entries);

#endif
