/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of text hold for lists of ids and for tables alike. */
#include "dataset/readers/lines.h"

#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "dataset/readers/interactions_table.h"
#include "support/failure.h"

/* Text of a size that is known without counting. */
#define TEXT(literal) literal, sizeof(literal) - 1

/* In an exact copy, so that reading beyond it is noticed. */
static diffmm_status parse_list(const char *text, size_t size, struct diffmm__lines *lines)
{
    char *exact = malloc(size + !size);
    memcpy(exact, text, size);
    diffmm_status status = diffmm__lines_parse(NULL, exact, size, "ids.txt", lines);
    free(exact);
    return status;
}

static void check_list(const char *text, size_t size, size_t count, const char *const *wanted)
{
    struct diffmm__lines lines;
    expect_success(parse_list(text, size, &lines));
    ck_assert_uint_eq(lines.count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(lines.list[i], wanted[i]);
    diffmm__lines_end(NULL, &lines);
}

static const char *const ab[] = {"a", "b"}, *const cr[] = {"a\r", "b\rc"};

START_TEST(lists)
{
    check_list(TEXT("a\nb\n"), 2, ab);
    check_list(TEXT("a\nb"), 2, ab);
    check_list(TEXT("a\r\nb\r\n"), 2, ab);
    check_list(TEXT("a\r\nb\r"), 2, ab);
    check_list(TEXT("\xef\xbb\xbf"
                    "a\nb\n"),
               2, ab);
    check_list(TEXT("a\nb\n\n\n"), 2, ab);
    check_list(TEXT("a\nb\r\n\r\n\n\r"), 2, ab);
    check_list(TEXT("a\r\r\nb\rc\r\n"), 2, cr);
    check_list(TEXT(""), 0, NULL);
    check_list(TEXT("\n\r\n"), 0, NULL);
    check_list(TEXT("\xef\xbb\xbf"), 0, NULL);
    check_list(TEXT("\xef\xbb\xbf\n"), 0, NULL);
}
END_TEST

static void check_refused(const char *text, size_t size, const char *message)
{
    struct diffmm__lines lines = {.count = 77};
    expect_failure(parse_list(text, size, &lines), DIFFMM_ERROR_FORMAT, message);
    ck_assert_uint_eq(lines.count, 77);
}

START_TEST(broken_lists)
{
    check_refused(TEXT("a\n\nb\n"), "ids.txt:2: the line is empty");
    check_refused(TEXT("\na\n"), "ids.txt:1: the line is empty");
    check_refused(TEXT("a\n\r\nb"), "ids.txt:2: the line is empty");
    check_refused(TEXT("a\nb\0c\n"), "ids.txt:2: the line has a NUL");
    check_refused(TEXT("a\nb\0"), "ids.txt:2: the line has a NUL");
    check_refused(TEXT("a\nb\n\xc0\x80"), "ids.txt:3: the line is not UTF-8");
    check_refused(TEXT("a\xe4\xb8\n"), "ids.txt:1: the line is not UTF-8");
    check_refused(TEXT("\xff\xfe"
                       "a\0\n\0"),
                  "ids.txt:1: this is text in UTF-16");
    check_refused(TEXT("\xfe\xff\0a\0\n"), "ids.txt:1: this is text in UTF-16");
}
END_TEST

static const struct diffmm__dialect tabs = {.separator = '\t'};

/* A table with these lines after its header has the one interaction of u and i. */
static void check_table(const char *text, size_t size)
{
    struct diffmm__draft *draft = diffmm__draft_create(NULL);
    expect_success(
        diffmm__interactions_table_parse(NULL, tabs, text, size, "a.tsv", DIFFMM_TRAIN, draft));
    ck_assert_uint_eq(draft->pairs[DIFFMM_TRAIN].count, 1);
    ck_assert_str_eq(diffmm__ids_text(&draft->user_ids, 0), "u");
    ck_assert_str_eq(diffmm__ids_text(&draft->item_ids, 0), "i");
    diffmm__draft_destroy(NULL, draft);
}

START_TEST(tables_take_the_same_lines)
{
    check_table(TEXT("user\titem\nu\ti\n"));
    check_table(TEXT("user\titem\nu\ti"));
    check_table(TEXT("user\titem\r\nu\ti\r\n"));
    check_table(TEXT("user\titem\r\nu\ti\r"));
    check_table(TEXT("\xef\xbb\xbfuser\titem\nu\ti\n"));
    check_table(TEXT("user\titem\nu\ti\n\r\n\n\r"));
    struct diffmm__draft *draft = diffmm__draft_create(NULL);
    expect_failure(diffmm__interactions_table_parse(NULL, tabs, TEXT("\xff\xfeu\0s\0"), "a.tsv",
                                                    DIFFMM_TRAIN, draft),
                   DIFFMM_ERROR_FORMAT, "a.tsv:1: this is text in UTF-16");
    diffmm__draft_destroy(NULL, draft);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {lists, broken_lists, tables_take_the_same_lines};
    return run_tests("lines", tests, sizeof tests / sizeof *tests);
}
