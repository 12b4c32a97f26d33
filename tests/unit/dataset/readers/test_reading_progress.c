/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/reading_progress.h"

#include <stdio.h>
#include <string.h>

#include "support/failure.h"

struct heard {
    size_t lines;
    diffmm_log_level level;
    char last[256];
};

static void hear(diffmm_log_level level, const char *message, void *user_data)
{
    struct heard *heard = user_data;
    heard->lines++;
    heard->level = level;
    snprintf(heard->last, sizeof heard->last, "%s", message);
}

static diffmm_context *make_context(struct heard *heard, diffmm_log_level level)
{
    diffmm_context_settings settings = {.struct_size = sizeof settings,
                                        .threads = 1,
                                        .log = hear,
                                        .log_data = heard,
                                        .log_level = level};
    diffmm_context *context;
    expect_success(diffmm_context_create(&settings, &context));
    return context;
}

START_TEST(a_line_every_so_many_rows)
{
    struct heard heard = {0};
    struct diffmm__draft draft = {.users = 12, .items = 3};
    struct diffmm__reading_progress progress = {
        .context = make_context(&heard, DIFFMM_LOG_INFO), .draft = &draft, .name = "t.tsv"};
    diffmm__reading_progress_add(&progress, DIFFMM__PROGRESS_ROWS - 1, 10, 40);
    diffmm__reading_progress_end(&progress); /* few rows are read without a word */
    ck_assert_uint_eq(heard.lines, 0);
    diffmm__reading_progress_add(&progress, 64, 10, 40);
    ck_assert_uint_eq(heard.lines, 1);
    ck_assert_int_eq(heard.level, DIFFMM_LOG_INFO);
    ck_assert_str_eq(heard.last,
                     "t.tsv: 5000063 rows read, 25 % of the file; 12 users and 3 items so far");
    diffmm__reading_progress_add(&progress, DIFFMM__PROGRESS_ROWS - 64, 30, 40);
    ck_assert_uint_eq(heard.lines, 1); /* the second five millions are not full */
    diffmm__reading_progress_add(&progress, 64, 0, 0);
    ck_assert_uint_eq(heard.lines, 2);
    ck_assert_str_eq(heard.last, "t.tsv: 10000063 rows read; 12 users and 3 items so far");
    diffmm__reading_progress_end(&progress);
    ck_assert_str_eq(heard.last, "t.tsv: all 10000063 rows read; 12 users and 3 items");
    ck_assert_uint_eq(heard.lines, 3);
    diffmm_context_destroy((diffmm_context *)progress.context);
}
END_TEST

START_TEST(nothing_where_the_host_did_not_ask)
{
    struct heard heard = {0};
    struct diffmm__draft draft = {.users = 1};
    struct diffmm__reading_progress progress = {
        .context = make_context(&heard, DIFFMM_LOG_WARNING), .draft = &draft, .name = "t.tsv"};
    diffmm__reading_progress_add(&progress, 2 * (size_t)DIFFMM__PROGRESS_ROWS, 1, 2);
    diffmm__reading_progress_end(&progress);
    ck_assert_uint_eq(heard.lines, 0);
    diffmm_context_destroy((diffmm_context *)progress.context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_line_every_so_many_rows, nothing_where_the_host_did_not_ask};
    return run_tests("reading_progress", tests, sizeof tests / sizeof *tests);
}
