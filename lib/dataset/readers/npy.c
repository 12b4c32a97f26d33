/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/npy.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"

/* The header: a Python dictionary literal such as
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
 * read left to right. */
struct header {
    const unsigned char *bytes; /* of the whole array, so that positions are offsets */
    size_t position, end;
    const char *name;
    unsigned version;
};

static diffmm_status fail_at(const struct header *header, const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: offset %zu: %s", header->name, header->position,
                        what);
}

static void skip(struct header *header, const char *characters)
{
    while (header->position < header->end && header->bytes[header->position] != 0 &&
           strchr(characters, header->bytes[header->position]))
        header->position++;
}

static void skip_space(struct header *header)
{
    skip(header, " \t\r\n");
}

/* Step over a character, if it comes next. */
static bool accept(struct header *header, char character)
{
    skip_space(header);
    if (header->position >= header->end ||
        header->bytes[header->position] != (unsigned char)character)
        return false;
    header->position++;
    return true;
}

static bool accept_word(struct header *header, const char *word)
{
    size_t length = strlen(word);
    skip_space(header);
    if (header->end - header->position < length ||
        memcmp(header->bytes + header->position, word, length) != 0)
        return false;
    header->position += length;
    return true;
}

/* A quoted string of at most 31 characters. */
static diffmm_status read_text(struct header *header, char text[32])
{
    skip_space(header);
    char quote = header->position < header->end ? (char)header->bytes[header->position] : 0;
    if (quote != '\'' && quote != '"')
        return fail_at(header, "the header has no string where one belongs");
    size_t length = 0, i = header->position + 1;
    for (; i < header->end && header->bytes[i] != (unsigned char)quote; i++) {
        if (length == 31)
            return fail_at(header, "the header has a string that is too long");
        text[length++] = (char)header->bytes[i];
    }
    if (i == header->end)
        return fail_at(header, "the header has a string without end");
    text[length] = 0;
    header->position = i + 1;
    return DIFFMM_OK;
}

static bool is_digit(int character)
{
    return character >= '0' && character <= '9';
}

static diffmm_status read_size(struct header *header, size_t *out)
{
    skip_space(header);
    size_t number = 0, begin = header->position;
    for (; header->position < header->end && is_digit(header->bytes[header->position]);
         header->position++)
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (size_t)(header->bytes[header->position] - '0'),
                                   &number))
            return fail_at(header, "the shape has a number that is too large");
    if (header->position == begin)
        return fail_at(header, "the shape is not a tuple of numbers");
    if (header->bytes[begin] == '0' && number != 0)
        return fail_at(header, "the shape has a number that begins with 0");
    /* Python 2 wrote long integers as 12L, but no version 3. */
    if (header->version < 3 && header->position < header->end &&
        header->bytes[header->position] == 'L')
        header->position++;
    *out = number;
    return DIFFMM_OK;
}

static diffmm_status read_shape(struct header *header, struct diffmm__npy *array)
{
    if (!accept(header, '('))
        return fail_at(header, "the shape is not a tuple");
    array->dimensions = 0;
    while (!accept(header, ')')) {
        if (array->dimensions == DIFFMM__NPY_MAX_DIMENSIONS)
            return fail_at(header, "the array has more than 8 dimensions");
        diffmm_status status = read_size(header, &array->shape[array->dimensions]);
        if (status)
            return status;
        array->dimensions++;
        if (accept(header, ','))
            continue;
        if (array->dimensions > 1 && accept(header, ')'))
            break;
        return fail_at(header, "the shape is not a tuple of numbers"); /* (3) is a number */
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__npy_type(const char *type, const char *name, struct diffmm__npy *array)
{
    const char *rest = type;
    bool big_endian = *rest == '>';
    if (*rest && strchr("<>|=", *rest))
        rest++;
    char kind = *rest;
    size_t size = 0;
    for (rest += kind != 0; is_digit(*rest) && size < 100000; rest++)
        size = size * 10 + (size_t)(*rest - '0');
    bool word = size == 1 || size == 2 || size == 4 || size == 8;
    bool known = (kind == 'f' && word && size > 1) || ((kind == 'i' || kind == 'u') && word) ||
                 (kind == 'b' && size == 1) || ((kind == 'S' || kind == 'U') && size > 0);
    if (!known || *rest)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: elements of type '%s' are not read", name,
                            type);
    array->kind = kind;
    array->item_size = kind == 'U' ? 4 * size : size;
    array->big_endian = big_endian;
    return DIFFMM_OK;
}

static diffmm_status read_entry(struct header *header, struct diffmm__npy *array, unsigned *seen)
{
    char key[32];
    diffmm_status status = read_text(header, key);
    if (status)
        return status;
    if (!accept(header, ':'))
        return fail_at(header, "the header has no ':' after a key");
    unsigned bit;
    if (strcmp(key, "descr") == 0) {
        char type[32];
        bit = 1;
        skip_space(header);
        if (header->position < header->end && header->bytes[header->position] == '[')
            return fail_at(header, "structured arrays are not read");
        status = read_text(header, type);
        if (!status)
            status = diffmm__npy_type(type, header->name, array);
    } else if (strcmp(key, "fortran_order") == 0) {
        bit = 2;
        array->fortran_order = accept_word(header, "True");
        if (!array->fortran_order && !accept_word(header, "False"))
            status = fail_at(header, "fortran_order is neither True nor False");
    } else if (strcmp(key, "shape") == 0) {
        bit = 4;
        status = read_shape(header, array);
    } else {
        return fail_at(header, "the header has an unknown key");
    }
    if (!status && (*seen & bit))
        return fail_at(header, "the header has a key twice");
    *seen |= bit;
    return status;
}

static diffmm_status read_header(struct header *header, struct diffmm__npy *array)
{
    unsigned seen = 0;
    skip(header, " \t");
    size_t begin = header->position;
    if (!accept(header, '{') || header->position != begin + 1)
        return fail_at(header, "the header is not a dictionary");
    while (!accept(header, '}')) {
        diffmm_status status = read_entry(header, array, &seen);
        if (status)
            return status;
        if (accept(header, ','))
            continue;
        if (accept(header, '}'))
            break;
        return fail_at(header, "the header is not a dictionary");
    }
    skip(header, " \t");
    skip(header, "\r\n"); /* in Python a line of blanks would be a statement's beginning */
    if (header->position != header->end)
        return fail_at(header, "the header goes on after its dictionary");
    if (seen != 7)
        return fail_at(header, "the header lacks one of descr, fortran_order, shape");
    return DIFFMM_OK;
}

/* Where the header's text begins and ends. */
static diffmm_status find_header(const unsigned char *bytes, size_t size, const char *name,
                                 struct header *header)
{
    if (size < 8 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: offset 0: this is not a .npy array", name);
    unsigned version = bytes[6], minor = bytes[7];
    if (version < 1 || version > 3 || minor != 0)
        return diffmm__fail(DIFFMM_ERROR_VERSION, "%s: .npy version %u.%u is not read", name,
                            version, minor);
    size_t start = version == 1 ? 10 : DIFFMM__NPY_PREFIX, length = 0;
    if (size < start)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: it ends after %zu bytes, within its header",
                            name, size);
    for (size_t i = start; i > 8; i--)
        length = length << 8 | bytes[i - 1];
    if (length > size - start)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: its header has %zu bytes, but only %zu remain", name, length,
                            size - start);
    if (length > DIFFMM__NPY_MAX_HEADER - DIFFMM__NPY_PREFIX)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: its header has %zu bytes, more than %d", name,
                            length, DIFFMM__NPY_MAX_HEADER - DIFFMM__NPY_PREFIX);
    *header = (struct header){bytes, start, start + length, name, version};
    return DIFFMM_OK;
}

diffmm_status diffmm__npy_header_end(const unsigned char *bytes, size_t size, const char *name,
                                     size_t *end)
{
    struct header header = {0};
    diffmm_status status = find_header(bytes, size, name, &header);
    if (!status)
        *end = header.end;
    return status;
}

diffmm_status diffmm__npy_bound(const char *name, size_t available, struct diffmm__npy *array)
{
    size_t bytes = array->item_size;
    bool empty = false, overflow = false;
    for (size_t i = 0; i < array->dimensions; i++) {
        empty |= array->shape[i] == 0; /* NumPy bounds the others all the same */
        overflow |= __builtin_mul_overflow(bytes, array->shape[i] ? array->shape[i] : 1, &bytes);
    }
    if (overflow || bytes > PTRDIFF_MAX)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: its shape exceeds the address space", name);
    if (!empty && bytes > available)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: its shape needs %zu bytes of data, but only %zu remain", name,
                            bytes, available);
    array->count = empty ? 0 : bytes / array->item_size;
    return DIFFMM_OK;
}

diffmm_status diffmm__npy_parse(const unsigned char *bytes, size_t size, const char *name,
                                struct diffmm__npy *out)
{
    struct header header = {0};
    struct diffmm__npy array = {0};
    diffmm_status status = find_header(bytes, size, name, &header);
    if (!status)
        status = read_header(&header, &array);
    if (!status)
        status = diffmm__npy_bound(name, size - header.end, &array);
    if (status)
        return status;
    array.data = bytes + header.end;
    *out = array;
    return DIFFMM_OK;
}

/* Floats are written as they are in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian machine is needed");

void diffmm__npy_write_header(size_t rows, size_t columns, unsigned char header[DIFFMM__NPY_HEADER])
{
    /* Magic, version, a 16-bit length, then the dictionary, filled up with spaces to a newline. Two
     * numbers of 20 digits would still fit. */
    enum { start = 10 };
    char dictionary[DIFFMM__NPY_HEADER];
    int length =
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, columns);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = DIFFMM__NPY_HEADER - start;
    header[9] = 0;
    memset(header + start, ' ', DIFFMM__NPY_HEADER - start);
    memcpy(header + start, dictionary, (size_t)length);
    header[DIFFMM__NPY_HEADER - 1] = '\n';
}
