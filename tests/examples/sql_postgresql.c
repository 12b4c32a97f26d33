/* SPDX-License-Identifier: BSD-2-Clause */
/* PostgreSQL: a server of the test's own, in a folder of its own, that listens on a socket there. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "sql_database.h"

const char sql_option[] = "--postgresql";
const char sql_as_written[] = "ORDER BY ctid";
const char sql_check_failed[] = "violates check constraint \"recommended_rank_check\"";

const struct sql_refused sql_refused[] = {
    {"SELECT usr, product FROM sale", "query:1:8: column \"usr\" does not exist"},
    {"SELECT customer,\n'\xc3\xa9', product FRM sale x",
     "query:2:18: syntax error at or near \"sale\""},
    {"SELECT customer, product FROM sold", "query:1:31: relation \"sold\" does not exist"},
    {"DELETE FROM sale RETURNING customer, product",
     "cannot execute DELETE in a read-only transaction"},
    {"SELECT 1, 2; DELETE FROM sale", "cannot insert multiple commands"},
    {"SET search_path TO public", "the query yields no columns"},
    {"COPY sale TO STDOUT", "the query yields no columns"},
    {"SHOW server_version", "the query yields 1 column"},
    {"SELECT 'a'::bytea AS blob, 1", "row 1 of the query: blob is no integer and no text"},
    {"SELECT 'a'::char(5) AS code, 1", "row 1 of the query: code is no integer and no text, as ids "
                                       "are; cast it to text"},
    {"SELECT 12.0 AS id, 1", "row 1 of the query: id is a real number"},
    {"SELECT 'c', 'p1' UNION ALL SELECT 'c', 'p' || 1 / (count(*) - 48) FROM sale",
     "row 2 of the query: division by zero"},
};
const size_t sql_refused_count = sizeof sql_refused / sizeof *sql_refused;

const struct sql_refused sql_wrong_times[] = {
    {"SELECT customer, product, now() AS sold FROM sale",
     "row 1 of the query: sold is no number; make seconds of a date"},
    {"SELECT customer, product, 'NaN'::float8 AS sold FROM sale",
     "row 1 of the query: sold is out of range"},
};
const size_t sql_wrong_time_count = sizeof sql_wrong_times / sizeof *sql_wrong_times;

static char place[64], address[128], programs[PATH_MAX];
static pid_t server;
static PGconn *connection;

const char *sql_address(void)
{
    return address;
}

/* The newest version's programs. */
static int find_programs(void)
{
    glob_t found;
    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) != 0)
        return 0;
    snprintf(programs, sizeof programs, "%s", found.gl_pathv[found.gl_pathc - 1]);
    *strrchr(programs, '/') = '\0';
    globfree(&found);
    return 1;
}

/* A server refuses to be root. */
static const struct passwd *find_account(void)
{
    if (geteuid() != 0)
        return NULL;
    const struct passwd *account = getpwnam("postgres");
    return account ? account : getpwnam("nobody");
}

static void become(const struct passwd *account)
{
    if (account &&
        (setgroups(0, NULL) != 0 || setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0))
        _exit(126);
}

/* Start one of the programs as `account`, if there is one; it ends with this one. */
static pid_t start_program(const struct passwd *account, const char *const *arguments)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/%s", programs, arguments[0]);
    pid_t parent = getpid(), process = fork();
    if (process != 0)
        return process;
    int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0666);
    become(account);
    if (log < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGQUIT) != 0 || getppid() != parent)
        _exit(126);
    unsetenv("LD_LIBRARY_PATH");
    execv(path, (char *const *)(size_t)(const void *)arguments);
    _exit(127);
}

/* Wait until the server answers; 0 if it has ended instead. */
static int wait_for_server(void)
{
    while (PQping(address) != PQPING_OK) {
        if (waitpid(server, NULL, WNOHANG) == server)
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return 1;
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *where)
{
    (void)about, (void)flag, (void)where;
    return remove(path);
}

static int start_server(const struct passwd *account)
{
    const char *const initialise[] = {"initdb", "-D",         "data",      "-U",
                                      "tester", "-A",         "trust",     "--encoding",
                                      "UTF8",   "--locale=C", "--no-sync", NULL};
    const char *const serve[] = {
        "postgres", "-D", "data", "-k", place, "-p", "5432", "-F", "-c", "listen_addresses=", NULL};
    if (account && chown(place, account->pw_uid, account->pw_gid) != 0)
        return 0;
    if (finish(start_program(account, initialise)) != 0)
        return 0;
    server = start_program(account, serve);
    return server > 0 && wait_for_server();
}

int sql_start(void)
{
    char before[PATH_MAX];
    if (!find_programs()) {
        puts("there is no PostgreSQL server here");
        return 77;
    }
    snprintf(place, sizeof place, "/tmp/diffmm-pg-XXXXXX"); /* sockets have short names */
    if (!getcwd(before, sizeof before) || !mkdtemp(place) || chdir(place) != 0) {
        perror(place);
        return 1;
    }
    snprintf(address, sizeof address, "host=%s port=5432 user=tester dbname=postgres", place);
    int good = start_server(find_account());
    if (!good) {
        fprintf(stderr, "the server does not start: %s\n", read_text("log"));
        nftw(place, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
    return chdir(before) == 0 && good ? 0 : 1;
}

void sql_stop(void)
{
    kill(server, SIGINT);
    finish(server);
    nftw(place, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void expect(PGresult *result, ExecStatusType expected, const char *statement)
{
    ck_assert_msg(PQresultStatus(result) == expected, "%s: %s", statement,
                  PQresultErrorMessage(result));
}

void sql_execute(const char *statements)
{
    PGresult *result = PQexec(connection, statements);
    expect(result, PGRES_COMMAND_OK, statements);
    PQclear(result);
}

void sql_begin(void)
{
    connection = PQconnectdb(address);
    ck_assert_msg(PQstatus(connection) == CONNECTION_OK, "%s", PQerrorMessage(connection));
    sql_execute("SET client_min_messages TO warning; DROP SCHEMA IF EXISTS public CASCADE; "
                "CREATE SCHEMA public");
}

void sql_end(void)
{
    PQfinish(connection);
}

char *sql_select(const char *query)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    PGresult *result = PQexec(connection, query);
    expect(result, PGRES_TUPLES_OK, query);
    for (int row = 0; row < PQntuples(result); row++)
        for (int i = 0; i < PQnfields(result); i++)
            fprintf(out, "%s%s", PQgetvalue(result, row, i),
                    i + 1 < PQnfields(result) ? "\t" : "\n");
    PQclear(result);
    fclose(out);
    return text;
}
