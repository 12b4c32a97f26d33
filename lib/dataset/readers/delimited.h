/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of text: a header, then a record a line, of fields with a separator between them. Lines
 * are those of dataset/readers/lines.h; empty ones are skipped. Of all columns only those are kept
 * that are asked for by name. */
#ifndef DIFFMM_DATASET_READERS_DELIMITED_H
#define DIFFMM_DATASET_READERS_DELIMITED_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

/* How fields are written. With quotes, those of RFC 4180: a field in quotes may hold separators,
 * line ends, and quotes as two; without, a quote is a character like any other. */
struct diffmm__dialect {
    char separator;
    bool quotes;
};

/* A name that a column may have in the header, and what the column is then. */
struct diffmm__column_name {
    const char *name;
    size_t column; /* below DIFFMM__MOST_COLUMNS */
};

enum { DIFFMM__MOST_COLUMNS = 8 };

struct diffmm__field {
    const char *text;
    size_t length;
};

struct diffmm__delimited {
    const diffmm_context *context;
    struct diffmm__dialect dialect;
    const char *path; /* for messages */
    const char *next, *end;
    size_t line;                        /* of what comes next */
    size_t record_line;                 /* of the record that was read last */
    size_t width;                       /* columns of the header */
    size_t place[DIFFMM__MOST_COLUMNS]; /* of each wanted column; SIZE_MAX: there is none */
    struct diffmm__field fields[DIFFMM__MOST_COLUMNS]; /* of the record; empty: there is none */
    char *copy[DIFFMM__MOST_COLUMNS];                  /* what these point to */
    size_t copy_capacity[DIFFMM__MOST_COLUMNS];
};

/* Begin a table in memory, of `size` bytes, and read its header. Each column may occur once. */
diffmm_status diffmm__delimited_begin(const diffmm_context *context, struct diffmm__dialect dialect,
                                      const struct diffmm__column_name *names, size_t name_count,
                                      const char *text, size_t size, const char *path,
                                      struct diffmm__delimited *out);
void diffmm__delimited_end(struct diffmm__delimited *table);

/* Read the next record into `fields`; *found is false after the last. The text may change
 * meanwhile: fields are copies. */
diffmm_status diffmm__delimited_next(struct diffmm__delimited *table, bool *found);

/* DIFFMM_ERROR_FORMAT with file and line of the present record, and what is wrong there. */
diffmm_status diffmm__delimited_fail(const struct diffmm__delimited *table, const char *what);

#endif
