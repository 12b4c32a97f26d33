/* SPDX-License-Identifier: BSD-2-Clause */
/* PostgreSQL: rows come one by one (libpq's single-row mode), so that memory does not grow with
 * their number, and go by COPY. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "database.h"

struct connection {
    PGconn *server;
    PGresult *result; /* the row that cells point into, or the one to be read next */
    bool waiting;     /* it is to be read next */
    char *line;       /* of COPY */
    size_t line_size;
};

static struct connection *of(struct database *database)
{
    return database->connection;
}

/* Make one line of a message of several. */
static void flatten(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool space = *from == '\n' || *from == '\t' || *from == ' ';
        if (!space)
            *to++ = *from;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
    }
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

static bool failed_connection(struct database *database)
{
    const struct connection *connection = of(database);
    database_fail(database, "%s", PQerrorMessage(connection ? connection->server : NULL));
    flatten(database->why);
    return false;
}

/* Where that many characters of the query end, in bytes. */
static size_t find_byte(const char *query, size_t characters)
{
    size_t byte = 0;
    for (; characters > 0 && query[byte]; characters--)
        for (byte++; ((unsigned char)query[byte] & 0xc0) == 0x80;)
            byte++;
    return byte;
}

/* Say what a result complains about, and end it. */
static bool failed_result(struct database *database, PGresult *result)
{
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    const char *where = PQresultErrorField(result, PG_DIAG_CONTEXT);
    const char *place = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    size_t character = place ? strtoul(place, NULL, 10) : 0;
    if (!primary)
        failed_connection(database);
    else if (character > 0 && database->querying)
        database_fail_at(database, find_byte(database->query, character - 1), primary);
    else
        database_fail(database, "%s%s%s%s%s", primary, detail ? "; " : "", detail ? detail : "",
                      where ? "; " : "", where ? where : "");
    flatten(database->why);
    PQclear(result);
    return false;
}

/* Run a statement that ends with `expected`. */
static bool run(struct database *database, const char *statement, ExecStatusType expected)
{
    PGresult *result = PQexec(of(database)->server, statement);
    if (PQresultStatus(result) != expected)
        return failed_result(database, result);
    PQclear(result);
    return true;
}

static bool open_server(struct database *database, const char *address, bool writes)
{
    (void)writes; /* transactions say it */
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return database_fail(database, "no memory");
    database->connection = connection;
    connection->server = PQconnectdb(address);
    if (PQstatus(connection->server) != CONNECTION_OK ||
        PQsetClientEncoding(connection->server, "UTF8") != 0)
        return failed_connection(database);
    return run(database, "SET client_min_messages TO warning", PGRES_COMMAND_OK);
}

static void close_server(struct database *database)
{
    struct connection *connection = of(database);
    if (!connection)
        return;
    PQclear(connection->result);
    PQfinish(connection->server);
    free(connection->line);
    free(connection);
    database->connection = NULL;
}

/* Take the next result in place of the one that is there. */
static void advance(struct connection *connection)
{
    PQclear(connection->result);
    connection->result = PQgetResult(connection->server);
}

static bool begin_query(struct database *database)
{
    struct connection *connection = of(database);
    /* With parameters, although there are none, only one statement is allowed. */
    if (!run(database, "BEGIN TRANSACTION READ ONLY", PGRES_COMMAND_OK))
        return false;
    if (!PQsendQueryParams(connection->server, database->query, 0, NULL, NULL, NULL, NULL, 0) ||
        !PQsetSingleRowMode(connection->server))
        return failed_connection(database);
    database->querying = true;
    advance(connection);
    connection->waiting = true;
    database->columns = 0;
    switch (PQresultStatus(connection->result)) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK: database->columns = (size_t)PQnfields(connection->result); return true;
    case PGRES_EMPTY_QUERY: return database_fail(database, "the query is empty");
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
        failed_result(database, connection->result);
        connection->result = NULL;
        return false;
    default: return true; /* commands yield no columns */
    }
}

static const char *column_name(struct database *database, size_t column)
{
    return PQfname(of(database)->result, (int)column);
}

/* The server's numbers of the types whose texts are ids or timestamps. Not char(n): it comes with
 * blanks at its end, and is compared without them. */
static enum cell_type find_type(Oid type)
{
    static const struct {
        Oid number;
        enum cell_type type;
    } types[] = {
        {20, CELL_INTEGER},                                     /* int8 */
        {21, CELL_INTEGER},                                     /* int2 */
        {23, CELL_INTEGER},                                     /* int4 */
        {25, CELL_TEXT},    {1043, CELL_TEXT}, {19, CELL_TEXT}, /* text, varchar, name */
        {2950, CELL_TEXT},                                      /* uuid */
        {700, CELL_REAL},   {701, CELL_REAL},                   /* float4, float8 */
        {1700, CELL_REAL},                                      /* numeric */
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].number == type)
            return types[i].type;
    return CELL_OTHER;
}

static struct cell read_cell(const PGresult *row, int column)
{
    struct cell cell = {CELL_NULL, NULL, 0};
    if (PQgetisnull(row, 0, column))
        return cell;
    cell.type = find_type(PQftype(row, column));
    if (cell.type == CELL_OTHER)
        return cell;
    cell.text = PQgetvalue(row, 0, column);
    cell.size = (size_t)PQgetlength(row, 0, column);
    return cell;
}

/* All rows have come. */
static bool end_query(struct database *database)
{
    advance(of(database));
    database->querying = false;
    return run(database, "COMMIT", PGRES_COMMAND_OK);
}

static bool next_row(struct database *database, struct cell *cells, bool *more)
{
    struct connection *connection = of(database);
    if (!connection->waiting)
        advance(connection);
    connection->waiting = false;
    *more = PQresultStatus(connection->result) == PGRES_SINGLE_TUPLE;
    if (!*more && PQresultStatus(connection->result) != PGRES_TUPLES_OK) {
        PGresult *result = connection->result;
        connection->result = NULL;
        return failed_result(database, result);
    }
    for (size_t i = 0; *more && i < MOST_COLUMNS && i < database->columns; i++)
        cells[i] = read_cell(connection->result, (int)i);
    return *more || end_query(database);
}

/* A table's name in quotes, to be freed; NULL after failing. */
static char *quote(struct database *database, const char *name)
{
    PGconn *server = of(database)->server;
    const char *dot = strchr(name, '.'), *last = dot ? dot + 1 : name;
    char *schema = dot ? PQescapeIdentifier(server, name, (size_t)(dot - name)) : NULL;
    char *table = PQescapeIdentifier(server, last, strlen(last));
    char *quoted = NULL;
    if (!table || (dot && !schema))
        failed_connection(database);
    else if (asprintf(&quoted, "%s%s%s", schema ? schema : "", dot ? "." : "", table) < 0) {
        database_fail(database, "no memory");
        quoted = NULL;
    }
    PQfreemem(schema);
    PQfreemem(table);
    return quoted;
}

static bool run_on(struct database *database, const char *before, const char *table,
                   const char *after, ExecStatusType expected)
{
    char *statement;
    if (asprintf(&statement, "%s%s%s", before, table, after) < 0)
        return database_fail(database, "no memory");
    bool good = run(database, statement, expected);
    free(statement);
    return good;
}

static bool make_table(struct database *database, const struct table *table, const char *name)
{
    char columns[200];
    snprintf(columns, sizeof columns,
             " (\"user\" %s NOT NULL, item %s NOT NULL, rank integer NOT NULL, score real NOT NULL,"
             " PRIMARY KEY (\"user\", rank))",
             table->integer_users ? "bigint" : "text", table->integer_items ? "bigint" : "text");
    return run_on(database, "CREATE TABLE IF NOT EXISTS ", name, columns, PGRES_COMMAND_OK);
}

/* The lock lets others read the old rows, and keeps two programs from writing at once. */
static bool table_begin(struct database *database, const struct table *table)
{
    char *name = quote(database, table->name);
    bool good =
        name && run(database, "BEGIN", PGRES_COMMAND_OK) && make_table(database, table, name) &&
        run_on(database, "LOCK TABLE ", name, " IN SHARE ROW EXCLUSIVE MODE", PGRES_COMMAND_OK) &&
        (table->trial || run_on(database, "DELETE FROM ", name, "", PGRES_COMMAND_OK)) &&
        run_on(database, "COPY ", name, " (\"user\", item, rank, score) FROM STDIN", PGRES_COPY_IN);
    free(name);
    return good;
}

/* Write an id as COPY's text format has it; where it ends. */
static char *escape(char *out, const char *id)
{
    for (; *id; id++) {
        static const char special[] = "\\\t\n\r", letters[] = "\\tnr";
        const char *found = strchr(special, *id);
        if (found)
            *out++ = '\\';
        *out++ = found ? letters[found - special] : *id;
    }
    return out;
}

static bool table_add(struct database *database, const struct table_row *row)
{
    enum { numbers = 64 };
    struct connection *connection = of(database);
    size_t needed = 2 * strlen(row->user) + 2 * strlen(row->item) + numbers;
    if (needed > connection->line_size) {
        char *grown = realloc(connection->line, needed);
        if (!grown)
            return database_fail(database, "no memory");
        connection->line = grown;
        connection->line_size = needed;
    }
    char *end = escape(connection->line, row->user);
    *end++ = '\t';
    end = escape(end, row->item);
    end += snprintf(end, numbers - 1, "\t%zu\t%.9g\n", row->rank, (double)row->score);
    return PQputCopyData(connection->server, connection->line, (int)(end - connection->line)) ==
               1 ||
           failed_connection(database);
}

/* What the server says in the end about the rows sent to it. */
static bool end_copy(struct database *database, bool good)
{
    PGconn *server = of(database)->server;
    bool sent = PQputCopyEnd(server, good ? NULL : "not to be written") == 1;
    if (!sent)
        failed_connection(database);
    PGresult *result;
    while (sent && (result = PQgetResult(server))) {
        if (good && PQresultStatus(result) != PGRES_COMMAND_OK)
            good = failed_result(database, result);
        else
            PQclear(result);
    }
    return sent && good;
}

static bool table_end(struct database *database, bool good)
{
    bool whole = end_copy(database, good);
    if (good && whole)
        return run(database, "COMMIT", PGRES_COMMAND_OK);
    if (good) { /* keep what end_copy() has said */
        PQclear(PQexec(of(database)->server, "ROLLBACK"));
        return false;
    }
    return run(database, "ROLLBACK", PGRES_COMMAND_OK);
}

static const struct database_kind kind = {
    .open = open_server,
    .close = close_server,
    .query = begin_query,
    .column_name = column_name,
    .next = next_row,
    .table_begin = table_begin,
    .table_add = table_add,
    .table_end = table_end,
};
const struct database_kind *const database_postgresql = &kind;
