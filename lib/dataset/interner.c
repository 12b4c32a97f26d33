/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/interner.h"

#include <string.h>

#include "base/memory.h"
#include "base/status.h"

size_t diffmm__name_slot(struct diffmm__hash_key key, const char *text, const int64_t *offsets,
                         const int32_t *slots, size_t slot_count, const char *name, size_t length)
{
    size_t slot = (size_t)diffmm__hash(key, name, length) & (slot_count - 1);
    for (;; slot = (slot + 1) & (slot_count - 1)) {
        int32_t number = slots[slot];
        if (number < 0)
            return slot;
        if ((size_t)(offsets[number + 1] - offsets[number] - 1) == length &&
            memcmp(text + offsets[number], name, length) == 0)
            return slot;
    }
}

size_t diffmm__name_slot_count(size_t count)
{
    size_t slots = 16;
    while (slots < 2 * count)
        slots *= 2;
    return slots;
}

const char *diffmm__interner_name(const struct diffmm__interner *interner, size_t number,
                                  size_t *length)
{
    *length = (size_t)(interner->offsets[number + 1] - interner->offsets[number] - 1);
    return interner->text + interner->offsets[number];
}

static void fill_slots(struct diffmm__interner *interner)
{
    memset(interner->slots, 0xff, interner->slot_count * sizeof *interner->slots);
    for (size_t i = 0; i < interner->count; i++) {
        size_t length;
        const char *name = diffmm__interner_name(interner, i, &length);
        interner->slots[diffmm__name_slot(interner->key, interner->text, interner->offsets,
                                          interner->slots, interner->slot_count, name, length)] =
            (int32_t)i;
    }
}

static diffmm_status make_room(const diffmm_context *context, struct diffmm__interner *interner,
                               size_t length)
{
    if (interner->count >= INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "more than %d different ids", INT32_MAX);
    diffmm_status status = diffmm__grow(context, &interner->offsets, &interner->offset_capacity,
                                        interner->offsets ? interner->count + 1 : 0,
                                        interner->count + 2, sizeof *interner->offsets);
    if (status)
        return status;
    if (interner->count == 0)
        interner->offsets[0] = 0;
    size_t used = (size_t)interner->offsets[interner->count];
    status = diffmm__grow(context, &interner->text, &interner->text_capacity, used,
                          used + length + 1, 1);
    if (status)
        return status;
    size_t slot_count = diffmm__name_slot_count(interner->count + 1);
    if (slot_count <= interner->slot_count)
        return DIFFMM_OK;
    if (interner->slot_count == 0)
        interner->key = diffmm__hash_key();
    int32_t *slots = diffmm__allocate(context, slot_count, sizeof *slots);
    if (!slots)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__release(context, interner->slots);
    interner->slots = slots;
    interner->slot_count = slot_count;
    fill_slots(interner);
    return DIFFMM_OK;
}

diffmm_status diffmm__interner_add(const diffmm_context *context, struct diffmm__interner *interner,
                                   const char *name, size_t length, int32_t *number)
{
    int32_t known = diffmm__interner_find(interner, name, length);
    if (known < 0) {
        diffmm_status status = make_room(context, interner, length);
        if (status)
            return status;
        size_t slot = diffmm__name_slot(interner->key, interner->text, interner->offsets,
                                        interner->slots, interner->slot_count, name, length);
        known = (int32_t)interner->count++;
        int64_t start = interner->offsets[known];
        memcpy(interner->text + start, name, length);
        interner->text[start + (int64_t)length] = 0;
        interner->offsets[known + 1] = start + (int64_t)length + 1;
        interner->slots[slot] = known;
    }
    *number = known;
    return DIFFMM_OK;
}

int32_t diffmm__interner_find(const struct diffmm__interner *interner, const char *name,
                              size_t length)
{
    if (interner->count == 0)
        return -1;
    return interner->slots[diffmm__name_slot(interner->key, interner->text, interner->offsets,
                                             interner->slots, interner->slot_count, name, length)];
}

void diffmm__interner_truncate(struct diffmm__interner *interner, size_t count)
{
    if (count >= interner->count)
        return;
    interner->count = count;
    fill_slots(interner);
}

void diffmm__interner_end(const diffmm_context *context, struct diffmm__interner *interner)
{
    diffmm__release(context, interner->text);
    diffmm__release(context, interner->offsets);
    diffmm__release(context, interner->slots);
    *interner = (struct diffmm__interner){0};
}

static size_t count_digits(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

bool diffmm__name_is_numeric(const char *name, size_t length)
{
    size_t at = length > 0 && (name[0] == '-' || name[0] == '+');
    size_t digits = count_digits(name + at, length - at);
    at += digits;
    if (digits > 0 && at < length && name[at] == '.')
        for (at++; at < length && name[at] == '0';)
            at++;
    return digits > 0 && at == length;
}

int32_t diffmm__name_number(const char *name, size_t length, size_t bound)
{
    if (length == 0 || length > 10 || (length > 1 && name[0] == '0'))
        return -1;
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < '0' || name[i] > '9')
            return -1;
        number = number * 10 + (uint64_t)(name[i] - '0');
    }
    return number < bound && number <= INT32_MAX ? (int32_t)number : -1;
}
