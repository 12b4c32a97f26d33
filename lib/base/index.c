/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/index.h"

#include <string.h>

#include "base/memory.h"

enum { least_slots = 16 };

struct diffmm__index_slot {
    const char *name; /* NULL: the slot is free */
    size_t number;
};

/* The slot of a name or, if it is not in the table, the free slot where it belongs. */
static struct diffmm__index_slot *find_slot(const struct diffmm__index *index, const char *name)
{
    size_t slot = (size_t)diffmm__hash(index->key, name, strlen(name)) & (index->slot_count - 1);
    while (index->slots[slot].name && strcmp(index->slots[slot].name, name) != 0)
        slot = (slot + 1) & (index->slot_count - 1);
    return &index->slots[slot];
}

bool diffmm__index_find(const struct diffmm__index *index, const char *name, size_t *number)
{
    if (index->count == 0)
        return false;
    const struct diffmm__index_slot *slot = find_slot(index, name);
    if (!slot->name)
        return false;
    *number = slot->number;
    return true;
}

static diffmm_status make_room(struct diffmm__index *index)
{
    struct diffmm__index grown = {.context = index->context, .key = index->key};
    if (2 * (index->count + 1) <= index->slot_count)
        return DIFFMM_OK;
    if (index->slot_count == 0)
        grown.key = diffmm__hash_key_draw();
    grown.slot_count = index->slot_count ? 2 * index->slot_count : least_slots;
    grown.slots = diffmm__allocate_zero(index->context, grown.slot_count, sizeof *grown.slots);
    if (!grown.slots)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < index->slot_count; i++)
        if (index->slots[i].name)
            *find_slot(&grown, index->slots[i].name) = index->slots[i];
    grown.count = index->count;
    diffmm__index_end(index);
    *index = grown;
    return DIFFMM_OK;
}

diffmm_status diffmm__index_add(struct diffmm__index *index, const char *name, size_t number)
{
    diffmm_status status = make_room(index);
    if (status)
        return status;
    *find_slot(index, name) = (struct diffmm__index_slot){name, number};
    index->count++;
    return DIFFMM_OK;
}

void diffmm__index_end(struct diffmm__index *index)
{
    diffmm__release(index->context, index->slots);
    *index = (struct diffmm__index){.context = index->context};
}
