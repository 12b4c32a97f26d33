/* SPDX-License-Identifier: BSD-2-Clause */
/* diffmm_batch_recommend and diffmm_export: what they write is what the library gives. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "made_model.h"
#include "program.h"

static diffmm_scorer *scorer;

static void begin(void)
{
    make_model("model", 1);
    scorer = open_made_model("model");
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
}

static size_t best(int32_t user, size_t count, diffmm_hit *hits)
{
    diffmm_query query = {.struct_size = sizeof query, .count = count};
    size_t found;
    ck_assert_int_eq(diffmm_recommend(scorer, user, &query, hits, &found), DIFFMM_OK);
    return found;
}

/* Check the rows of one user in a table; what follows them. */
static char *expect_rows(char *rows, int32_t user, size_t count)
{
    diffmm_hit hits[MADE_ITEMS];
    size_t found = best(user, count, hits);
    for (size_t i = 0; i < found; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "%s\t%zu\t%s\t%.9g\n", made_user(user), i + 1,
                 made_item(hits[i].item), (double)hits[i].score);
        ck_assert_msg(strncmp(rows, expected, strlen(expected)) == 0, "not '%s' but '%.80s'",
                      expected, rows);
        rows += strlen(expected);
    }
    return rows;
}

static char *expect_heading(char *text)
{
    static const char heading[] = "user\trank\titem\tscore\n";
    ck_assert(strncmp(text, heading, strlen(heading)) == 0);
    return text + strlen(heading);
}

START_TEST(all_users_as_a_table)
{
    begin();
    ck_assert_int_eq(run(batch_program, (const char *[]){"--model", "model", "--count", "5", NULL}),
                     0);
    char *text = read_text("out"), *rows = expect_heading(text);
    for (int32_t user = 0; user < MADE_USERS; user++)
        rows = expect_rows(rows, user, 5);
    ck_assert_str_eq(rows, "");
    free(text);
    char *complaints = read_text("err");
    ck_assert_str_eq(complaints, ""); /* no bar: this is no terminal */
    free(complaints);
    end();
}
END_TEST

/* More than there are; users of a list, in its order; into a file. */
START_TEST(listed_users_into_a_file)
{
    static const int32_t listed[] = {7, 3, 39, 7};
    char list[200] = "";
    begin();
    for (size_t i = 0; i < 4; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s\n", made_user(listed[i]));
    write_text("list", list);
    write_text("table", "what was there before");
    ck_assert_int_eq(
        run(batch_program, (const char *[]){"--model", "model", "--users", "list", "--count",
                                            "1000", "--output", "table", "--threads", "1", NULL}),
        0);
    char *text = read_text("table"), *rows = expect_heading(text);
    for (size_t i = 0; i < 4; i++)
        rows = expect_rows(rows, listed[i], MADE_ITEMS);
    ck_assert_str_eq(rows, "");
    free(text);
    ck_assert_int_ne(access("table.part", F_OK), 0);
    end();
}
END_TEST

/* However the list was written, it names two users. */
START_TEST(lists_as_editors_write_them)
{
    static const char *const forms[] = {
        "%s\n%s\n",      "%s\n%s", "%s\r\n%s\r\n", "%s\r\n%s\r", "\xef\xbb\xbf%s\n%s\n",
        "%s\n%s\n\n\r\n"};
    begin();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char list[200];
        snprintf(list, sizeof list, forms[i], made_user(7), made_user(3));
        write_text("list", list);
        int status = run(batch_program, (const char *[]){"--model", "model", "--users", "list",
                                                         "--count", "2", NULL});
        ck_assert_int_eq(status, 0);
        char *text = read_text("out"), *rows = expect_heading(text);
        rows = expect_rows(expect_rows(rows, 7, 2), 3, 2);
        ck_assert_str_eq(rows, "");
        free(text);
    }
    end();
}
END_TEST

struct broken_list {
    const char *text, *reason;
};

static const struct broken_list broken_lists[] = {
    {"u1\n\nu2\n", "list:2: the line is empty"},
    {"u1\n\xff\xc0\n", "list:2: the line is not UTF-8"},
    {"\xff\xfeu", "list:1: this is text in UTF-16"},
    {"\xfe\xffu", "list:1: this is text in UTF-16"},
};

START_TEST(broken_lists_are_refused)
{
    begin();
    write_text("list", broken_lists[_i].text);
    ck_assert_int_eq(
        run(batch_program, (const char *[]){"--model", "model", "--users", "list", NULL}), 1);
    expect_text("err", broken_lists[_i].reason);
    end();
}
END_TEST

START_TEST(json_lines)
{
    begin();
    ck_assert_int_eq(run(batch_program, (const char *[]){"--model", "model", "--format", "jsonl",
                                                         "--count", "4", "--include-seen", NULL}),
                     0);
    char *text = read_text("out");
    int32_t user = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), user++) {
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        const json_t *items = json_object_get(object, "items");
        diffmm_query query = {.struct_size = sizeof query, .count = 4, .include_seen = 1};
        diffmm_hit hits[4];
        size_t found;
        ck_assert_int_eq(diffmm_recommend(scorer, user, &query, hits, &found), DIFFMM_OK);
        ck_assert_str_eq(json_string_value(json_object_get(object, "user")), made_user(user));
        ck_assert_uint_eq(json_array_size(items), found);
        for (size_t i = 0; i < found; i++) {
            const json_t *hit = json_array_get(items, i);
            ck_assert_str_eq(json_string_value(json_object_get(hit, "item")),
                             made_item(hits[i].item));
            ck_assert_float_eq((float)json_real_value(json_object_get(hit, "score")),
                               hits[i].score);
        }
        json_decref(object);
    }
    ck_assert_int_eq(user, MADE_USERS);
    free(text);
    end();
}
END_TEST

/* What went wrong leaves the old file, and no part of a new one. */
START_TEST(failures_leave_the_old_file)
{
    begin();
    write_text("list", "u1\nnobody\n");
    write_text("table", "what was there before");
    ck_assert_int_eq(run(batch_program, (const char *[]){"--model", "model", "--users", "list",
                                                         "--output", "table", NULL}),
                     1);
    expect_text("err", "line 2 of the list of users: there is no user 'nobody'");
    char *text = read_text("table");
    ck_assert_str_eq(text, "what was there before");
    free(text);
    ck_assert_int_ne(access("table.part", F_OK), 0);
    end();
}
END_TEST

/* Vectors and ids as the library exports them, under the names asked for. */
START_TEST(exported_vectors)
{
    begin();
    ck_assert_int_eq(
        run(export_program, (const char *[]){"--model", "model", "--items", "items.npy", "--users",
                                             "users.safetensors", NULL}),
        0);
    expect_text("out", "saved items.npy: 30 items x 8\n");
    expect_text("out", "saved users.safetensors: 40 users x 8\n");
    ck_assert_int_eq(diffmm_scorer_export(scorer, DIFFMM_ITEMS, DIFFMM_VECTORS_NPY, "x.npy"),
                     DIFFMM_OK);
    ck_assert_int_eq(diffmm_scorer_export(scorer, DIFFMM_USERS, DIFFMM_VECTORS_SAFETENSORS, "x"),
                     DIFFMM_OK);
    ck_assert(same_files("items.npy", "x.npy"));
    ck_assert(same_files("items.ids.txt", "x.ids.txt"));
    ck_assert(same_files("users.safetensors", "x"));
    end();
}
END_TEST

/* The floats of a .npy file, whose header has 128 bytes. */
static void read_floats(const char *path, size_t count, float *out)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 128, SEEK_SET), 0);
    ck_assert_uint_eq(fread(out, sizeof *out, count, file), count);
    ck_assert_int_eq(fgetc(file), EOF);
    fclose(file);
}

enum { WIDTH = 8 + 1 }; /* of vectors for an index of distances */

static double squared_distance(const float *x, const float *y)
{
    double sum = 0;
    for (size_t k = 0; k < WIDTH; k++)
        sum += ((double)x[k] - (double)y[k]) * ((double)x[k] - (double)y[k]);
    return sum;
}

/* The item nearest to a user of those not taken yet. */
static int32_t nearest(const float *user, const float *items, const bool *taken)
{
    int32_t best = -1;
    for (int32_t i = 0; i < MADE_ITEMS; i++)
        if (!taken[i] && (best < 0 || squared_distance(user, items + i * WIDTH) <
                                          squared_distance(user, items + best * WIDTH)))
            best = i;
    return best;
}

/* The order of distances is that of the scores, up to those that differ by rounding alone: a column
 * rounded to a float moves a score by at most 2^-24 of the largest squared length, and sums of eight
 * floats by less than another 2^-20 of it. */
START_TEST(vectors_for_distances)
{
    static float users[MADE_USERS * WIDTH], items[MADE_ITEMS * WIDTH];
    const float none[WIDTH] = {0};
    begin();
    ck_assert_int_eq(
        run(export_program, (const char *[]){"--model", "model", "--for", "l2", "--items",
                                             "items.npy", "--users", "users.npy", NULL}),
        0);
    expect_text("out", "saved items.npy: 30 items x 9\n");
    read_floats("users.npy", MADE_USERS * WIDTH, users);
    read_floats("items.npy", MADE_ITEMS * WIDTH, items);
    double longest = squared_distance(items, none);
    for (int32_t user = 0; user < MADE_USERS; user++) {
        diffmm_query query = {.struct_size = sizeof query, .count = MADE_ITEMS, .include_seen = 1};
        diffmm_hit hits[MADE_ITEMS];
        float scores[MADE_ITEMS];
        bool taken[MADE_ITEMS] = {false};
        size_t found;
        ck_assert_int_eq(diffmm_recommend(scorer, user, &query, hits, &found), DIFFMM_OK);
        ck_assert_int_eq(diffmm_score(scorer, user, MADE_ITEMS, NULL, scores), DIFFMM_OK);
        for (size_t n = 0; n < MADE_ITEMS; n++) {
            int32_t item = nearest(users + user * WIDTH, items, taken);
            double gap = fabs((double)scores[item] - (double)hits[n].score);
            taken[item] = true;
            ck_assert_msg(gap <= longest * 0x1.2p-20, "place %zu of user %d: item %d, not %d", n,
                          user, item, hits[n].item);
        }
    }
    end();
}
END_TEST

static const struct wrong wrong_batches[] = {
    {{NULL}, 2, "--model is missing"},
    {{"--nonsense"}, 2, "nonsense"},
    {{"--model", "model", "left over"}, 2, "left over"},
    {{"--model", "model", "--count", "0"}, 2, "--count takes"},
    {{"--model", "model", "--count", "-1"}, 2, "--count takes"},
    {{"--model", "model", "--count", "5x"}, 2, "5x"},
    {{"--model", "model", "--threads", "0"}, 2, "--threads takes"},
    {{"--model", "model", "--format", "xml"}, 2, "not xml"},
    {{"--model", "no-such-model"}, 1, "no-such-model"},
    {{"--model", "list"}, 1, "list"},
    {{"--model", "model", "--users", "no-such-list"}, 1, "no-such-list"},
    {{"--model", "model", "--output", "no-such-folder/table"}, 1, "no-such-folder"},
};

static const struct wrong wrong_exports[] = {
    {{NULL}, 2, "--model is missing"},
    {{"--nonsense"}, 2, "nonsense"},
    {{"--model", "model"}, 2, "neither --users nor --items"},
    {{"--model", "model", "--items", "items.csv"}, 2, "items.csv"},
    {{"--model", "model", "--items", "items.npy", "left over"}, 2, "left over"},
    {{"--model", "model", "--items", "items.npy", "--for", "cosine"}, 2, "--for is 'cosine'"},
    {{"--model", "no-such-model", "--items", "items.npy"}, 1, "no-such-model"},
    {{"--model", "model", "--items", "no-such-folder/items.npy"}, 1, "no-such-folder"},
};

static void expect_wrong_with_model(const char *program, const struct wrong *wrong)
{
    make_model("model", 1);
    write_text("list", "u1\n");
    expect_wrong(program, wrong);
}

START_TEST(batch_says_what_is_wrong)
{
    expect_wrong_with_model(batch_program, &wrong_batches[_i]);
}
END_TEST

START_TEST(export_says_what_is_wrong)
{
    expect_wrong_with_model(export_program, &wrong_exports[_i]);
}
END_TEST

START_TEST(help)
{
    ck_assert_int_eq(run(batch_program, (const char *[]){"--help", NULL}), 0);
    expect_text("out", "usage: diffmm_batch_recommend");
    ck_assert_int_eq(run(export_program, (const char *[]){"--help", NULL}), 0);
    expect_text("out", "usage: diffmm_export");
}
END_TEST

int main(int argc, char **argv)
{
    TCase *tests = tcase_create("batch");
    tcase_add_test(tests, all_users_as_a_table);
    tcase_add_test(tests, listed_users_into_a_file);
    tcase_add_test(tests, lists_as_editors_write_them);
    tcase_add_loop_test(tests, broken_lists_are_refused, 0,
                        (int)(sizeof broken_lists / sizeof broken_lists[0]));
    tcase_add_test(tests, json_lines);
    tcase_add_test(tests, failures_leave_the_old_file);
    tcase_add_test(tests, exported_vectors);
    tcase_add_test(tests, vectors_for_distances);
    tcase_add_loop_test(tests, batch_says_what_is_wrong, 0,
                        (int)(sizeof wrong_batches / sizeof wrong_batches[0]));
    tcase_add_loop_test(tests, export_says_what_is_wrong, 0,
                        (int)(sizeof wrong_exports / sizeof wrong_exports[0]));
    tcase_add_test(tests, help);
    return run_programs(argc, argv, tests, "batch");
}
