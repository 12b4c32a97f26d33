/* SPDX-License-Identifier: BSD-2-Clause */
/* SQLite: a file in each test's folder. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql_database.h"

const char sql_option[] = "--sqlite";
const char sql_as_written[] = "ORDER BY rowid";
const char sql_check_failed[] = "CHECK constraint failed: rank < 3";

const struct sql_refused sql_refused[] = {
    {"SELECT usr, product FROM sale", "query:1:8: no such column: usr"},
    {"SELECT customer,\n'\xc3\xa9', product FRM sale x", "query:2:18: near \"sale\": syntax error"},
    {"SELECT customer, \"pruduct\" FROM sale", "query:1:18: no such column: pruduct"},
    {"SELECT customer, product FROM sold", "no such table: sold"},
    {"DELETE FROM sale RETURNING customer, product", "the query would change the database"},
    {"SELECT 1, 2; DELETE FROM sale", "query:1:13: a second statement follows"},
    {"SELECT ?, 2", "the query has the parameter ?"},
    {"BEGIN", "the query yields no columns"},
    {"SELECT x'00' AS blob, 1", "row 1 of the query: blob is no integer and no text"},
    {"SELECT 'a' || char(0) AS nul, 1", "row 1 of the query: nul has a NUL character"},
    {"SELECT CAST(x'ff41' AS text), 1", "row 1 of the query: user[0] is not UTF-8"},
    {"SELECT 'c', 'p1' UNION ALL SELECT 'c', abs(-9223372036854775808)",
     "row 2 of the query: integer overflow"},
};
const size_t sql_refused_count = sizeof sql_refused / sizeof *sql_refused;

const struct sql_refused sql_wrong_times[] = {
    {"SELECT customer, product, date() AS sold FROM sale",
     "row 1 of the query: sold is no number; make seconds of a date"},
    {"SELECT customer, product, 9e999 AS sold FROM sale",
     "row 1 of the query: sold is out of range"},
};
const size_t sql_wrong_time_count = sizeof sql_wrong_times / sizeof *sql_wrong_times;

static sqlite3 *database;

static void expect(int code, int expected, const char *statement)
{
    ck_assert_msg(code == expected, "%s: %s", statement, sqlite3_errmsg(database));
}

const char *sql_address(void)
{
    return "shop.db";
}

int sql_start(void)
{
    return 0;
}

void sql_stop(void)
{
}

void sql_begin(void)
{
    expect(sqlite3_open("shop.db", &database), SQLITE_OK, "open");
    sql_execute("PRAGMA synchronous = OFF");
}

void sql_end(void)
{
    expect(sqlite3_close(database), SQLITE_OK, "close");
}

void sql_execute(const char *statements)
{
    expect(sqlite3_exec(database, statements, NULL, NULL, NULL), SQLITE_OK, statements);
}

char *sql_select(const char *query)
{
    sqlite3_stmt *statement;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int code;
    ck_assert_ptr_nonnull(out);
    expect(sqlite3_prepare_v2(database, query, -1, &statement, NULL), SQLITE_OK, query);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            fprintf(out, "%s%s", (const char *)sqlite3_column_text(statement, i),
                    i + 1 < sqlite3_column_count(statement) ? "\t" : "\n");
    expect(code, SQLITE_DONE, query);
    sqlite3_finalize(statement);
    fclose(out);
    return text;
}
