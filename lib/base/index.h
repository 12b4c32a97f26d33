/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers found by name in constant time: names come from files, which may have a million of
 * them. */
#ifndef DIFFMM_BASE_INDEX_H
#define DIFFMM_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "base/hash.h"

struct diffmm__index_slot;

/* An open-addressing hash table, at most half full. One that is all zero but for the context is
 * empty. */
struct diffmm__index {
    const diffmm_context *context;
    struct diffmm__hash_key key;
    size_t count, slot_count;
    struct diffmm__index_slot *slots;
};

/* Whether the name is in the index; if so, its number. */
bool diffmm__index_find(const struct diffmm__index *index, const char *name, size_t *number);

/* Add a name that is not in the index. It is borrowed until the index ends. */
diffmm_status diffmm__index_add(struct diffmm__index *index, const char *name, size_t number);

void diffmm__index_end(struct diffmm__index *index);

#endif
