/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON (RFC 8259) that was read: one array of values, in which each list is followed by its
 * elements, and one copy of the text, which holds the strings.
 *
 * Texts come from strangers, so time is linear in the text's length, and memory is at most 22 times
 * the text's length: 24 bytes for a value, which takes at least two bytes of the text; and up to 32
 * for a key, while keys are compared, which takes at least four bytes together with its value. */
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
    const char *key; /* where the value is a member of an object; else NULL */
    union {
        int64_t integer;
        double real;
        const char *string; /* UTF-8; has no NUL before the one at its end */
        size_t count;       /* the number of elements, or of members */
    } as;
    uint32_t next; /* distance to the next value of the same list; 0 for the last */
    enum diffmm__json_kind kind;
};

struct diffmm__json {
    const diffmm_context *context;
    char *text;
    struct diffmm__json_value *values; /* the first one is the outermost */
};

/* What is all zero has no values, and may be ended too. */
void diffmm__json_end(struct diffmm__json *json);

/* In all that follows, a value may be NULL: it is of no kind, and has no elements. */
bool diffmm__json_is(const struct diffmm__json_value *value, enum diffmm__json_kind kind);

/* The number of elements of a list, the first element, and the element after another; NULL where
 * there is none. */
size_t diffmm__json_count(const struct diffmm__json_value *list);
const struct diffmm__json_value *diffmm__json_first(const struct diffmm__json_value *list);
const struct diffmm__json_value *diffmm__json_next(const struct diffmm__json_value *value);

/* A member of an object by its key, or NULL. Compares the keys one by one: meant for a few members
 * of an object, not for all. */
const struct diffmm__json_value *diffmm__json_get(const struct diffmm__json_value *object,
                                                  const char *key);

/* The value, or NULL or false if it is of another kind. An integer is a real, too. */
const char *diffmm__json_string(const struct diffmm__json_value *value);
bool diffmm__json_integer(const struct diffmm__json_value *value, int64_t *out);
bool diffmm__json_real(const struct diffmm__json_value *value, double *out);

/* A count: an integer that is not negative. */
bool diffmm__json_size(const struct diffmm__json_value *value, size_t *out);

#endif
