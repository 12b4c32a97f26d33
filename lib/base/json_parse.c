/* SPDX-License-Identifier: BSD-2-Clause */
/* A recursive-descent parser. */
#include "base/json_parse.h"

#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/utf8.h"

enum { max_depth = 200 };

/* A key that has been read: where it begins in the text, and the number of the object that has
 * it. */
struct known_key {
    uint32_t key, object; /* key 0: the slot is free */
};

struct reader {
    const char *name;
    char *text; /* strings are decoded in place: none becomes longer */
    size_t at, size;
    struct diffmm__json_value *values;
    uint32_t count;
    struct known_key *keys; /* an open-addressing hash table of all objects' keys */
    size_t key_slots;
    struct diffmm__hash_key hash_key;
    int depth;
};

typedef struct diffmm__json_value value;

static value *read_value(struct reader *reader);

static void *fail(const struct reader *reader, const char *what)
{
    diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: JSON, byte %zu: %s", reader->name, reader->at + 1, what);
    return NULL;
}

/* The next byte, or 0 at the end. NUL is not allowed anywhere in JSON. */
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

/* The value of four hexadecimal digits, or -1. */
static int read_hex(struct reader *reader)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    int number = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        const char *digit = peek(reader) ? strchr(digits, peek(reader)) : NULL;
        if (!digit)
            return -1;
        number = number * 16 + (int)((digit - digits) % 16);
    }
    return number;
}

/* The code point after \u: of one escape, or of a surrogate pair of two. 0 if it is malformed. */
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

/* Encode as UTF-8, which is never longer than the escape was. */
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

/* Decode the escape after a backslash; NULL if there is no such escape. */
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

/* Read a string; the next byte is its quote. NULL on failure. */
static const char *read_string(struct reader *reader)
{
    char *begin = reader->text + reader->at++, *out = begin;
    for (;;) {
        if (reader->at == reader->size)
            return fail(reader, "a string has no end");
        unsigned char byte = (unsigned char)reader->text[reader->at];
        if (byte < 0x20)
            return fail(reader, "a string has a control character");
        reader->at++;
        if (byte == '"')
            break;
        if (byte != '\\')
            *out++ = (char)byte;
        else if (!(out = read_escape(reader, out)))
            return fail(reader, "a string has an invalid escape");
    }
    if (!diffmm__is_utf8(begin, (size_t)(out - begin)))
        return fail(reader, "a string is not UTF-8");
    *out = '\0';
    return begin;
}

/* Append a value to the array, which has room for all (count_values). */
static value *put(struct reader *reader, enum diffmm__json_kind kind)
{
    value *made = &reader->values[reader->count++];
    *made = (value){.kind = kind};
    return made;
}

static bool skip_digits(struct reader *reader)
{
    size_t begin = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return reader->at > begin;
}

/* Skip a number. False if it is malformed; *whole says that it has neither a fraction nor an
 * exponent. */
static bool skip_number(struct reader *reader, bool *whole)
{
    *whole = true;
    accept(reader, '-');
    if (!accept(reader, '0') && !skip_digits(reader))
        return false;
    if (accept(reader, '.')) {
        *whole = false;
        if (!skip_digits(reader))
            return false;
    }
    if (!accept(reader, 'e') && !accept(reader, 'E'))
        return true;
    *whole = false;
    if (!accept(reader, '-'))
        accept(reader, '+');
    return skip_digits(reader);
}

static value *read_number(struct reader *reader)
{
    const char *token = reader->text + reader->at;
    bool whole;
    if (!skip_number(reader, &whole))
        return fail(reader, "a number lacks a digit");
    char *end = reader->text + reader->at, after = *end;
    int64_t integer = 0;
    double real = 0.0;
    *end = '\0';
    whole = whole && diffmm__read_integer(token, &integer);
    bool fits = whole || diffmm__read_real(token, &real);
    *end = after;
    if (!fits)
        return fail(reader, "a number is too large");
    value *number = put(reader, whole ? DIFFMM__JSON_INTEGER : DIFFMM__JSON_REAL);
    if (whole)
        number->as.integer = integer;
    else
        number->as.real = real;
    return number;
}

static value *read_word(struct reader *reader)
{
    static const struct {
        const char *text;
        enum diffmm__json_kind kind;
    } words[] = {
        {"true", DIFFMM__JSON_TRUE}, {"false", DIFFMM__JSON_FALSE}, {"null", DIFFMM__JSON_NULL}};
    for (int w = 0; w < 3; w++) {
        size_t length = strlen(words[w].text);
        if (reader->size - reader->at < length ||
            memcmp(reader->text + reader->at, words[w].text, length) != 0)
            continue;
        reader->at += length;
        return put(reader, words[w].kind);
    }
    return fail(reader, "a value is missing");
}

/* Remember a key of object `object`; false if the object has that key already. */
static bool remember(struct reader *reader, uint32_t object, const char *key)
{
    uint64_t hash =
        diffmm__hash(reader->hash_key, key, strlen(key)) + object * UINT64_C(0x9e3779b97f4a7c15);
    size_t slot = (size_t)(hash ^ hash >> 32) & (reader->key_slots - 1);
    for (; reader->keys[slot].key > 0; slot = (slot + 1) & (reader->key_slots - 1))
        if (reader->keys[slot].object == object &&
            strcmp(reader->text + reader->keys[slot].key, key) == 0)
            return false;
    reader->keys[slot] = (struct known_key){(uint32_t)(key - reader->text), object};
    return true;
}

static value *read_member(struct reader *reader, uint32_t object)
{
    skip_space(reader);
    if (peek(reader) != '"')
        return fail(reader, "a key is missing");
    const char *key = read_string(reader);
    if (!key)
        return NULL;
    if (!remember(reader, object, key)) {
        diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: JSON, byte %zu: duplicate key '%s'", reader->name,
                     reader->at + 1, key);
        return NULL;
    }
    skip_space(reader);
    if (!accept(reader, ':'))
        return fail(reader, "':' is missing");
    value *member = read_value(reader);
    if (member)
        member->key = key;
    return member;
}

/* Read an array or an object, whose opening bracket has just been read. */
static value *read_list(struct reader *reader, char close)
{
    uint32_t number = reader->count;
    value *list = put(reader, close == ']' ? DIFFMM__JSON_ARRAY : DIFFMM__JSON_OBJECT),
          *last = NULL;
    skip_space(reader);
    if (accept(reader, close))
        return list;
    if (++reader->depth > max_depth)
        return fail(reader, "lists are nested too deeply");
    do {
        value *next = close == ']' ? read_value(reader) : read_member(reader, number);
        if (!next)
            return NULL;
        if (last)
            last->next = (uint32_t)(next - last);
        last = next;
        list->as.count++;
        skip_space(reader);
    } while (accept(reader, ','));
    if (!accept(reader, close))
        return fail(reader, close == ']' ? "',' or ']' is missing" : "',' or '}' is missing");
    reader->depth--;
    return list;
}

static value *read_value(struct reader *reader)
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
    if (!string)
        return NULL;
    value *made = put(reader, DIFFMM__JSON_STRING);
    made->as.string = string;
    return made;
}

static const value *read_whole(struct reader *reader)
{
    skip_space(reader);
    if (peek(reader) != '[' && peek(reader) != '{')
        return fail(reader, "neither a list nor an object");
    const value *whole = read_value(reader);
    if (!whole)
        return NULL;
    skip_space(reader);
    return reader->at == reader->size ? whole : fail(reader, "more than one value");
}

/* Upper bounds of the numbers of values and keys. The first value opens the text, and every other
 * one follows a bracket or a comma; every key is followed by a colon. A text that is not JSON may
 * consist of commas, so the bytes that a value or a key takes at least bound the numbers as well: of
 * a value two, with its bracket or comma; but one of the last value, and of lists that are still
 * open when reading fails, which is max_depth + 1 at the latest. */
static void count_values(const char *text, size_t size, size_t *values, size_t *keys)
{
    bool in_string = false;
    *values = 1;
    *keys = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"')
            in_string = !in_string;
        else if (in_string)
            i += text[i] == '\\';
        else if (text[i] == ':')
            ++*keys;
        else
            *values += text[i] == ',' || text[i] == '[' || text[i] == '{';
    }
    *values = diffmm__size_lesser(*values, size / 2 + max_depth + 2);
    *keys = diffmm__size_lesser(*keys, size / 4 + 1);
}

/* Slots of a table that is at most half full. */
static size_t slots_for(size_t keys)
{
    size_t slots = 2;
    while (slots < 2 * keys)
        slots *= 2;
    return slots;
}

diffmm_status diffmm__json_parse(const diffmm_context *context, const char *text, size_t size,
                                 const char *name, struct diffmm__json *out)
{
    size_t values, keys;
    if (size >= UINT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu bytes of JSON are too many", name, size);
    struct diffmm__json json = {.context = context};
    struct reader reader = {.name = name, .size = size, .hash_key = diffmm__hash_key_draw()};
    json.text = reader.text = diffmm__allocate(context, size + 1, 1);
    if (!json.text)
        return DIFFMM_ERROR_NO_MEMORY;
    if (size > 0)
        memcpy(json.text, text, size);
    json.text[size] = '\0';
    count_values(json.text, size, &values, &keys);
    reader.key_slots = slots_for(keys);
    json.values = reader.values = diffmm__allocate(context, values, sizeof *json.values);
    reader.keys = diffmm__allocate_zero(context, reader.key_slots, sizeof *reader.keys);
    diffmm_status status = json.values && reader.keys ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
    if (!status && !read_whole(&reader))
        status = DIFFMM_ERROR_FORMAT;
    diffmm__release(context, reader.keys);
    if (status) {
        diffmm__json_end(&json);
        return status;
    }
    *out = json;
    return DIFFMM_OK;
}
