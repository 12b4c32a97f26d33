/* SPDX-License-Identifier: BSD-2-Clause */
/* DuckDB, by the functions of its C interface that hand tables over. */
#ifndef DIFFMM_TESTS_DUCKDB_DATABASE_H
#define DIFFMM_TESTS_DUCKDB_DATABASE_H

#include <stdbool.h>

#include <diffmm/arrow.h>

/* Load the library that DIFFMM_DUCKDB names, or else libduckdb.so, as the system finds it; false
 * where there is none. */
bool database_load(void);

/* A database in memory. */
void database_open(void);
void database_close(void);

/* Run statements that must succeed. */
void database_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The result of a query as a stream. */
struct ArrowArrayStream database_query(const char *query);

/* Make a stream the view of a name, which can be read once; it stays the caller's to release. */
void database_view(const char *name, struct ArrowArrayStream *stream);

#endif
