/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON (RFC 8259) as it was read: one array of values, each list followed by what is in it, and one
 * copy of the text, which holds the strings. Texts come from strangers: time follows the text's
 * length, and memory is at most 22 times as much (24 bytes for a value, which takes at least two of
 * the text; up to 32 for a key, while keys are compared, which takes at least four with its value).
 */
#ifndef DIFFMM_BASE_JSON_H
#define DIFFMM_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diffmm/context.h>

enum diffmm__json_kind {
    DIFFMM__JSON_NULL,
    DIFFMM__JSON_FALSE,
    DIFFMM__JSON_TRUE,
    DIFFMM__JSON_INTEGER, /* written without '.' and exponent, and within 64 bits */
    DIFFMM__JSON_REAL,    /* any other number */
    DIFFMM__JSON_STRING,
    DIFFMM__JSON_ARRAY,
    DIFFMM__JSON_OBJECT
};

struct diffmm__json_value {
    const char *key; /* of a member of an object; else NULL */
    union {
        int64_t integer;
        double real;
        const char *string; /* UTF-8, without NUL but the one at its end */
        size_t count;       /* of a list's values */
    } as;
    uint32_t next; /* values from here to the next of the same list; 0: there is none */
    enum diffmm__json_kind kind;
};

struct diffmm__json {
    const diffmm_context *context;
    char *text;
    struct diffmm__json_value *values; /* the first is the whole */
};

/* One that is all zero has no values, and may be ended too. */
void diffmm__json_end(struct diffmm__json *json);

/* Values may be NULL in what follows: of such a kind is none, and nothing is in it. */
bool diffmm__json_is(const struct diffmm__json_value *value, enum diffmm__json_kind kind);

/* How many values a list has, its first one, and the one after that: NULL where there is none. */
size_t diffmm__json_count(const struct diffmm__json_value *list);
const struct diffmm__json_value *diffmm__json_first(const struct diffmm__json_value *list);
const struct diffmm__json_value *diffmm__json_next(const struct diffmm__json_value *value);

/* A member of an object, or NULL. Looks at each member: for a few of an object's, not for all. */
const struct diffmm__json_value *diffmm__json_get(const struct diffmm__json_value *object,
                                                  const char *key);

/* NULL, or false, if the value is of another kind. An integer is a real, too. */
const char *diffmm__json_string(const struct diffmm__json_value *value);
bool diffmm__json_integer(const struct diffmm__json_value *value, int64_t *out);
bool diffmm__json_real(const struct diffmm__json_value *value, double *out);

/* A number of things: an integer from 0 on. */
bool diffmm__json_size(const struct diffmm__json_value *value, size_t *out);

#endif
