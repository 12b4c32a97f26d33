/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_sql on a real database: what it reads is what diffmm_train reads from a file of the same
 * rows, and what it writes is what diffmm_batch_recommend writes. Built once for each database. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"
#include "sql_database.h"
#include "support/bytes.h"

enum { CUSTOMERS = 12, PRODUCTS = 15, BOUGHT = 4 };

/* Ids that SQL, COPY and tables of text must take care of. */
static const char *product_id(int product)
{
    static char id[32];
    snprintf(id, sizeof id,
             product == 3   ? "Zo\xc3\xab's \\N"
             : product == 4 ? "\\."
                            : "p%d",
             product);
    return id;
}

/* Their list, and features of them. */
static void write_products(const char *format, int first)
{
    struct bytes features = {0};
    char shape[32];
    float values[PRODUCTS][3] = {{0}};
    for (int i = 0; i < PRODUCTS; i++)
        values[i][i % 3] = 1;
    snprintf(shape, sizeof shape, "(%d, 3)", PRODUCTS);
    bytes_add_npy(&features, "<f4", shape, 0, values, sizeof values);
    write_bytes("cover.npy", features.data, features.size);
    FILE *list = fopen("products.txt", "w");
    ck_assert_ptr_nonnull(list);
    for (int i = 0; i < PRODUCTS; i++)
        if (format)
            fprintf(list, format, first + i);
        else
            fprintf(list, "%s\n", product_id(i));
    fclose(list);
}

static void sell(const char *customer, const char *product, const char *time)
{
    char statement[256], quoted[64], *to = quoted;
    for (const char *from = product; *from; from++) {
        if (*from == '\'')
            *to++ = '\'';
        *to++ = *from;
    }
    *to = '\0';
    snprintf(statement, sizeof statement, "INSERT INTO sale VALUES ('%s', '%s', %s)", customer,
             quoted, time);
    sql_execute(statement);
}

static void begin(void)
{
    sql_begin();
    sql_execute("CREATE TABLE sale (customer TEXT, product TEXT, sold BIGINT)");
}

/* Sales in the database, and the same in a file. */
static void make_sales(void)
{
    FILE *file = fopen("sale.tsv", "w");
    ck_assert_ptr_nonnull(file);
    fputs("user\titem\n", file);
    write_products(NULL, 0);
    for (int c = 0; c < CUSTOMERS; c++)
        for (int k = 0; k < BOUGHT; k++) {
            char customer[16];
            const char *product = product_id((c * 7 + k * k) % PRODUCTS);
            snprintf(customer, sizeof customer, "c%d", c);
            fprintf(file, "%s\t%s\n", customer, product);
            sell(customer, product, "1");
        }
    fclose(file);
}

static const char *const nothing[] = {NULL};
static const char *const small_training[] = {
    "--items", "products.txt",   "--modality", "cover=cover.npy", "--epochs", "2", "--seed", "5",
    "--set",   "hidden_sizes=8", NULL};

/* Run a program with two lists of arguments. */
static int run_lists(const char *program, const char *const *first, const char *const *second)
{
    const char *arguments[40] = {NULL};
    size_t count = 0;
    for (size_t i = 0; first[i]; i++)
        arguments[count++] = first[i];
    for (size_t i = 0; second[i]; i++)
        arguments[count++] = second[i];
    return run(program, arguments);
}

/* Run diffmm_sql on the test's database. */
static int run_sql(const char *const *first, const char *const *second)
{
    const char *arguments[40] = {sql_option, sql_address()};
    for (size_t i = 0; first[i]; i++)
        arguments[2 + i] = first[i];
    return run_lists(sql_program, arguments, second);
}

static void expect_done(int status)
{
    char *said = read_text("err");
    ck_assert_msg(status == 0, "status %d: %s", status, said);
    free(said);
}

static void expect_failure(int status, const char *reason)
{
    expect_text("err", reason);
    ck_assert_int_eq(status, 1);
}

static void expect_values(const char *query, const char *expected)
{
    char *values = sql_select(query);
    ck_assert_msg(strcmp(values, expected) == 0, "%s: '%s' instead of '%s'", query, values,
                  expected);
    free(values);
}

/* The table holds user, rank, item and score of a file, in its order. */
static void expect_table(const char *table, const char *path)
{
    char query[200], *expected = read_text(path), *wanted = expected, *a, *b;
    snprintf(query, sizeof query, "SELECT \"user\", rank, item, score FROM %s %s", table,
             sql_as_written);
    char *values = sql_select(query), *found = values;
    strsep(&wanted, "\n"); /* the heading */
    while ((a = strsep(&wanted, "\n")) && (b = strsep(&found, "\n")) && *a && *b) {
        char *x = strrchr(a, '\t'), *y = strrchr(b, '\t');
        ck_assert(x && y);
        ck_assert_float_eq(strtof(x, NULL), strtof(y, NULL));
        *x = *y = '\0';
        ck_assert_str_eq(a, b);
    }
    ck_assert(a && b && !*a && !*b);
    free(expected);
    free(values);
}

START_TEST(same_as_from_a_file)
{
    begin();
    make_sales();
    expect_done(run_sql((const char *[]){"--query", "SELECT customer, product FROM sale",
                                         "--hold-out", "0.2,0.2", "--model", "a", "--into",
                                         "recommended", "--count", "5", NULL},
                        small_training));
    expect_text("out", "saved a\n");
    expect_text("out", "recommended: 60 rows for 12 users\n");
    expect_done(run_lists(
        train_program,
        (const char *[]){"--data", "sale.tsv", "--hold-out", "0.2,0.2", "--model", "b", NULL},
        small_training));
    ck_assert(same_files("a", "b"));
    expect_done(run(batch_program,
                    (const char *[]){"--model", "b", "--count", "5", "--output", "table", NULL}));
    expect_table("recommended", "table");
    sql_end();
}
END_TEST

/* Without features, and with everything in the end. */
START_TEST(final_fit)
{
    static const char *const training[] = {"--hold-out", "0.2,0.2",     "--epochs",    "3",
                                           "--seed",     "2",           "--set",       "batch=16",
                                           "--model",    "final-model", "--final-fit", NULL};
    begin();
    make_sales();
    expect_done(
        run_sql((const char *[]){"--query", "SELECT customer, product FROM sale", NULL}, training));
    ck_assert_int_eq(rename("final-model", "a"), 0);
    expect_done(run_lists(train_program, (const char *[]){"--data", "sale.tsv", NULL}, training));
    ck_assert(same_files("a", "final-model"));
    sql_end();
}
END_TEST

/* Without a query, the model of a file recommends; its ids are texts. */
START_TEST(a_saved_model)
{
    begin();
    make_model("model", 1);
    expect_done(run_sql((const char *[]){"--model", "model", "--into", "recommended",
                                         "--include-seen", "--count", "1000", NULL},
                        nothing));
    expect_done(run(batch_program, (const char *[]){"--model", "model", "--include-seen", "--count",
                                                    "1000", "--output", "table", NULL}));
    expect_table("recommended", "table");
    sql_end();
}
END_TEST

/* A history with all that decides: how many items, one again, equal times, times that differ in
 * the last digit, rows in no order; and the split that each row must get. */
static const char *const history[][4] = {
    {"two", "p1", "20", "test"},
    {"one", "p2", "7", "train"},
    {"four", "p5", "1152921504605", "train"},
    {"four", "p6", "1152921504607", "test"},
    {"four", "p7", "1152921504606", "valid"},
    {"four", "p8", "-5", "train"},
    {"again", "p1", "1", "valid"},
    {"again", "p2", "2", "test"},
    {"again", "p1", "3", "valid"},
    {"again", "p0", "0", "train"},
    {"two", "p2", "10", "train"},
    {"equal", "p9", "4", "train"},
    {"equal", "p8", "4", "valid"},
    {"equal", "p7", "4", "test"},
};
enum { HISTORY = sizeof history / sizeof *history };

START_TEST(last_items_are_left_out)
{
    begin();
    write_products("p%d\n", 0);
    FILE *file = fopen("sale.tsv", "w");
    ck_assert_ptr_nonnull(file);
    fputs("user\titem\tsplit\n", file);
    for (size_t i = 0; i < HISTORY; i++) {
        fprintf(file, "%s\t%s\t%s\n", history[i][0], history[i][1], history[i][3]);
        sell(history[i][0], history[i][1], history[i][2]);
    }
    fclose(file);
    expect_done(run_sql((const char *[]){"--query", "SELECT customer, product, sold FROM sale",
                                         "--hold-out-last", "1,1", "--model", "a", NULL},
                        small_training));
    expect_text("err", "5 users, 15 items, 6 + 3 + 4 interactions");
    expect_done(run_lists(train_program,
                          (const char *[]){"--data", "sale.tsv", "--model", "b", NULL},
                          small_training));
    ck_assert(same_files("a", "b"));
    sql_end();
}
END_TEST

/* The same rows with times in a file: dates, repeated pairs and thin users are dealt with alike. */
START_TEST(prepared_as_a_file)
{
    static const char *const ways[][4] = {
        {"--hold-out-from", "1970-01-01T00:00:05,1970-01-01T00:00:15", "--deduplicate", "last"},
        {"--hold-out-last", "2,1", "--core", "3"},
    };
    begin();
    write_products("p%d\n", 0);
    FILE *file = fopen("sale.tsv", "w");
    ck_assert_ptr_nonnull(file);
    fputs("user\titem\ttimestamp\n", file);
    for (int i = 0; i < 60; i++) {
        char customer[8], time[8];
        snprintf(customer, sizeof customer, "c%d", i * i % 11);
        snprintf(time, sizeof time, "%d", i * 7 % 20);
        const char *product = product_id(5 + i * 3 % 7);
        fprintf(file, "%s\t%s\t%s\n", customer, product, time);
        sell(customer, product, time);
    }
    fclose(file);
    for (size_t i = 0; i < 2; i++) {
        const char *const more[] = {"--epochs", "2",       ways[i][0], ways[i][1], ways[i][2],
                                    ways[i][3], "--model", "model",    NULL};
        expect_done(run_sql(
            (const char *[]){"--query", "SELECT customer, product, sold FROM sale", NULL}, more));
        ck_assert_int_eq(rename("model", "a"), 0);
        expect_done(run_lists(train_program, (const char *[]){"--data", "sale.tsv", NULL}, more));
        ck_assert(same_files("a", "model"));
    }
    sql_end();
}
END_TEST

/* Integers stay integers in a new table, and so join with what they came from. */
START_TEST(integer_ids)
{
    static const char *const ways[][2] = {{NULL}, {"--include-seen", NULL}};
    begin();
    make_sales();
    write_products("%d\n", 1000);
    sql_execute("CREATE TABLE numbered (c INTEGER, p INTEGER)");
    sql_execute("INSERT INTO numbered SELECT CAST(substr(customer, 2) AS INTEGER), "
                "CAST(substr(product, 2) AS INTEGER) + 1000 FROM sale WHERE product LIKE 'p%'");
    for (int i = 0; i < 2; i++) {
        expect_done(run_sql((const char *[]){"--query", "SELECT c, p FROM numbered", "--into",
                                             "recommended", ways[i][0], NULL},
                            small_training));
        expect_values("SELECT count(*) FROM recommended JOIN numbered ON \"user\" = c AND item = p",
                      i == 0 ? "0\n" : "41\n");
    }
    expect_values("SELECT count(*), min(rank), max(rank), max(item + 0) FROM recommended",
                  "180\t1\t15\t1014\n");
    sql_end();
}
END_TEST

/* Everything that COPY, quotes and strings would take for something else. */
START_TEST(ids_of_any_text)
{
    begin();
    make_sales();
    sql_execute("UPDATE sale SET customer = 'tab\there' WHERE customer = 'c1'");
    sql_execute("UPDATE sale SET customer = 'line\nand\rline' WHERE customer = 'c2'");
    sql_execute("UPDATE sale SET customer = '\\N' WHERE customer = 'c3'");
    sql_execute("UPDATE sale SET customer = '; DROP TABLE sale; --\"''' WHERE customer = 'c4'");
    expect_done(run_sql((const char *[]){"--query", "SELECT customer, product FROM sale", "--into",
                                         "a \"new\" place", "--count", "2", NULL},
                        small_training));
    expect_values("SELECT count(*) FROM \"a \"\"new\"\" place\" WHERE rank = 1 AND \"user\" IN "
                  "(SELECT customer FROM sale)",
                  "12\n");
    expect_values("SELECT count(*) FROM \"a \"\"new\"\" place\" WHERE \"user\" IN ('tab\there', "
                  "'line\nand\rline', '\\N', '; DROP TABLE sale; --\"''')",
                  "8\n");
    sql_end();
}
END_TEST

/* A table that is there keeps its columns; its rows are replaced. */
START_TEST(replaced_table)
{
    begin();
    make_model("model", 1);
    sql_execute("CREATE TABLE recommended (rank INTEGER, score REAL, item TEXT, \"user\" TEXT, "
                "note TEXT DEFAULT 'new')");
    sql_execute("INSERT INTO recommended VALUES (1, 2, 'x', 'y', 'old')");
    for (int i = 0; i < 2; i++) {
        expect_done(run_sql(
            (const char *[]){"--model", "model", "--into", "recommended", "--count", "3", NULL},
            nothing));
        expect_values("SELECT count(*), min(note), max(note) FROM recommended", "120\tnew\tnew\n");
    }
    sql_end();
}
END_TEST

/* What cannot be written whole leaves what was there. */
START_TEST(all_or_nothing)
{
    begin();
    make_model("model", 1);
    sql_execute("CREATE TABLE recommended (\"user\" TEXT, item TEXT, rank INTEGER CHECK (rank < 3),"
                " score REAL)");
    sql_execute("INSERT INTO recommended VALUES ('u', 'i', 1, 2)");
    expect_failure(
        run_sql((const char *[]){"--model", "model", "--into", "recommended", NULL}, nothing),
        "recommended: ");
    expect_text("err", sql_check_failed);
    expect_values("SELECT \"user\", item, rank, score + 0.5 FROM recommended", "u\ti\t1\t2.5\n");
    expect_failure(run_sql((const char *[]){"--model", "model", "--into", "sale", NULL}, nothing),
                   "sale: ");
    sql_end();
}
END_TEST

/* Hours of training are not spent for a table that cannot be written; nor does the trial leave a
 * table. */
START_TEST(tables_are_tried_first)
{
    begin();
    make_sales();
    expect_failure(run_sql((const char *[]){"--query", "SELECT customer, product FROM sale",
                                            "--into", "sale", "--model", "model", NULL},
                           small_training),
                   "sale: ");
    char *said = read_text("err");
    ck_assert_ptr_null(strstr(said, "epoch"));
    free(said);
    expect_values("SELECT count(*) FROM sale", "48\n");
    expect_failure(
        run_sql((const char *[]){"--query", "SELECT customer, product FROM sale", "--into", "made",
                                 "--model", "no-such-folder/model", NULL},
                small_training),
        "no-such-folder");
    expect_failure(run_sql((const char *[]){"--query", "SELECT \"user\", item FROM made", "--model",
                                            "model", NULL},
                           small_training),
                   "made");
    sql_end();
}
END_TEST

static const struct sql_refused refused_everywhere[] = {
    {"SELECT customer FROM sale", "the query yields 1 column; it must yield user and item"},
    {"SELECT customer, product, sold FROM sale", "is for --hold-out-last, --hold-out-from"},
    {"SELECT 1, 2, 3, 4", "the query yields 4 columns"},
    {"SELECT customer, product FROM sale WHERE 1 = 0", "the query yields no rows"},
    {"  -- nothing", "the query is empty"},
    {"SELECT customer, product FROM sale UNION ALL SELECT 'x', NULL",
     "row 49 of the query: product is NULL"},
    {"SELECT CAST(NULL AS TEXT) AS buyer, 'x' AS product", "row 1 of the query: buyer is NULL"},
    {"SELECT 'x' AS buyer, CAST(1.5 AS REAL) AS price", "row 1 of the query: price is a real"},
    {"SELECT '' AS buyer, 'x' AS product", "row 1 of the query: buyer is empty"},
    {"SELECT customer, 'of no list' AS product FROM sale", "row 1 of the query: item 'of no list'"},
};
enum { REFUSED = sizeof refused_everywhere / sizeof *refused_everywhere };

static const struct sql_refused wrong_times[] = {
    {"SELECT customer, product FROM sale", "it must yield user, item and timestamp"},
    {"SELECT customer, product, CAST(NULL AS INTEGER) AS sold FROM sale",
     "row 1 of the query: sold is NULL"},
    {"SELECT customer, product, 10000000000000 AS sold FROM sale",
     "row 1 of the query: sold is out of range; timestamps are numbers of seconds"},
    {"SELECT customer, product, 'today' AS sold FROM sale",
     "row 1 of the query: sold is no number; make seconds of a date"},
};

/* None of the queries leads to a model; `option` may be NULL. */
static void expect_refused(const struct sql_refused *refused, size_t count, const char *option)
{
    for (size_t i = 0; i < count; i++)
        expect_failure(
            run_sql((const char *[]){"--query", refused[i].query, "--model", "model", option, NULL},
                    small_training),
            refused[i].reason);
    ck_assert_int_ne(access("model", F_OK), 0);
}

START_TEST(wrong_queries)
{
    begin();
    make_sales();
    expect_refused(refused_everywhere, REFUSED, NULL);
    expect_refused(sql_refused, sql_refused_count, NULL);
    sql_end();
}
END_TEST

START_TEST(wrong_timestamps)
{
    begin();
    make_sales();
    expect_refused(wrong_times, sizeof wrong_times / sizeof *wrong_times, "--hold-out-last=1,1");
    expect_refused(sql_wrong_times, sql_wrong_time_count, "--hold-out-last=1,1");
    sql_end();
}
END_TEST

static const struct wrong wrong_lines[] = {
    {{"--query", "SELECT 1, 2", "--model", "m"}, 2, "--sqlite or --postgresql is missing"},
    {{sql_option, "d", "--into", "t"}, 2, "--query is missing"},
    {{sql_option, "d", "--query", "SELECT 1, 2"}, 2, "--into is missing"},
    {{sql_option, "d", "--model", "m"}, 2, "--into is missing"},
    {{sql_option, "d", sql_option, "e"}, 2, "more than one database"},
    {{sql_option, "d", "--hold-out-last=1,1", "--hold-out=0.1,0.1", "--query=q", "--model=m"},
     2,
     "only one of --hold-out"},
    {{sql_option, "d", "--final-fit", "--query=q", "--model=m"}, 2, "nothing is held out"},
    {{sql_option, "d", "--count", "0"}, 2, "--count takes a number from 1"},
    {{sql_option, "d", "--query", "q", "--model", "m", "left over"}, 2, "left over"},
    {{sql_option, "d", "--query", "q", "--model", "m", "--seed=x"}, 2, "seed"},
    {{sql_option, "no-such-place", "--query", "q", "--model", "m"}, 1, "no-such-place"},
    {{sql_option, "d", "--into", "t", "--model", "no-such-model"}, 1, "no-such-model"},
};

START_TEST(wrong_command_lines)
{
    expect_wrong(sql_program, &wrong_lines[_i]);
}
END_TEST

START_TEST(help)
{
    ck_assert_int_eq(run(sql_program, (const char *[]){"--help", NULL}), 0);
    expect_text("out", "--hold-out-last V,T");
}
END_TEST

int main(int argc, char **argv)
{
    int code = sql_start();
    if (code != 0)
        return code;
    TCase *tests = tcase_create("sql");
    tcase_add_test(tests, same_as_from_a_file);
    tcase_add_test(tests, final_fit);
    tcase_add_test(tests, a_saved_model);
    tcase_add_test(tests, last_items_are_left_out);
    tcase_add_test(tests, prepared_as_a_file);
    tcase_add_test(tests, integer_ids);
    tcase_add_test(tests, ids_of_any_text);
    tcase_add_test(tests, replaced_table);
    tcase_add_test(tests, all_or_nothing);
    tcase_add_test(tests, tables_are_tried_first);
    tcase_add_test(tests, wrong_queries);
    tcase_add_test(tests, wrong_timestamps);
    tcase_add_loop_test(tests, wrong_command_lines, 0, sizeof wrong_lines / sizeof *wrong_lines);
    tcase_add_test(tests, help);
    code = run_programs(argc, argv, tests, "sql");
    sql_stop();
    return code;
}
