/* SPDX-License-Identifier: BSD-2-Clause */
/* The instructions. */
#include "dataset/pickle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

diffmm_status diffmm__pickle_fail(const struct diffmm__pickle *pickle, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: offset %zu: %s", pickle->path, pickle->step,
                        text);
}

/* `size` bytes after the present position; NULL, with the failure set, if there are not so many. */
static const unsigned char *take(struct diffmm__pickle *pickle, uint64_t size)
{
    size_t left = pickle->size - pickle->position;
    if (size > left) {
        diffmm__pickle_fail(pickle, "%llu bytes belong here, but only %zu remain",
                            (unsigned long long)size, left);
        return NULL;
    }
    if (pickle->position < pickle->frame && size > pickle->frame - pickle->position) {
        diffmm__pickle_fail(pickle, "it reaches beyond its frame");
        return NULL;
    }
    const unsigned char *bytes = pickle->bytes + pickle->position;
    pickle->position += (size_t)size;
    return bytes;
}

/* A little-endian number of up to 8 bytes. */
static bool take_number(struct diffmm__pickle *pickle, size_t size, uint64_t *number)
{
    const unsigned char *bytes = take(pickle, size);
    if (!bytes)
        return false;
    *number = 0;
    for (size_t i = size; i-- > 0;)
        *number = *number << 8 | bytes[i];
    return true;
}

/* Two's complement of `size` bytes, 0 to 8. */
static int64_t signed_number(uint64_t number, size_t size)
{
    if (size > 0 && size < 8 && number >> (8 * size - 1))
        number |= ~UINT64_C(0) << (8 * size);
    int64_t result;
    memcpy(&result, &number, sizeof result);
    return result;
}

static diffmm_status push(struct diffmm__pickle *pickle, struct diffmm__pickle_value value)
{
    /* There is room for as many values as there are steps. */
    pickle->stack[pickle->depth++] = value;
    return DIFFMM_OK;
}

static diffmm_status push_integer(struct diffmm__pickle *pickle, int64_t integer)
{
    return push(pickle,
                (struct diffmm__pickle_value){.kind = DIFFMM__PICKLE_INTEGER, .integer = integer});
}

static diffmm_status push_boolean(struct diffmm__pickle *pickle, bool boolean)
{
    return push(pickle,
                (struct diffmm__pickle_value){.kind = DIFFMM__PICKLE_BOOLEAN, .integer = boolean});
}

static diffmm_status push_number(struct diffmm__pickle *pickle, size_t size, bool is_signed)
{
    uint64_t number;
    if (!take_number(pickle, size, &number))
        return DIFFMM_ERROR_FORMAT;
    return push_integer(pickle, signed_number(number, is_signed ? size : 8));
}

/* LONG1: an integer with its size before it. */
static diffmm_status push_long(struct diffmm__pickle *pickle)
{
    uint64_t size;
    if (!take_number(pickle, 1, &size))
        return DIFFMM_ERROR_FORMAT;
    if (size > 8)
        return diffmm__pickle_fail(pickle, "an integer of %d bytes is too large", (int)size);
    return push_number(pickle, (size_t)size, true);
}

/* Whether a text is UTF-8; it may hold NULs. */
static bool is_text(const unsigned char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t length = bytes[at] == 0 ? 1 : diffmm__utf8_size((const char *)bytes + at, size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

/* A string or bytes with a size of `width` bytes before it. */
static diffmm_status push_bytes(struct diffmm__pickle *pickle, enum diffmm__pickle_kind kind,
                                size_t width)
{
    uint64_t size;
    if (!take_number(pickle, width, &size))
        return DIFFMM_ERROR_FORMAT;
    const unsigned char *bytes = take(pickle, size);
    if (!bytes)
        return DIFFMM_ERROR_FORMAT;
    if (kind == DIFFMM__PICKLE_TEXT && !is_text(bytes, (size_t)size))
        return diffmm__pickle_fail(pickle, "a text is not UTF-8");
    return push(pickle,
                (struct diffmm__pickle_value){.kind = kind, .bytes = bytes, .size = (size_t)size});
}

/* The topmost `count` values, none of them a mark; NULL, with the failure set, if they are not. */
static struct diffmm__pickle_value *top(const struct diffmm__pickle *pickle, size_t count)
{
    for (size_t i = 1; i <= count; i++)
        if (pickle->depth < i || pickle->stack[pickle->depth - i].kind == DIFFMM__PICKLE_MARK) {
            diffmm__pickle_fail(pickle, "the stack has too few values");
            return NULL;
        }
    return pickle->stack + pickle->depth - count;
}

/* How many values lie above the topmost mark. */
static diffmm_status count_to_mark(const struct diffmm__pickle *pickle, size_t *count)
{
    for (size_t i = pickle->depth; i-- > 0;)
        if (pickle->stack[i].kind == DIFFMM__PICKLE_MARK) {
            *count = pickle->depth - i - 1;
            return DIFFMM_OK;
        }
    return diffmm__pickle_fail(pickle, "the stack has no mark");
}

/* Replace the topmost `count` values, and `marks` marks below them, by a tuple. */
static diffmm_status make_tuple(struct diffmm__pickle *pickle, size_t count, size_t marks)
{
    const struct diffmm__pickle_value *members = top(pickle, count);
    if (!members)
        return DIFFMM_ERROR_FORMAT;
    struct diffmm__pickle_value tuple = {.kind = DIFFMM__PICKLE_TUPLE, .size = count};
    tuple.members = diffmm__arena_take(&pickle->arena, count, sizeof *members);
    if (!tuple.members)
        return DIFFMM_ERROR_NO_MEMORY;
    memcpy(tuple.members, members, count * sizeof *members);
    pickle->depth -= count + marks;
    return push(pickle, tuple);
}

static diffmm_status make_marked_tuple(struct diffmm__pickle *pickle)
{
    size_t count = 0;
    diffmm_status status = count_to_mark(pickle, &count);
    return status ? status : make_tuple(pickle, count, 1);
}

/* SETITEM, SETITEMS: `count` keys and values, and `marks` marks, above a dictionary. */
static diffmm_status set_items(struct diffmm__pickle *pickle, size_t count, size_t marks)
{
    struct diffmm__pickle_value *values = top(pickle, count);
    if (!values)
        return DIFFMM_ERROR_FORMAT;
    if (count % 2 || pickle->depth <= count + marks ||
        (values - marks)[-1].kind != DIFFMM__PICKLE_DICT)
        return diffmm__pickle_fail(pickle, "there is no dictionary to fill");
    for (size_t i = 0; i < count; i += 2) {
        diffmm_status status =
            diffmm__pickle_set(pickle, values - marks - 1, &values[i], &values[i + 1]);
        if (status)
            return status;
    }
    pickle->depth -= count + marks;
    return DIFFMM_OK;
}

static diffmm_status set_marked_items(struct diffmm__pickle *pickle)
{
    size_t count = 0;
    diffmm_status status = count_to_mark(pickle, &count);
    return status ? status : set_items(pickle, count, 1);
}

/* REDUCE and NEWOBJ: a name and a tuple of arguments become a value. */
static diffmm_status call(struct diffmm__pickle *pickle,
                          diffmm_status (*make)(struct diffmm__pickle *pickle,
                                                const struct diffmm__pickle_value *name,
                                                const struct diffmm__pickle_value *arguments,
                                                struct diffmm__pickle_value *out))
{
    const struct diffmm__pickle_value *values = top(pickle, 2);
    struct diffmm__pickle_value made = {0};
    if (!values)
        return DIFFMM_ERROR_FORMAT;
    if (values[0].kind != DIFFMM__PICKLE_NAME || values[1].kind != DIFFMM__PICKLE_TUPLE)
        return diffmm__pickle_fail(pickle, "it calls something that is not a name");
    diffmm_status status = make(pickle, &values[0], &values[1], &made);
    if (status)
        return status;
    pickle->depth -= 2;
    return push(pickle, made);
}

static diffmm_status build(struct diffmm__pickle *pickle)
{
    struct diffmm__pickle_value *values = top(pickle, 2);
    if (!values)
        return DIFFMM_ERROR_FORMAT;
    diffmm_status status = diffmm__pickle_build(pickle, &values[0], &values[1]);
    pickle->depth--;
    return status;
}

/* GLOBAL: module and name, a line each. */
static diffmm_status push_global(struct diffmm__pickle *pickle)
{
    const char *text[2];
    size_t size[2];
    for (int i = 0; i < 2; i++) {
        const unsigned char *begin = pickle->bytes + pickle->position;
        const unsigned char *end = memchr(begin, '\n', pickle->size - pickle->position);
        if (!end)
            return diffmm__pickle_fail(pickle, "a name has no end");
        text[i] = (const char *)begin;
        size[i] = (size_t)(end - begin);
        if (!take(pickle, size[i] + 1))
            return DIFFMM_ERROR_FORMAT;
    }
    struct diffmm__pickle_value name;
    diffmm_status status = diffmm__pickle_lookup(pickle, text[0], size[0], text[1], size[1], &name);
    return status ? status : push(pickle, name);
}

/* STACK_GLOBAL: module and name from the stack. */
static diffmm_status push_stack_global(struct diffmm__pickle *pickle)
{
    const struct diffmm__pickle_value *text = top(pickle, 2);
    if (!text)
        return DIFFMM_ERROR_FORMAT;
    if (text[0].kind != DIFFMM__PICKLE_TEXT || text[1].kind != DIFFMM__PICKLE_TEXT)
        return diffmm__pickle_fail(pickle, "a name is not a text");
    struct diffmm__pickle_value name;
    diffmm_status status = diffmm__pickle_lookup(pickle, (const char *)text[0].bytes, text[0].size,
                                                 (const char *)text[1].bytes, text[1].size, &name);
    if (status)
        return status;
    pickle->depth -= 2;
    return push(pickle, name);
}

static diffmm_status store(struct diffmm__pickle *pickle, uint64_t index)
{
    const struct diffmm__pickle_value *value = top(pickle, 1);
    if (!value)
        return DIFFMM_ERROR_FORMAT;
    if (index >= DIFFMM__PICKLE_MAX_MEMO)
        return diffmm__pickle_fail(pickle, "it remembers more values than a matrix needs");
    pickle->memo_count += pickle->memo[index].kind == DIFFMM__PICKLE_MARK; /* a place unused */
    pickle->memo[index] = *value;
    return DIFFMM_OK;
}

static diffmm_status store_at(struct diffmm__pickle *pickle, size_t width)
{
    uint64_t index;
    return take_number(pickle, width, &index) ? store(pickle, index) : DIFFMM_ERROR_FORMAT;
}

static diffmm_status fetch(struct diffmm__pickle *pickle, size_t width)
{
    uint64_t index;
    if (!take_number(pickle, width, &index))
        return DIFFMM_ERROR_FORMAT;
    if (index >= DIFFMM__PICKLE_MAX_MEMO || pickle->memo[index].kind == DIFFMM__PICKLE_MARK)
        return diffmm__pickle_fail(pickle, "it asks for value %llu, which it never stored",
                                   (unsigned long long)index);
    return push(pickle, pickle->memo[index]);
}

static diffmm_status pop(struct diffmm__pickle *pickle)
{
    if (pickle->depth == 0)
        return diffmm__pickle_fail(pickle, "the stack has too few values");
    pickle->depth--;
    return DIFFMM_OK;
}

static diffmm_status push_dict(struct diffmm__pickle *pickle)
{
    struct diffmm__pickle_value dict;
    diffmm_status status = diffmm__pickle_dict(pickle, &dict);
    return status ? status : push(pickle, dict);
}

static diffmm_status push_kind(struct diffmm__pickle *pickle, enum diffmm__pickle_kind kind)
{
    return push(pickle, (struct diffmm__pickle_value){.kind = kind});
}

static diffmm_status skip(struct diffmm__pickle *pickle, size_t size)
{
    return take(pickle, size) ? DIFFMM_OK : DIFFMM_ERROR_FORMAT;
}

static diffmm_status check_protocol(struct diffmm__pickle *pickle)
{
    uint64_t protocol;
    if (!take_number(pickle, 1, &protocol))
        return DIFFMM_ERROR_FORMAT;
    if (protocol < 2 || protocol > 5)
        return diffmm__fail(DIFFMM_ERROR_VERSION, "%s: pickle protocol %d is not read, only 2 to 5",
                            pickle->path, (int)protocol);
    return DIFFMM_OK;
}

/* FRAME: so many bytes follow, whose end no instruction crosses. */
static diffmm_status begin_frame(struct diffmm__pickle *pickle)
{
    uint64_t size;
    if (!take_number(pickle, 8, &size))
        return DIFFMM_ERROR_FORMAT;
    size_t position = pickle->position;
    if (!take(pickle, size))
        return DIFFMM_ERROR_FORMAT;
    if (position >= pickle->frame)
        pickle->frame = pickle->position;
    pickle->position = position;
    return DIFFMM_OK;
}

static diffmm_status execute(struct diffmm__pickle *pickle, unsigned char code)
{
    switch (code) {
    case 0x80: return check_protocol(pickle);
    case 0x95: return begin_frame(pickle);
    case '(': return push_kind(pickle, DIFFMM__PICKLE_MARK);
    case '0': return pop(pickle);
    case 'N': return push_kind(pickle, DIFFMM__PICKLE_NONE);
    case 0x88: return push_boolean(pickle, true);
    case 0x89: return push_boolean(pickle, false);
    case 'K': return push_number(pickle, 1, false);
    case 'M': return push_number(pickle, 2, false);
    case 'J': return push_number(pickle, 4, true);
    case 0x8a: return push_long(pickle);
    case 'G':
        return skip(pickle, 8) ? DIFFMM_ERROR_FORMAT : push_kind(pickle, DIFFMM__PICKLE_OTHER);
    case 0x8c: return push_bytes(pickle, DIFFMM__PICKLE_TEXT, 1);
    case 'X': return push_bytes(pickle, DIFFMM__PICKLE_TEXT, 4);
    case 0x8d: return push_bytes(pickle, DIFFMM__PICKLE_TEXT, 8);
    case 'U': return push_bytes(pickle, DIFFMM__PICKLE_STRING, 1);
    case 'T': return push_bytes(pickle, DIFFMM__PICKLE_STRING, 4);
    case 'C': return push_bytes(pickle, DIFFMM__PICKLE_BYTES, 1);
    case 'B': return push_bytes(pickle, DIFFMM__PICKLE_BYTES, 4);
    case 0x8e: return push_bytes(pickle, DIFFMM__PICKLE_BYTES, 8);
    case 0x96: return push_bytes(pickle, DIFFMM__PICKLE_BYTEARRAY, 8);
    case ')': return make_tuple(pickle, 0, 0);
    case 0x85: return make_tuple(pickle, 1, 0);
    case 0x86: return make_tuple(pickle, 2, 0);
    case 0x87: return make_tuple(pickle, 3, 0);
    case 't': return make_marked_tuple(pickle);
    case '}': return push_dict(pickle);
    case 's': return set_items(pickle, 2, 0);
    case 'u': return set_marked_items(pickle);
    case 'c': return push_global(pickle);
    case 0x93: return push_stack_global(pickle);
    case 'R': return call(pickle, diffmm__pickle_call);
    case 0x81: return call(pickle, diffmm__pickle_new);
    case 'b': return build(pickle);
    case 'q': return store_at(pickle, 1);
    case 'r': return store_at(pickle, 4);
    case 0x94: return store(pickle, pickle->memo_count);
    case 'h': return fetch(pickle, 1);
    case 'j': return fetch(pickle, 4);
    default:
        return diffmm__pickle_fail(pickle,
                                   "instruction 0x%02x is not one that a scipy matrix needs", code);
    }
}

diffmm_status diffmm__pickle_run(struct diffmm__pickle *pickle, struct diffmm__pickle_value *out)
{
    for (size_t i = 0; i < DIFFMM__PICKLE_MAX_STEPS; i++) {
        pickle->step = pickle->position;
        const unsigned char *code = take(pickle, 1);
        if (!code)
            return DIFFMM_ERROR_FORMAT;
        if (i == 0 && *code != 0x80)
            return diffmm__pickle_fail(pickle, "this is not a pickle of protocol 2 to 5");
        if (*code == '.') {
            const struct diffmm__pickle_value *value = top(pickle, 1);
            if (!value)
                return DIFFMM_ERROR_FORMAT;
            *out = *value;
            return DIFFMM_OK;
        }
        diffmm_status status = execute(pickle, *code);
        if (status)
            return status;
    }
    return diffmm__pickle_fail(pickle, "it has more instructions than a matrix needs");
}
