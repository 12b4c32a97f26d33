/* SPDX-License-Identifier: BSD-2-Clause */
/* Which group each item is of, such as its author, from a file: a line for an item, its id, a tab and
 * the name of its group. Items that are not in it are of none. */
#ifndef DIFFMM_EXAMPLES_SERVE_GROUPS_H
#define DIFFMM_EXAMPLES_SERVE_GROUPS_H

#include "common/id_list.h"
#include "failure.h"

struct group_entry {
    const char *item, *name;
    int32_t group; /* names are counted from 0 */
};

/* By the items' ids, whatever their numbers in the model of the moment. */
struct groups {
    struct id_list lines; /* what the entries point to */
    struct group_entry *entries;
    size_t count;
};

bool groups_begin(struct groups *groups, const char *path, struct failure *failure);
void groups_end(struct groups *groups);

/* Of each group, the first `most` of the hits stay. */
bool groups_limit(const struct groups *groups, const diffmm_scorer *scorer, size_t most,
                  diffmm_hit *hits, size_t *found, struct failure *failure);

#endif
