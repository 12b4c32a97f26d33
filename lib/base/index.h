/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers found by name, in a time that does not depend on how many there are: names come from
 * files, where there may be a million of them. */
#ifndef DIFFMM_BASE_INDEX_H
#define DIFFMM_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "base/hash.h"

struct diffmm__index_slot;

/* An open-addressing hash table, at most half full. All zero but the context is an empty one. */
struct diffmm__index {
    const diffmm_context *context;
    struct diffmm__hash_key key;
    size_t count, slot_count;
    struct diffmm__index_slot *slots;
};

/* Whether there is that name, and its number. */
bool diffmm__index_find(const struct diffmm__index *index, const char *name, size_t *number);

/* Add a name that is not there yet. It is borrowed until the index ends. */
diffmm_status diffmm__index_add(struct diffmm__index *index, const char *name, size_t number);

void diffmm__index_end(struct diffmm__index *index);

#endif
