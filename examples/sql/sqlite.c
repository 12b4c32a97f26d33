/* SPDX-License-Identifier: BSD-2-Clause */
/* SQLite: a file. */
#include <string.h>

#include <sqlite3.h>

#include "database.h"

enum { PATIENCE = 10000 /* milliseconds to wait for other writers */ };

struct connection {
    sqlite3 *file;
    sqlite3_stmt *statement; /* the query, or the insertion */
};

static struct connection *of(struct database *database)
{
    return database->connection;
}

static bool failed(struct database *database)
{
    return database_fail(database, "%s", sqlite3_errmsg(of(database)->file));
}

static void end_statement(struct database *database)
{
    sqlite3_finalize(of(database)->statement);
    of(database)->statement = NULL;
}

static void close_file(struct database *database)
{
    if (!of(database))
        return;
    end_statement(database);
    sqlite3_close(of(database)->file);
    sqlite3_free(of(database));
    database->connection = NULL;
}

static bool open_file(struct database *database, const char *address, bool writes)
{
    struct connection *connection = sqlite3_malloc(sizeof *connection);
    if (!connection)
        return database_fail(database, "%s: no memory", address);
    *connection = (struct connection){0};
    database->connection = connection;
    int flags = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(address, &connection->file, flags, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(connection->file, PATIENCE) != SQLITE_OK ||
        /* What stands in double quotes is a name, and never a text, which every row would have. */
        sqlite3_db_config(connection->file, SQLITE_DBCONFIG_DQS_DML, 0, NULL) != SQLITE_OK ||
        sqlite3_exec(connection->file, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) !=
            SQLITE_OK)
        return database_fail(database, "%s: %s", address, sqlite3_errmsg(connection->file));
    if (writes && sqlite3_db_readonly(connection->file, "main") == 1)
        return database_fail(database, "%s: the file cannot be written", address);
    return true;
}

/* Whether nothing but space and comments follows. */
static bool is_end(sqlite3 *file, const char *text)
{
    while (*text) {
        sqlite3_stmt *statement = NULL;
        const char *rest;
        bool empty =
            sqlite3_prepare_v2(file, text, -1, &statement, &rest) == SQLITE_OK && !statement;
        sqlite3_finalize(statement);
        if (!empty || rest == text)
            return false;
        text = rest;
    }
    return true;
}

static bool begin_query(struct database *database)
{
    struct connection *connection = of(database);
    const char *rest;
    if (sqlite3_prepare_v2(connection->file, database->query, -1, &connection->statement, &rest) !=
        SQLITE_OK) {
        int place = sqlite3_error_offset(connection->file);
        return place < 0
                   ? failed(database)
                   : database_fail_at(database, (size_t)place, sqlite3_errmsg(connection->file));
    }
    if (!connection->statement)
        return database_fail(database, "the query is empty");
    if (!is_end(connection->file, rest))
        return database_fail_at(database, (size_t)(rest - database->query),
                                "a second statement follows; give one query");
    if (!sqlite3_stmt_readonly(connection->statement))
        return database_fail(database, "the query would change the database; give one that reads");
    if (sqlite3_bind_parameter_count(connection->statement) > 0)
        return database_fail(database, "the query has the parameter %s; write the value instead",
                             sqlite3_bind_parameter_name(connection->statement, 1)
                                 ? sqlite3_bind_parameter_name(connection->statement, 1)
                                 : "?");
    database->columns = (size_t)sqlite3_column_count(connection->statement);
    return true;
}

static const char *column_name(struct database *database, size_t column)
{
    return sqlite3_column_name(of(database)->statement, (int)column);
}

static struct cell read_cell(sqlite3_stmt *statement, int column)
{
    struct cell cell = {CELL_OTHER, NULL, 0};
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: cell.type = CELL_NULL; return cell;
    case SQLITE_INTEGER: cell.type = CELL_INTEGER; break;
    case SQLITE_FLOAT: cell.type = CELL_REAL; break;
    case SQLITE_TEXT: cell.type = CELL_TEXT; break;
    default: return cell;
    }
    cell.text = (const char *)sqlite3_column_text(statement, column); /* first, as it may convert */
    cell.size = (size_t)sqlite3_column_bytes(statement, column);
    return cell;
}

static bool next_row(struct database *database, struct cell *cells, bool *more)
{
    struct connection *connection = of(database);
    int result = sqlite3_step(connection->statement);
    *more = result == SQLITE_ROW;
    if (result == SQLITE_DONE)
        end_statement(database);
    else if (result != SQLITE_ROW)
        return failed(database);
    for (size_t i = 0; *more && i < MOST_COLUMNS && i < database->columns; i++) {
        cells[i] = read_cell(connection->statement, (int)i);
        if (!cells[i].text && cells[i].type != CELL_NULL && cells[i].type != CELL_OTHER)
            return database_fail(database, "no memory");
    }
    return true;
}

/* Prepare a statement, and free its text. */
static bool prepare(struct database *database, char *text)
{
    end_statement(database);
    if (!text)
        return database_fail(database, "no memory");
    int result = sqlite3_prepare_v2(of(database)->file, text, -1, &of(database)->statement, NULL);
    sqlite3_free(text);
    return result == SQLITE_OK || failed(database);
}

static bool step(struct database *database)
{
    return sqlite3_step(of(database)->statement) == SQLITE_DONE || failed(database);
}

static bool run(struct database *database, char *text)
{
    bool good = prepare(database, text) && step(database);
    end_statement(database);
    return good;
}

/* A table's name in quotes; for sqlite3_free(). */
static char *quote(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot ? sqlite3_mprintf("\"%.*w\".\"%w\"", (int)(dot - name), name, dot + 1)
               : sqlite3_mprintf("\"%w\"", name);
}

/* Columns whose type says INTEGER make integers of ids that look so, others leave them as text. */
static const char *id_type(bool integers)
{
    return integers ? "INTEGER" : "TEXT";
}

static bool table_begin(struct database *database, const struct table *table)
{
    char *name = quote(table->name);
    bool good = name || database_fail(database, "no memory");
    good =
        good && run(database, sqlite3_mprintf("BEGIN IMMEDIATE")) &&
        run(database,
            sqlite3_mprintf("CREATE TABLE IF NOT EXISTS %s (\"user\" %s NOT NULL, \"item\" %s NOT "
                            "NULL, \"rank\" INTEGER NOT NULL, \"score\" REAL NOT NULL, "
                            "PRIMARY KEY (\"user\", \"rank\"))",
                            name, id_type(table->integer_users), id_type(table->integer_items))) &&
        (table->trial || run(database, sqlite3_mprintf("DELETE FROM %s", name))) &&
        prepare(database, sqlite3_mprintf("INSERT INTO %s (\"user\", \"item\", \"rank\", "
                                          "\"score\") VALUES (?, ?, ?, ?)",
                                          name));
    sqlite3_free(name);
    return good;
}

static bool table_add(struct database *database, const struct table_row *row)
{
    sqlite3_stmt *statement = of(database)->statement;
    bool good = sqlite3_bind_text(statement, 1, row->user, -1, SQLITE_STATIC) == SQLITE_OK &&
                sqlite3_bind_text(statement, 2, row->item, -1, SQLITE_STATIC) == SQLITE_OK &&
                sqlite3_bind_int64(statement, 3, (sqlite3_int64)row->rank) == SQLITE_OK &&
                sqlite3_bind_double(statement, 4, (double)row->score) == SQLITE_OK;
    good = good ? step(database) : failed(database);
    sqlite3_reset(statement);
    return good;
}

static bool table_end(struct database *database, bool good)
{
    return run(database, sqlite3_mprintf(good ? "COMMIT" : "ROLLBACK"));
}

static const struct database_kind kind = {
    .open = open_file,
    .close = close_file,
    .query = begin_query,
    .column_name = column_name,
    .next = next_row,
    .table_begin = table_begin,
    .table_add = table_add,
    .table_end = table_end,
};
const struct database_kind *const database_sqlite = &kind;
