/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/ids.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/utf8.h"
#include "dataset/id.h"

/* Bytes of the numbers below `count` in decimal, each with a NUL. Found without a loop over them: a
 * count that there is no memory for must be refused at once. */
static size_t numeric_size(size_t count)
{
    size_t size = 2 * count;
    for (size_t power = 10; power < count; power *= 10)
        size += count - power; /* so many have one digit more */
    return size;
}

diffmm_status diffmm__ids_begin_numeric(const diffmm_context *context, size_t count,
                                        struct diffmm__ids *out)
{
    struct diffmm__ids ids = {.count = count, .numeric = true};
    size_t size = numeric_size(count);
    ids.text = diffmm__allocate(context, size, 1);
    ids.offsets = ids.text ? diffmm__allocate(context, count + 1, sizeof *ids.offsets) : NULL;
    if (!ids.offsets) {
        diffmm__ids_end(context, &ids);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    ids.offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t start = (size_t)ids.offsets[i];
        int length = snprintf(ids.text + start, size - start, "%zu", i);
        ids.offsets[i + 1] = ids.offsets[i] + length + 1;
    }
    *out = ids;
    return DIFFMM_OK;
}

static diffmm_status check_layout(size_t count, const char *text, const int64_t *offsets,
                                  const char *what)
{
    if (offsets[0] != 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s ids do not start at offset 0", what);
    for (size_t i = 0; i < count; i++) {
        int64_t start = offsets[i], end = offsets[i + 1];
        if (end <= start || end > offsets[count] ||
            memchr(text + start, 0, (size_t)(end - start)) != text + end - 1)
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "%s id %zu does not end with a NUL, right before the next", what,
                                i);
        if (end - start == 1)
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s id %zu is empty", what, i);
        if (!diffmm__is_utf8(text + start, (size_t)(end - start - 1)))
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s id %zu is not UTF-8", what, i);
    }
    return DIFFMM_OK;
}

/* Slots for `count` ids: a search for one that is there looks at 2.5 of them at most, on average
 * (Knuth: "The Art of Computer Programming", volume 3, section 6.4), side by side in memory. */
static size_t needed_slots(size_t count)
{
    size_t slots = 16;
    while (slots / 4 * 3 < count)
        slots *= 2;
    return slots;
}

static void draw_key(struct diffmm__ids *ids)
{
    if (!ids->keyed)
        ids->key = diffmm__hash_key_draw();
    ids->keyed = true;
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

/* The slot where an id is, or, if it is not there, the free one where it belongs. */
static size_t find_slot(const struct diffmm__ids *ids, uint64_t hash, const char *id, size_t length)
{
    size_t slot = (size_t)hash & (ids->slot_count - 1);
    for (;; slot = (slot + 1) & (ids->slot_count - 1)) {
        int32_t number = ids->slots[slot].number;
        if (number < 0)
            return slot;
        if (ids->slots[slot].tag == tag_of(hash) &&
            diffmm__ids_length(ids, (size_t)number) == length &&
            memcmp(ids->text + ids->offsets[number], id, length) == 0)
            return slot;
    }
}

/* Puts all ids into slots. Returns the first that an earlier one equals, or how many there are. */
static size_t fill_slots(struct diffmm__ids *ids)
{
    memset(ids->slots, 0xff, ids->slot_count * sizeof *ids->slots);
    for (size_t i = 0; i < ids->count; i++) {
        const char *id = ids->text + ids->offsets[i];
        size_t length = diffmm__ids_length(ids, i);
        uint64_t hash = diffmm__hash(ids->key, id, length);
        size_t slot = find_slot(ids, hash, id, length);
        if (ids->slots[slot].number >= 0)
            return i;
        ids->slots[slot] = (struct diffmm__id_slot){(int32_t)i, tag_of(hash)};
    }
    return ids->count;
}

static diffmm_status fail_twice(const char *what, const char *id, int32_t first, size_t second)
{
    return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                        "%s id '%s' is given twice, for number %d and number %zu", what, id,
                        (int)first, second);
}

static diffmm_status begin_slots(const diffmm_context *context, struct diffmm__ids *ids,
                                 const char *what)
{
    draw_key(ids);
    ids->slot_count = needed_slots(ids->count);
    ids->slots = diffmm__allocate(context, ids->slot_count, sizeof *ids->slots);
    if (!ids->slots)
        return DIFFMM_ERROR_NO_MEMORY;
    size_t repeated = fill_slots(ids);
    if (repeated == ids->count)
        return DIFFMM_OK;
    const char *id = ids->text + ids->offsets[repeated];
    size_t length = diffmm__ids_length(ids, repeated);
    size_t slot = find_slot(ids, diffmm__hash(ids->key, id, length), id, length);
    return fail_twice(what, id, ids->slots[slot].number, repeated);
}

diffmm_status diffmm__ids_begin_text(const diffmm_context *context, size_t count, char *text,
                                     int64_t *offsets, const char *what, struct diffmm__ids *out)
{
    struct diffmm__ids ids = {.count = count, .text = text, .offsets = offsets};
    diffmm_status status = check_layout(count, text, offsets, what);
    if (!status)
        status = begin_slots(context, &ids, what);
    if (status) {
        diffmm__ids_end(context, &ids);
        return status;
    }
    *out = ids;
    return DIFFMM_OK;
}

diffmm_status diffmm__ids_extend(const diffmm_context *context, const struct diffmm__ids *old,
                                 size_t count, const char *const *ids, const char *what,
                                 struct diffmm__ids *out)
{
    if (old->numeric && !ids)
        return diffmm__ids_begin_numeric(context, old->count + count, out);
    size_t used = (size_t)old->offsets[old->count], size = used;
    for (size_t i = 0; i < count; i++)
        size += strlen(ids[i]) + 1;
    char *text = diffmm__allocate(context, size, 1);
    int64_t *offsets =
        text ? diffmm__allocate(context, old->count + count + 1, sizeof *offsets) : NULL;
    if (!offsets) {
        diffmm__release(context, text);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    memcpy(text, old->text, used);
    memcpy(offsets, old->offsets, (old->count + 1) * sizeof *offsets);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(ids[i]) + 1, at = old->count + i;
        memcpy(text + offsets[at], ids[i], length);
        offsets[at + 1] = offsets[at] + (int64_t)length;
    }
    return diffmm__ids_begin_text(context, old->count + count, text, offsets, what, out);
}

void diffmm__ids_end(const diffmm_context *context, struct diffmm__ids *ids)
{
    diffmm__release(context, ids->text);
    diffmm__release(context, ids->offsets);
    diffmm__release(context, ids->slots);
    *ids = (struct diffmm__ids){0};
}

static diffmm_status make_room(const diffmm_context *context, struct diffmm__ids *ids,
                               size_t length)
{
    if (ids->count >= INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "more than %d different ids", INT32_MAX);
    diffmm_status status =
        diffmm__grow(context, &ids->offsets, &ids->offset_capacity,
                     ids->offsets ? ids->count + 1 : 0, ids->count + 2, sizeof *ids->offsets);
    if (status)
        return status;
    if (ids->count == 0)
        ids->offsets[0] = 0;
    size_t used = (size_t)ids->offsets[ids->count];
    status = diffmm__grow(context, &ids->text, &ids->text_capacity, used, used + length + 1, 1);
    if (status)
        return status;
    size_t slot_count = needed_slots(ids->count + 1);
    if (slot_count <= ids->slot_count)
        return DIFFMM_OK;
    struct diffmm__id_slot *slots = diffmm__allocate(context, slot_count, sizeof *slots);
    if (!slots)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__release(context, ids->slots);
    ids->slots = slots;
    ids->slot_count = slot_count;
    fill_slots(ids);
    return DIFFMM_OK;
}

int32_t diffmm__ids_number_of_text(const struct diffmm__ids *ids, const struct diffmm__id_text *id)
{
    return ids->count == 0 ? -1 : ids->slots[find_slot(ids, id->hash, id->text, id->length)].number;
}

diffmm_status diffmm__ids_add_text(const diffmm_context *context, struct diffmm__ids *ids,
                                   const struct diffmm__id_text *id, int32_t *number)
{
    *number = diffmm__ids_number_of_text(ids, id);
    if (*number >= 0)
        return DIFFMM_OK;
    diffmm_status status = make_room(context, ids, id->length);
    if (status)
        return status;
    size_t slot = find_slot(ids, id->hash, id->text, id->length);
    int32_t added = (int32_t)ids->count++;
    int64_t start = ids->offsets[added];
    memcpy(ids->text + start, id->text, id->length);
    ids->text[start + (int64_t)id->length] = 0;
    ids->offsets[added + 1] = start + (int64_t)id->length + 1;
    ids->slots[slot] = (struct diffmm__id_slot){added, tag_of(id->hash)};
    *number = added;
    return DIFFMM_OK;
}

diffmm_status diffmm__ids_add(const diffmm_context *context, struct diffmm__ids *ids,
                              const char *id, size_t length, int32_t *number)
{
    draw_key(ids);
    const struct diffmm__id_text text = {id, length, diffmm__hash(ids->key, id, length)};
    return diffmm__ids_add_text(context, ids, &text, number);
}

diffmm_status diffmm__ids_complete(const diffmm_context *context, struct diffmm__ids *ids,
                                   size_t count, const char *what)
{
    size_t given = ids->count;
    diffmm_status status = DIFFMM_OK;
    while (ids->count < count && !status) {
        char id[24];
        size_t length = (size_t)snprintf(id, sizeof id, "%zu", ids->count);
        size_t wanted = ids->count;
        int32_t number;
        status = diffmm__ids_add(context, ids, id, length, &number);
        if (!status && (size_t)number != wanted)
            status = fail_twice(what, id, number, wanted);
    }
    if (status)
        diffmm__ids_truncate(ids, given);
    return status;
}

void diffmm__ids_fetch(struct diffmm__ids *ids, size_t count, struct diffmm__id_text *texts)
{
    int32_t number[DIFFMM__IDS_AT_ONCE];
    draw_key(ids);
    for (size_t i = 0; i < count; i++) {
        texts[i].hash = diffmm__hash(ids->key, texts[i].text, texts[i].length);
        if (ids->count > 0)
            __builtin_prefetch(&ids->slots[texts[i].hash & (ids->slot_count - 1)]);
    }
    if (ids->count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct diffmm__id_slot slot = ids->slots[texts[i].hash & (ids->slot_count - 1)];
        number[i] = slot.tag == tag_of(texts[i].hash) ? slot.number : -1;
        if (number[i] >= 0)
            __builtin_prefetch(&ids->offsets[number[i]]);
    }
    for (size_t i = 0; i < count; i++)
        if (number[i] >= 0)
            __builtin_prefetch(ids->text + ids->offsets[number[i]]);
}

void diffmm__ids_truncate(struct diffmm__ids *ids, size_t count)
{
    if (count >= ids->count)
        return;
    ids->count = count;
    fill_slots(ids);
}

const char *diffmm__ids_text(const struct diffmm__ids *ids, int32_t number)
{
    if (number < 0 || (size_t)number >= ids->count)
        return NULL;
    return ids->text + ids->offsets[number];
}

size_t diffmm__ids_length(const struct diffmm__ids *ids, size_t number)
{
    return (size_t)(ids->offsets[number + 1] - ids->offsets[number] - 1);
}

int32_t diffmm__ids_number(const struct diffmm__ids *ids, const char *id, size_t length)
{
    if (ids->numeric)
        return diffmm__id_number(id, length, ids->count);
    if (ids->count == 0)
        return -1;
    const struct diffmm__id_text text = {id, length, diffmm__hash(ids->key, id, length)};
    return diffmm__ids_number_of_text(ids, &text);
}

diffmm_status diffmm__ids_find(const struct diffmm__ids *ids, const char *id, const char *what,
                               int32_t *number)
{
    int32_t found = diffmm__ids_number(ids, id, strlen(id));
    if (found < 0)
        return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "there is no %s '%s'", what, id);
    *number = found;
    return DIFFMM_OK;
}

size_t diffmm__ids_match(const struct diffmm__ids *ids, const struct diffmm__ids *others,
                         int32_t *numbers)
{
    size_t known = 0;
    for (size_t i = 0; i < ids->count; i++) {
        numbers[i] =
            diffmm__ids_number(others, ids->text + ids->offsets[i], diffmm__ids_length(ids, i));
        known += numbers[i] >= 0;
    }
    return known;
}

size_t diffmm__ids_bytes(const struct diffmm__ids *ids)
{
    size_t text = diffmm__size_greater((size_t)ids->offsets[ids->count], ids->text_capacity);
    size_t offsets = diffmm__size_greater(ids->count + 1, ids->offset_capacity);
    return diffmm__allocation_bytes(text, 1) +
           diffmm__allocation_bytes(offsets, sizeof *ids->offsets) +
           diffmm__allocation_bytes(ids->slot_count, sizeof *ids->slots);
}
