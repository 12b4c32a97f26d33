/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/npy_texts.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "base/utf8.h"

/* Elements wider than this are no ids, however short the texts in them. */
enum { most_width = 1 << 16 };

diffmm_status diffmm__npy_texts_check(const struct diffmm__npy *array, size_t rows,
                                      const char *name)
{
    if (array->dimensions != 1)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: ids have 1 dimension, not %zu", name,
                            array->dimensions);
    if (array->kind == 'f' || array->kind == 'b' || array->kind == 'B')
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: ids are integers or text, not of kind '%c'",
                            name, array->kind);
    if (array->item_size > most_width)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: ids of %zu bytes are longer than %d", name,
                            array->item_size, (int)most_width);
    if (array->count != rows)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu ids for %zu rows of features", name,
                            array->count, rows);
    return DIFFMM_OK;
}

static uint64_t number_at(const unsigned char *bytes, size_t size, bool big_endian)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[big_endian ? i : size - 1 - i];
    return value;
}

/* Writes a number in decimal. */
static size_t write_number(const struct diffmm__npy *array, const unsigned char *bytes, char *out)
{
    enum { room = 24 };
    uint64_t value = number_at(bytes, array->item_size, array->big_endian);
    uint64_t sign = UINT64_C(1) << (8 * array->item_size - 1);
    bool negative = array->kind == 'i' && (value & sign);
    if (negative) /* of the value without the bits above its width */
        value = (sign << 1) - value;
    return (size_t)snprintf(out, room, "%s%llu", negative ? "-" : "", (unsigned long long)value);
}

/* Writes a code point in UTF-8; 0 where it is none. */
static size_t write_point(uint64_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)((0xf00u >> size & 0xf0) | point);
    return size;
}

/* Writes the text of an element without the NULs at its end. False where it is not Unicode. */
static bool write_text(const struct diffmm__npy *array, const unsigned char *bytes, char *out,
                       size_t *length)
{
    size_t width = array->kind == 'U' ? 4 : 1, used = 0;
    *length = 0;
    for (size_t i = 0; i < array->item_size; i += width) {
        uint64_t point = number_at(bytes + i, width, array->big_endian);
        size_t size = 1;
        if (width == 1)
            out[used] = (char)point;
        else
            size = write_point(point, out + used);
        if (size == 0)
            return false;
        used += size;
        if (point != 0)
            *length = used;
    }
    return true;
}

static const char *find_wrong(const char *text, size_t length)
{
    return length == 0                      ? "is empty"
           : memchr(text, 0, length)        ? "has a NUL"
           : !diffmm__is_utf8(text, length) ? "is not UTF-8"
                                            : NULL;
}

static diffmm_status add_text(const diffmm_context *context, const char *name, size_t element,
                              const char *text, size_t length, struct diffmm__ids *ids)
{
    const char *wrong = find_wrong(text, length);
    if (wrong)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: element %zu %s", name, element, wrong);
    int32_t number;
    diffmm_status status = diffmm__ids_add(context, ids, text, length, &number);
    if (!status && (size_t)number != element)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: element %zu is '%.*s', as is element %d",
                            name, element, (int)diffmm__text_cut(text, length, 200), text,
                            (int)number);
    return status;
}

static diffmm_status add_element(const diffmm_context *context, const struct diffmm__npy *array,
                                 const char *name, size_t index, char *text,
                                 struct diffmm__ids *ids)
{
    const unsigned char *bytes = array->data + index * array->item_size;
    size_t length;
    if (array->kind == 'i' || array->kind == 'u')
        length = write_number(array, bytes, text);
    else if (!write_text(array, bytes, text, &length))
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: element %zu is not Unicode", name,
                            array->first + index);
    return add_text(context, name, array->first + index, text, length, ids);
}

diffmm_status diffmm__npy_texts_add(const diffmm_context *context, const struct diffmm__npy *array,
                                    const char *name, struct diffmm__ids *ids)
{
    char *text = diffmm__allocate(context, array->item_size + 32, 1);
    if (!text)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < array->count && !status; i++)
        status = add_element(context, array, name, i, text, ids);
    diffmm__release(context, text);
    return status;
}
