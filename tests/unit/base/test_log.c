/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "base/context.h"
#include "base/log.h"
#include "support/failure.h"

struct heard {
    size_t count;
    diffmm_log_level level;
    char message[1024];
};

static void hear(diffmm_log_level level, const char *message, void *user_data)
{
    struct heard *heard = user_data;
    ck_assert_uint_lt(strlen(message), sizeof heard->message);
    heard->count++;
    heard->level = level;
    strcpy(heard->message, message);
}

static diffmm_context *listening(struct heard *heard, diffmm_log_level level)
{
    diffmm_context *context;
    const diffmm_context_settings settings = {
        .threads = 1, .log = hear, .log_data = heard, .log_level = level};
    expect_success(diffmm_context_create(&settings, &context));
    return context;
}

START_TEST(levels_up_to_the_one_asked_for)
{
    static const diffmm_log_level levels[] = {DIFFMM_LOG_NONE, DIFFMM_LOG_WARNING, DIFFMM_LOG_INFO,
                                              DIFFMM_LOG_DEBUG};
    for (size_t wanted = 0; wanted < 4; wanted++) {
        struct heard heard = {0};
        diffmm_context *context = listening(&heard, levels[wanted]);
        for (size_t level = 1; level < 4; level++) {
            heard.count = 0;
            diffmm__log(context, levels[level], "level %zu of %s", level, "three");
            ck_assert_uint_eq(heard.count, level <= wanted ? 1 : 0);
            if (heard.count == 0)
                continue;
            char want[32];
            snprintf(want, sizeof want, "level %zu of three", level);
            ck_assert_str_eq(heard.message, want);
            ck_assert_int_eq(heard.level, levels[level]);
        }
        diffmm_context_destroy(context);
    }
}
END_TEST

/* A line is one line of UTF-8, as long as it may be. */
START_TEST(lines_are_text)
{
    struct heard heard = {0};
    diffmm_context *context = listening(&heard, DIFFMM_LOG_WARNING);
    diffmm__log(context, DIFFMM_LOG_WARNING, "one\n%s", "\xff\xc3\xbc");
    ck_assert_str_eq(heard.message, "one\\x0A\\xFF\xc3\xbc");
    char text[1000] = {0};
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    diffmm__log(context, DIFFMM_LOG_WARNING, "x%s", text);
    ck_assert_uint_gt(strlen(heard.message), 500);
    ck_assert_ptr_null(strstr(heard.message, "\\x"));
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(nobody_listens)
{
    diffmm_context *context;
    const diffmm_context_settings settings = {.threads = 1, .log_level = DIFFMM_LOG_DEBUG};
    expect_success(diffmm_context_create(&settings, &context));
    diffmm__log(context, DIFFMM_LOG_WARNING, "%s", "not heard");
    diffmm__log(NULL, DIFFMM_LOG_WARNING, "%s", "not heard");
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(long_lines_are_cut)
{
    struct heard heard = {0};
    diffmm_context *context = listening(&heard, DIFFMM_LOG_INFO);
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    diffmm__log(context, DIFFMM_LOG_INFO, "begin %s end", text);
    ck_assert_uint_eq(heard.count, 1);
    ck_assert_int_eq(strncmp(heard.message, "begin xxx", 9), 0);
    ck_assert_uint_ge(strlen(heard.message), 500);
    ck_assert_ptr_null(strstr(heard.message, "end"));
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {levels_up_to_the_one_asked_for, lines_are_text, nobody_listens,
                                  long_lines_are_cut};
    return run_tests("log", tests, sizeof tests / sizeof *tests) != 0;
}
