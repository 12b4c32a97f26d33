/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading JSON (RFC 8259), by recursive descent, into jansson's values. jansson's own parser is not
 * used: where malloc fails within a long string, version 2.14 goes on without the byte it had no
 * room for, reads past the end of what it has, or ends the process by an assertion. */
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"

enum { max_depth = 200 };

struct reader {
    const char *text, *name;
    size_t at, size;
    char *tokens; /* strings and numbers with their NUL, each at its place in the text */
    int depth;
    diffmm_status status;
};

static json_t *read_value(struct reader *reader);

static json_t *fail(struct reader *reader, const char *what)
{
    reader->status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: JSON, byte %zu: %s", reader->name,
                                  reader->at + 1, what);
    return NULL;
}

/* A call of jansson has failed: for want of memory, or because a string is not UTF-8. */
static json_t *fail_call(struct reader *reader)
{
    if (!diffmm__malloc_failed())
        return fail(reader, "a string is not UTF-8");
    reader->status =
        diffmm__fail(DIFFMM_ERROR_NO_MEMORY, "%s: no memory to read JSON", reader->name);
    return NULL;
}

static json_t *checked(struct reader *reader, json_t *value)
{
    return value ? value : fail_call(reader);
}

/* The next byte, or 0 at the end; a NUL belongs nowhere in JSON. */
static char peek(const struct reader *reader)
{
    return reader->at < reader->size ? reader->text[reader->at] : '\0';
}

static bool accept(struct reader *reader, char wanted)
{
    if (peek(reader) != wanted || reader->at == reader->size)
        return false;
    reader->at++;
    return true;
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->size && memchr(" \t\r\n", reader->text[reader->at], 4))
        reader->at++;
}

/* Four hexadecimal digits, or -1. */
static int read_hex(struct reader *reader)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    int value = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        const char *digit = peek(reader) ? strchr(digits, peek(reader)) : NULL;
        if (!digit)
            return -1;
        value = value * 16 + (int)((digit - digits) % 16);
    }
    return value;
}

/* What stands after \u: one character, or two that make one. 0 is none. */
static unsigned read_code_point(struct reader *reader)
{
    int first = read_hex(reader);
    if (first < 0 || (first >= 0xdc00 && first <= 0xdfff))
        return 0;
    if (first < 0xd800 || first > 0xdbff)
        return (unsigned)first;
    int second = accept(reader, '\\') && accept(reader, 'u') ? read_hex(reader) : -1;
    if (second < 0xdc00 || second > 0xdfff)
        return 0;
    return 0x10000u + ((unsigned)(first - 0xd800) << 10) + (unsigned)(second - 0xdc00);
}

/* UTF-8: never longer than the escape that it was. */
static char *put_code_point(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xe0 | code >> 12);
        } else {
            *out++ = (char)(0xf0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* What stands after a backslash; NULL if nothing that may. */
static char *read_escape(struct reader *reader, char *out)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (accept(reader, 'u')) {
        unsigned code = read_code_point(reader);
        return code ? put_code_point(out, code) : NULL;
    }
    const char *name = peek(reader) ? strchr(names, peek(reader)) : NULL;
    if (!name)
        return NULL;
    reader->at++;
    *out++ = meanings[name - names];
    return out;
}

/* A string, whose quote comes next; NULL on failure. */
static const char *read_string(struct reader *reader)
{
    char *begin = reader->tokens + reader->at++, *out = begin;
    for (;;) {
        if (reader->at == reader->size)
            return fail(reader, "a string has no end"), NULL;
        unsigned char byte = (unsigned char)reader->text[reader->at];
        if (byte < 0x20)
            return fail(reader, "a string has a control character"), NULL;
        reader->at++;
        if (byte == '"')
            break;
        if (byte != '\\')
            *out++ = (char)byte;
        else if (!(out = read_escape(reader, out)))
            return fail(reader, "a string has an escape that is none"), NULL;
    }
    *out = '\0';
    return begin;
}

static bool skip_digits(struct reader *reader)
{
    size_t begin = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return reader->at > begin;
}

static json_t *read_number(struct reader *reader)
{
    size_t begin = reader->at;
    bool whole = true, good = true;
    accept(reader, '-');
    if (!accept(reader, '0'))
        good = skip_digits(reader);
    if (good && accept(reader, '.')) {
        whole = false;
        good = skip_digits(reader);
    }
    if (good && (accept(reader, 'e') || accept(reader, 'E'))) {
        whole = false;
        if (!accept(reader, '-'))
            accept(reader, '+');
        good = skip_digits(reader);
    }
    if (!good)
        return fail(reader, "a number lacks a digit");
    size_t length = reader->at - begin;
    char *token = reader->tokens + begin;
    memcpy(token, reader->text + begin, length);
    token[length] = '\0';
    int64_t integer;
    double real;
    if (whole)
        return diffmm__read_integer(token, &integer)
                   ? checked(reader, json_integer((json_int_t)integer))
                   : fail(reader, "an integer does not fit into 64 bits");
    return diffmm__read_real(token, &real) ? checked(reader, json_real(real))
                                           : fail(reader, "a number is too large");
}

static json_t *read_word(struct reader *reader)
{
    static const char *const words[] = {"true", "false", "null"};
    for (int w = 0; w < 3; w++) {
        size_t length = strlen(words[w]);
        if (reader->size - reader->at < length ||
            memcmp(reader->text + reader->at, words[w], length) != 0)
            continue;
        reader->at += length;
        return w == 0 ? json_true() : w == 1 ? json_false() : json_null();
    }
    return fail(reader, "a value is missing");
}

/* After an element: whether another follows; at the closing bracket, or on failure, none does. */
static bool read_separator(struct reader *reader, char close)
{
    skip_space(reader);
    if (accept(reader, ','))
        return true;
    if (!accept(reader, close))
        fail(reader, close == ']' ? "',' or ']' is missing" : "',' or '}' is missing");
    return false;
}

static void read_element(struct reader *reader, json_t *array)
{
    json_t *value = read_value(reader);
    if (value && json_array_append_new(array, value))
        fail_call(reader);
}

static void read_member(struct reader *reader, json_t *object)
{
    skip_space(reader);
    if (peek(reader) != '"') {
        fail(reader, "a key is missing");
        return;
    }
    const char *key = read_string(reader);
    if (!key)
        return;
    if (json_object_get(object, key)) {
        reader->status = diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: JSON, byte %zu: duplicate key '%s'",
                                      reader->name, reader->at + 1, key);
        return;
    }
    skip_space(reader);
    if (!accept(reader, ':')) {
        fail(reader, "':' is missing");
        return;
    }
    json_t *value = read_value(reader);
    if (value && json_object_set_new(object, key, value))
        fail_call(reader);
}

/* An array or an object, whose bracket was the last byte. */
static json_t *read_list(struct reader *reader, char close)
{
    json_t *list = checked(reader, close == ']' ? json_array() : json_object());
    if (!list)
        return NULL;
    skip_space(reader);
    bool more = !accept(reader, close);
    if (more && ++reader->depth > max_depth)
        fail(reader, "lists are nested too deeply");
    while (more && !reader->status) {
        if (close == ']')
            read_element(reader, list);
        else
            read_member(reader, list);
        more = !reader->status && read_separator(reader, close);
        if (!more)
            reader->depth--;
    }
    if (!reader->status)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *read_value(struct reader *reader)
{
    skip_space(reader);
    if (accept(reader, '['))
        return read_list(reader, ']');
    if (accept(reader, '{'))
        return read_list(reader, '}');
    char next = peek(reader);
    if (next == '-' || (next >= '0' && next <= '9'))
        return read_number(reader);
    if (next != '"')
        return read_word(reader);
    const char *string = read_string(reader);
    return string ? checked(reader, json_string(string)) : NULL;
}

diffmm_status diffmm__json_parse(const char *text, size_t size, const char *name, json_t **out)
{
    struct reader reader = {.text = text, .name = name, .size = size};
    reader.tokens = diffmm__allocate(NULL, size + 1, 1);
    if (!reader.tokens)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__malloc_watch();
    skip_space(&reader);
    json_t *json = NULL;
    if (peek(&reader) == '[' || peek(&reader) == '{')
        json = read_value(&reader);
    else
        fail(&reader, "neither a list nor an object");
    skip_space(&reader);
    if (json && reader.at < size)
        fail(&reader, "more than one value");
    diffmm__release(NULL, reader.tokens);
    if (reader.status) {
        json_decref(json);
        return reader.status;
    }
    *out = json;
    return DIFFMM_OK;
}
