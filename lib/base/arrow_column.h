/* SPDX-License-Identifier: BSD-2-Clause */
/* A column of a stream of tables: what type it has, and the values of the table that the stream is
 * at. */
#ifndef DIFFMM_BASE_ARROW_COLUMN_H
#define DIFFMM_BASE_ARROW_COLUMN_H

#include "base/arrow_input.h"
#include "base/arrow_type.h"

/* Values of one type, of one array. */
struct diffmm__arrow_values {
    struct diffmm__arrow_type type;
    int64_t length, offset;
    const uint8_t *validity; /* or NULL: none is missing */
    const void *data;        /* of text: its characters; of lists: not used */
    const void *offsets;     /* of text and lists */
    const void *const *more; /* of text views: further characters */
    const int64_t *more_sizes;
    int64_t more_count;
};

struct diffmm__arrow_column {
    const struct diffmm__arrow_input *input;
    size_t place; /* among the columns */
    const char *title;
    bool has_dictionary;                  /* then `codes` say which of `values` each row has */
    struct diffmm__arrow_values codes;    /* of type integer */
    struct diffmm__arrow_values values;   /* of the rows, or of the dictionary */
    struct diffmm__arrow_values elements; /* of lists */
};

/* Read the type of a column, and go to the values of the stream's table. */
diffmm_status diffmm__arrow_column_begin(struct diffmm__arrow_column *column,
                                         const struct diffmm__arrow_input *input, size_t place);
diffmm_status diffmm__arrow_column_enter(struct diffmm__arrow_column *column);

/* DIFFMM_ERROR_UNSUPPORTED: the column has a type that is not read there. */
diffmm_status diffmm__arrow_column_refuse(const struct diffmm__arrow_column *column,
                                          const char *wanted);

/* An error that names row (of the table) and column, and says `what` of them. */
diffmm_status diffmm__arrow_column_fail(const struct diffmm__arrow_column *column,
                                        diffmm_status status, int64_t row, const char *what);

/* Where among the values a row of the table has its own; *at is -1 where it is null. */
diffmm_status diffmm__arrow_column_locate(const struct diffmm__arrow_column *column, int64_t row,
                                          int64_t *at);

/* The value at a place, for a column of such a type; `row` is for messages. Text is borrowed from the
 * table. An integer is one of an integer type or a boolean, a real any number; a time has its unit
 * turned into microseconds. */
diffmm_status diffmm__arrow_column_text(const struct diffmm__arrow_column *column, int64_t row,
                                        int64_t at, const char **text, size_t *length);
diffmm_status diffmm__arrow_column_integer(const struct diffmm__arrow_column *column, int64_t row,
                                           int64_t at, int64_t *value);
diffmm_status diffmm__arrow_column_time(const struct diffmm__arrow_column *column, int64_t row,
                                        int64_t at, int64_t *microseconds);
double diffmm__arrow_column_real(const struct diffmm__arrow_column *column, int64_t at);

/* An integer's decimal digits; returns how many characters. */
enum { DIFFMM__ARROW_DIGITS = 24 };
size_t diffmm__arrow_column_digits(const struct diffmm__arrow_column *column, int64_t at,
                                   char text[DIFFMM__ARROW_DIGITS]);

/* A list: where its elements begin, and how many there are. */
diffmm_status diffmm__arrow_column_list(const struct diffmm__arrow_column *column, int64_t row,
                                        int64_t at, int64_t *begin, int64_t *count);
/* An element, and whether it is null. */
bool diffmm__arrow_column_has_element(const struct diffmm__arrow_column *column, int64_t element);
double diffmm__arrow_column_element(const struct diffmm__arrow_column *column, int64_t element);

#endif
