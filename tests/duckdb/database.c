/* SPDX-License-Identifier: BSD-2-Clause */
#include "database.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/failure.h"

/* Of duckdb.h: 0 is success. */
static struct {
    int (*open)(const char *path, void **database);
    int (*connect)(void *database, void **connection);
    void (*disconnect)(void **connection);
    void (*close)(void **database);
    int (*query_arrow)(void *connection, const char *query, void **result);
    int (*query_arrow_schema)(void *result, struct ArrowSchema **schema);
    int (*query_arrow_array)(void *result, struct ArrowArray **array);
    const char *(*query_arrow_error)(void *result);
    void (*destroy_arrow)(void **result);
    int (*arrow_scan)(void *connection, const char *name, struct ArrowArrayStream *stream);
} duckdb;

static void *database, *connection;

bool database_load(void)
{
    const struct {
        const char *name;
        void *function;
    } symbols[] = {
        {"duckdb_open", &duckdb.open},
        {"duckdb_connect", &duckdb.connect},
        {"duckdb_disconnect", &duckdb.disconnect},
        {"duckdb_close", &duckdb.close},
        {"duckdb_query_arrow", &duckdb.query_arrow},
        {"duckdb_query_arrow_schema", &duckdb.query_arrow_schema},
        {"duckdb_query_arrow_array", &duckdb.query_arrow_array},
        {"duckdb_query_arrow_error", &duckdb.query_arrow_error},
        {"duckdb_destroy_arrow", &duckdb.destroy_arrow},
        {"duckdb_arrow_scan", &duckdb.arrow_scan},
    };
    const char *path = getenv("DIFFMM_DUCKDB");
    void *library = dlopen(path && *path ? path : "libduckdb.so", RTLD_NOW | RTLD_LOCAL);
    for (size_t s = 0; library && s < sizeof symbols / sizeof *symbols; s++) {
        void *found = dlsym(library, symbols[s].name);
        if (!found)
            return false;
        memcpy(symbols[s].function, &found, sizeof found);
    }
    return library;
}

void database_open(void)
{
    ck_assert_int_eq(duckdb.open(NULL, &database), 0);
    ck_assert_int_eq(duckdb.connect(database, &connection), 0);
}

void database_close(void)
{
    duckdb.disconnect(&connection);
    duckdb.close(&database);
}

static void *run(const char *query)
{
    void *result = NULL;
    if (duckdb.query_arrow(connection, query, &result))
        ck_abort_msg("%s: %s", query, duckdb.query_arrow_error(result));
    return result;
}

void database_run(const char *format, ...)
{
    char query[2000];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(query, sizeof query, format, arguments);
    va_end(arguments);
    void *result = run(query);
    duckdb.destroy_arrow(&result);
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    return duckdb.query_arrow_schema(stream->private_data, &out) ? EIO : 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    out->release = NULL;
    return duckdb.query_arrow_array(stream->private_data, &out) ? EIO : 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    return duckdb.query_arrow_error(stream->private_data);
}

static void release(struct ArrowArrayStream *stream)
{
    duckdb.destroy_arrow(&stream->private_data);
    stream->release = NULL;
}

struct ArrowArrayStream database_query(const char *query)
{
    return (struct ArrowArrayStream){.get_schema = get_schema,
                                     .get_next = get_next,
                                     .get_last_error = get_last_error,
                                     .release = release,
                                     .private_data = run(query)};
}

void database_view(const char *name, struct ArrowArrayStream *stream)
{
    ck_assert_int_eq(duckdb.arrow_scan(connection, name, stream), 0);
}
