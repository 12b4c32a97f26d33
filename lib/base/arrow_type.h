/* SPDX-License-Identifier: BSD-2-Clause */
/* The types of columns, as far as they are read. */
#ifndef DIFFMM_BASE_ARROW_TYPE_H
#define DIFFMM_BASE_ARROW_TYPE_H

#include <stdbool.h>

#include <diffmm/arrow.h>

enum diffmm__arrow_kind {
    DIFFMM__ARROW_OTHER,   /* a type that is not read */
    DIFFMM__ARROW_NOTHING, /* all values are null */
    DIFFMM__ARROW_BOOLEAN,
    DIFFMM__ARROW_SIGNED,
    DIFFMM__ARROW_UNSIGNED,
    DIFFMM__ARROW_REAL,
    DIFFMM__ARROW_DECIMAL,
    DIFFMM__ARROW_TIME, /* an integer, in a unit of its own */
    DIFFMM__ARROW_TEXT,
    DIFFMM__ARROW_TEXT_VIEW,
    DIFFMM__ARROW_LIST,
    DIFFMM__ARROW_FIXED_LIST
};

struct diffmm__arrow_type {
    enum diffmm__arrow_kind kind;
    size_t width;      /* bytes of a value; of text and lists: of an offset; of booleans: 0 */
    int scale;         /* decimals: digits behind the point */
    int64_t times, by; /* times: microseconds of a value, times / by */
    int64_t size;      /* fixed lists: values of each */
};

/* Read a type from its text in the schema. */
struct diffmm__arrow_type diffmm__arrow_type_read(const char *format);

/* How many buffers an array of the type has; text views have at least so many. */
int64_t diffmm__arrow_type_buffers(struct diffmm__arrow_type type);

static inline bool diffmm__arrow_type_is_integer(struct diffmm__arrow_type type)
{
    return type.kind == DIFFMM__ARROW_SIGNED || type.kind == DIFFMM__ARROW_UNSIGNED;
}

static inline bool diffmm__arrow_type_is_text(struct diffmm__arrow_type type)
{
    return type.kind == DIFFMM__ARROW_TEXT || type.kind == DIFFMM__ARROW_TEXT_VIEW;
}

static inline bool diffmm__arrow_type_is_list(struct diffmm__arrow_type type)
{
    return type.kind == DIFFMM__ARROW_LIST || type.kind == DIFFMM__ARROW_FIXED_LIST;
}

/* Whether its values are numbers that say how much of something there is. */
static inline bool diffmm__arrow_type_is_number(struct diffmm__arrow_type type)
{
    return diffmm__arrow_type_is_integer(type) || type.kind == DIFFMM__ARROW_REAL ||
           type.kind == DIFFMM__ARROW_DECIMAL || type.kind == DIFFMM__ARROW_BOOLEAN;
}

#endif
