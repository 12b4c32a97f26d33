/* SPDX-License-Identifier: BSD-2-Clause */
/* A database for the tests of diffmm_sql: sql_sqlite.c and sql_postgresql.c. Its tables are in a
 * place of their own for each test. Calls fail the test. */
#ifndef DIFFMM_TESTS_SQL_DATABASE_H
#define DIFFMM_TESTS_SQL_DATABASE_H

#include <stddef.h>

#include "program.h"

/* How to name it to diffmm_sql: --sqlite, --postgresql. */
extern const char sql_option[];
const char *sql_address(void);

/* Make ready for all tests, and end; an exit status of the test program, 0 for going on. */
int sql_start(void);
void sql_stop(void);

/* Before and after each test, in its folder. */
void sql_begin(void);
void sql_end(void);

/* Run statements. */
void sql_execute(const char *statements);

/* The values of a query: lines of texts that tabs part. The caller frees it. */
char *sql_select(const char *query);

/* Puts rows of a table in the order in which they were written: ORDER BY .. */
extern const char sql_as_written[];

/* What stands in the message about a CHECK that failed. */
extern const char sql_check_failed[];

/* Queries that this database refuses, or their rows, in words of its own. */
struct sql_refused {
    const char *query, *reason;
};
extern const struct sql_refused sql_refused[];
extern const size_t sql_refused_count;

/* The same of queries with a timestamp. */
extern const struct sql_refused sql_wrong_times[];
extern const size_t sql_wrong_time_count;

#endif
