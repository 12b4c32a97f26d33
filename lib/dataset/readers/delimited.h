/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of text: a record a line, of fields with a separator between them. Lines are those of
 * dataset/readers/lines.h; empty ones after the first are skipped. Whoever reads a table looks at
 * its first line, says which columns are kept and where they stand, and whether that line is a
 * header. */
#ifndef DIFFMM_DATASET_READERS_DELIMITED_H
#define DIFFMM_DATASET_READERS_DELIMITED_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/context.h>

#include "dataset/readers/compressed.h"

/* How fields are written. With quotes, those of RFC 4180: a field in quotes may hold separators,
 * line ends, and quotes as two; without, a quote is a character like any other. */
struct diffmm__dialect {
    char separator;
    bool quotes;
    bool twice; /* the separator is this character twice */
    bool runs;  /* the separator may be repeated, and come before the first and after the last */
};

enum { DIFFMM__MOST_COLUMNS = 8 };

struct diffmm__field {
    const char *text;
    size_t length;
};

struct diffmm__delimited {
    const diffmm_context *context;
    struct diffmm__dialect dialect;
    bool stops[256];  /* the characters at which a field may end */
    const char *path; /* for messages */
    const char *begin, *next, *end;
    struct diffmm__compressed *source; /* what follows after `end` comes from there; or NULL */
    char *window;                      /* then the text that has been unpacked, else NULL */
    size_t window_capacity;
    bool source_ended;
    size_t line;                        /* of what comes next */
    size_t record_line;                 /* of the record that was read last */
    size_t reading;                     /* the column that is being read, from 0 */
    bool headless;                      /* the first line is a record */
    size_t width;                       /* columns of the first line */
    size_t place[DIFFMM__MOST_COLUMNS]; /* of each wanted column; SIZE_MAX: there is none */
    struct diffmm__field fields[DIFFMM__MOST_COLUMNS]; /* of the record, each ended by NUL */
    char *copy[DIFFMM__MOST_COLUMNS];                  /* what these point to */
    size_t copy_capacity[DIFFMM__MOST_COLUMNS];
};

/* Begin a table in memory, of `size` bytes, or one that is unpacked, whose records may be up to 16
 * MiB each. None of its columns is kept yet. The first line, from out->next on, may be looked at;
 * then diffmm__delimited_use() says how the table is written. */
diffmm_status diffmm__delimited_begin(const diffmm_context *context, const char *text, size_t size,
                                      const char *path, struct diffmm__delimited *out);
diffmm_status diffmm__delimited_begin_compressed(const diffmm_context *context,
                                                 struct diffmm__compressed *source,
                                                 const char *path, struct diffmm__delimited *out);
void diffmm__delimited_use(struct diffmm__delimited *table, struct diffmm__dialect dialect);
void diffmm__delimited_end(struct diffmm__delimited *table);

/* Read the next field of the first line as it stands in the file; *last tells that it is the last
 * one. The fields are counted in `width`. */
diffmm_status diffmm__delimited_first(struct diffmm__delimited *table, struct diffmm__field *field,
                                      bool *last);

/* Go back to the first line, which is a record and no header. */
void diffmm__delimited_rewind(struct diffmm__delimited *table);

/* Read the next record into `fields`; *found is false after the last. The text may change
 * meanwhile: fields are copies. */
diffmm_status diffmm__delimited_next(struct diffmm__delimited *table, bool *found);

#endif
