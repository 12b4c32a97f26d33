/* SPDX-License-Identifier: BSD-2-Clause */
/* A database as this program needs it: the rows of one query, and one table that is replaced as a
 * whole. What differs from one database to the next is a `struct database_kind`. */
#ifndef DIFFMM_EXAMPLES_SQL_DATABASE_H
#define DIFFMM_EXAMPLES_SQL_DATABASE_H

#include <stdbool.h>
#include <stddef.h>

enum cell_type { CELL_NULL, CELL_INTEGER, CELL_REAL, CELL_TEXT, CELL_OTHER };

/* A value of a row. */
struct cell {
    enum cell_type type;
    const char *text; /* ends with NUL; valid until the next row. NULL for CELL_NULL, CELL_OTHER */
    size_t size;      /* bytes of the text */
};

enum { MOST_COLUMNS = 3 }; /* that are read */

/* The table for recommendations, with the columns user, item, rank and score. */
struct table {
    const char *name;                  /* or SCHEMA.NAME */
    bool integer_users, integer_items; /* what ids are, where the table does not exist yet */
    bool trial;                        /* nothing will be written: it need not be made empty */
};

/* A row of it. */
struct table_row {
    const char *user, *item;
    size_t rank; /* 1 for the best */
    float score;
};

struct database {
    const struct database_kind *kind;
    void *connection; /* of that kind */
    const char *query;
    bool querying;  /* the query runs, so that places in messages are places in it */
    size_t columns; /* that the query yields */
    char why[1024]; /* why the last call failed */
};

/* Calls that return bool write into `why` before they return false. */
struct database_kind {
    /* `writes` says whether a table will be written. */
    bool (*open)(struct database *database, const char *address, bool writes);
    void (*close)(struct database *database);

    /* Begin to run database->query, and set database->columns. The query may not change anything.
     */
    bool (*query)(struct database *database);
    const char *(*column_name)(struct database *database, size_t column);
    /* Its next row: MOST_COLUMNS cells, as far as there are columns. *more is false after the last
     * one, and then nothing of the query is left. */
    bool (*next)(struct database *database, struct cell *cells, bool *more);

    /* Begin a transaction in which the table is made, unless it is there, and made empty. */
    bool (*table_begin)(struct database *database, const struct table *table);
    bool (*table_add)(struct database *database, const struct table_row *row);
    /* Make all this happen, or, unless `good`, none of it. */
    bool (*table_end)(struct database *database, bool good);
};

/* The kinds, as far as the program was built with them (DIFFMM_HAVE_SQLITE, DIFFMM_HAVE_POSTGRESQL). */
extern const struct database_kind *const database_sqlite, *const database_postgresql;

/* Say why a call failed. Always false. */
bool database_fail(struct database *database, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same with the place in the query: that many bytes from its beginning. */
bool database_fail_at(struct database *database, size_t byte, const char *message);

#endif
