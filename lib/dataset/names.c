/* SPDX-License-Identifier: BSD-2-Clause */
/* External ids of users and items, finished: number to text and back. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/utf8.h"
#include "dataset/catalog.h"
#include "dataset/interner.h"

/* Bytes of the numbers below `count` in decimal, each with a NUL. By no loop over them: before
 * there is memory for so many, nothing must take time. */
static size_t numeric_size(size_t count)
{
    size_t size = 2 * count;
    for (size_t power = 10; power < count; power *= 10)
        size += count - power; /* have one digit more */
    return size;
}

diffmm_status diffmm__names_numeric(diffmm_context *context, size_t count,
                                    struct diffmm__names *out)
{
    struct diffmm__names names = {.count = count, .numeric = true};
    size_t size = numeric_size(count);
    names.text = diffmm__allocate(context, size, 1);
    names.offsets = names.text ? diffmm__allocate(context, count + 1, sizeof *names.offsets) : NULL;
    if (!names.offsets) {
        diffmm__names_end(context, &names);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    names.offsets[0] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t start = (size_t)names.offsets[i];
        int length = snprintf(names.text + start, size - start, "%zu", i);
        names.offsets[i + 1] = names.offsets[i] + length + 1;
    }
    *out = names;
    return DIFFMM_OK;
}

/* Text and offsets may come from a file: NUL-terminated names of UTF-8, none of them empty. */
static diffmm_status check_layout(size_t count, const char *text, const int64_t *offsets,
                                  const char *what)
{
    if (offsets[0] != 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s ids do not start at offset 0", what);
    for (size_t i = 0; i < count; i++) {
        int64_t start = offsets[i], end = offsets[i + 1];
        if (end <= start || end > offsets[count] ||
            memchr(text + start, 0, (size_t)(end - start)) != text + end - 1)
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s id %zu does not end where it should", what,
                                i);
        if (end - start == 1)
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s id %zu is empty", what, i);
        if (!diffmm__is_utf8(text + start, (size_t)(end - start - 1)))
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s id %zu is not UTF-8", what, i);
    }
    return DIFFMM_OK;
}

static diffmm_status fill_slots(struct diffmm__names *names, const char *what)
{
    memset(names->slots, 0xff, names->slot_count * sizeof *names->slots);
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->text + names->offsets[i];
        size_t length = (size_t)(names->offsets[i + 1] - names->offsets[i] - 1);
        size_t slot = diffmm__name_slot(names->key, names->text, names->offsets, names->slots,
                                        names->slot_count, name, length);
        if (names->slots[slot] >= 0)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s id '%s' is given twice, for number %d and number %zu", what,
                                name, (int)names->slots[slot], i);
        names->slots[slot] = (int32_t)i;
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__names_index(diffmm_context *context, size_t count, char *text,
                                  int64_t *offsets, const char *what, struct diffmm__names *out)
{
    struct diffmm__names names = {
        .count = count, .text = text, .offsets = offsets, .key = diffmm__hash_key()};
    diffmm_status status = check_layout(count, text, offsets, what);
    if (!status) {
        names.slot_count = diffmm__name_slot_count(count);
        names.slots = diffmm__allocate(context, names.slot_count, sizeof *names.slots);
        status = names.slots ? fill_slots(&names, what) : DIFFMM_ERROR_NO_MEMORY;
    }
    if (status) {
        diffmm__names_end(context, &names);
        return status;
    }
    *out = names;
    return DIFFMM_OK;
}

void diffmm__names_end(diffmm_context *context, struct diffmm__names *names)
{
    diffmm__release(context, names->text);
    diffmm__release(context, names->offsets);
    diffmm__release(context, names->slots);
    *names = (struct diffmm__names){0};
}

const char *diffmm__names_text(const struct diffmm__names *names, int32_t number)
{
    if (number < 0 || (size_t)number >= names->count)
        return NULL;
    return names->text + names->offsets[number];
}

int32_t diffmm__names_number(const struct diffmm__names *names, const char *name)
{
    size_t length = strlen(name);
    if (names->numeric)
        return diffmm__name_number(name, length, names->count);
    if (names->count == 0)
        return -1;
    return names->slots[diffmm__name_slot(names->key, names->text, names->offsets, names->slots,
                                          names->slot_count, name, length)];
}

size_t diffmm__names_match(const struct diffmm__names *names, const struct diffmm__names *others,
                           int32_t *numbers)
{
    size_t known = 0;
    for (size_t i = 0; i < names->count; i++) {
        numbers[i] = diffmm__names_number(others, names->text + names->offsets[i]);
        known += numbers[i] >= 0;
    }
    return known;
}

diffmm_status diffmm__names_find(const struct diffmm__names *names, const char *name,
                                 const char *what, int32_t *number)
{
    int32_t found = diffmm__names_number(names, name);
    if (found < 0)
        return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "there is no %s '%s'", what, name);
    *number = found;
    return DIFFMM_OK;
}
