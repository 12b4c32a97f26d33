/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdint.h>

#include "base/status.h"
#include "base/utf8.h"
#include "support/failure.h"

START_TEST(every_status_has_its_name)
{
    static const char *const names[] = {"DIFFMM_OK",
                                        "DIFFMM_ERROR_INVALID_ARGUMENT",
                                        "DIFFMM_ERROR_NO_MEMORY",
                                        "DIFFMM_ERROR_IO",
                                        "DIFFMM_ERROR_FORMAT",
                                        "DIFFMM_ERROR_VERSION",
                                        "DIFFMM_ERROR_NUMERIC",
                                        "DIFFMM_ERROR_STATE",
                                        "DIFFMM_ERROR_NOT_FOUND",
                                        "DIFFMM_ERROR_UNSUPPORTED",
                                        "DIFFMM_ERROR_CALLBACK",
                                        "DIFFMM_CANCELLED"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_str_eq(diffmm_status_name((diffmm_status)i), names[i]);
    /* A number that no status has, still in the range of the type. */
    ck_assert_str_eq(diffmm_status_name((diffmm_status)15), "unknown status");
}
END_TEST

START_TEST(a_failure_sets_the_message)
{
    ck_assert_int_eq(diffmm__fail(DIFFMM_ERROR_IO, "%s:%d: %zu bytes", "file", 12, (size_t)34),
                     DIFFMM_ERROR_IO);
    ck_assert_str_eq(diffmm_error_message(), "file:12: 34 bytes");
    ck_assert_int_eq(diffmm__null("settings"), DIFFMM_ERROR_INVALID_ARGUMENT);
    ck_assert_str_eq(diffmm_error_message(), "settings is NULL");
    /* The previous message may be part of the next one. */
    diffmm__fail(DIFFMM_ERROR_FORMAT, "outer: %s (%s)", diffmm_error_message(),
                 diffmm_error_message());
    ck_assert_str_eq(diffmm_error_message(), "outer: settings is NULL (settings is NULL)");
}
END_TEST

START_TEST(long_messages_are_cut)
{
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    diffmm__fail(DIFFMM_ERROR_IO, "begin %s", text);
    size_t length = strlen(diffmm_error_message());
    ck_assert(length > 200 && length < 3000);
    ck_assert_int_eq(strncmp(diffmm_error_message(), "begin xx", 8), 0);
}
END_TEST

/* A message that is too long is cut in the middle: its beginning says what failed, and its end
 * why. */
START_TEST(the_end_of_a_long_message_stays)
{
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    diffmm__fail(DIFFMM_ERROR_IO, "cannot open %s: no such file", text);
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "cannot open xxx"));
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "xxx ... xxx"));
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "xxx: no such file"));
}
END_TEST

/* Wherever a long text of characters of two to four bytes is cut, no part of one remains. */
START_TEST(no_character_is_cut)
{
    static const char *const characters[] = {"\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x8e\xb5"};
    for (size_t c = 0; c < 3; c++)
        for (size_t before = 0; before < 8; before++) {
            char text[3000];
            size_t length = before, size = strlen(characters[c]);
            memset(text, 'x', before);
            for (; length + size < sizeof text; length += size)
                memcpy(text + length, characters[c], size);
            text[length] = '\0';
            diffmm__fail(DIFFMM_ERROR_IO, "%s", text);
            const char *message = diffmm_error_message();
            ck_assert_ptr_null(strstr(message, "\\x"));
            ck_assert(diffmm__is_utf8(message, strlen(message)));
            ck_assert_uint_gt(strlen(message), 500);
            ck_assert_uint_lt(strlen(message), 512);
        }
}
END_TEST

START_TEST(what_is_no_text_is_escaped)
{
    static const struct {
        const char *raw, *shown;
    } cases[] = {
        {"\xff", "\\xFF"},
        {"a\xc3", "a\\xC3"},
        {"\xe2\x82 b", "\\xE2\\x82 b"},
        {"\xc0\xaf", "\\xC0\\xAF"},                   /* overlong */
        {"\xed\xa0\x80", "\\xED\\xA0\\x80"},          /* a surrogate */
        {"\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
        {"one\ntwo\tthree\r", "one\\x0Atwo\\x09three\\x0D"},
        {"\x1b[31m\x7f", "\\x1B[31m\\x7F"},
        {"\xc2\x9b", "\\xC2\\x9B"}, /* U+009B, which begins commands too */
        {"\xc2\xa0\xc3\xbc \xe2\x82\xac \xf0\x9f\x8e\xb5 \\ \"",
         "\xc2\xa0\xc3\xbc \xe2\x82\xac \xf0\x9f\x8e\xb5 \\ \""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        diffmm__fail(DIFFMM_ERROR_IO, "%s", cases[i].raw);
        ck_assert_str_eq(diffmm_error_message(), cases[i].shown);
        /* As part of another message, it stays as it is. */
        diffmm__fail(DIFFMM_ERROR_IO, "%s", diffmm_error_message());
        ck_assert_str_eq(diffmm_error_message(), cases[i].shown);
    }
    /* Escapes are not cut either. */
    char text[3000];
    memset(text, '\xff', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    diffmm__fail(DIFFMM_ERROR_IO, "%s", text);
    const char *message = diffmm_error_message(), *gap = strstr(message, " ... ");
    ck_assert_ptr_nonnull(gap);
    ck_assert_uint_eq((size_t)(gap - message) % 4, 0);
    ck_assert_uint_eq(strlen(gap + 5) % 4, 0);
}
END_TEST

/* The caller's room, with whatever it held before, receives what fits in it of whole characters. */
START_TEST(a_text_is_given_into_the_callers_memory)
{
    static const struct {
        size_t size;
        const char *text;
    } cases[] = {
        {1, ""},
        {2, "k"},
        {4, "ke"}, /* half of the third character would fit */
        {5, "ke\xc3\xbc"},
        {7, "ke\xc3\xbc:"},
        {8, "ke\xc3\xbc:"},
        {9, "ke\xc3\xbc:\xe2\x82\xac"},
        {64, "ke\xc3\xbc:\xe2\x82\xac"},
    };
    diffmm__fail(DIFFMM_ERROR_IO, "%s", "ke\xc3\xbc:\xe2\x82\xac");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[65];
        memset(message, '?', sizeof message);
        ck_assert_int_eq(diffmm__error_text_give(DIFFMM_ERROR_IO, message, cases[i].size),
                         DIFFMM_ERROR_IO);
        ck_assert_str_eq(message, cases[i].text);
        ck_assert_int_eq(message[cases[i].size], '?');
        ck_assert_int_eq(diffmm__error_text_give(DIFFMM_OK, message, cases[i].size), DIFFMM_OK);
        ck_assert_str_eq(message, "");
    }
    char untouched[] = "as before";
    ck_assert_int_eq(diffmm__error_text_give(DIFFMM_ERROR_IO, untouched, 0), DIFFMM_ERROR_IO);
    ck_assert_str_eq(untouched, "as before");
    ck_assert_int_eq(diffmm__error_text_give(DIFFMM_ERROR_IO, NULL, 0), DIFFMM_ERROR_IO);
    ck_assert_int_eq(diffmm__error_text_give(DIFFMM_ERROR_IO, NULL, 64), DIFFMM_ERROR_IO);
    ck_assert_int_eq(diffmm__error_text_give(DIFFMM_OK, NULL, 64), DIFFMM_OK);
    ck_assert_str_eq(diffmm_error_message(), "ke\xc3\xbc:\xe2\x82\xac");
}
END_TEST

static void *other_thread(void *argument)
{
    int *failures = argument;
    *failures += strcmp(diffmm_error_message(), "") != 0;
    diffmm__fail(DIFFMM_ERROR_IO, "of the other thread");
    *failures += strcmp(diffmm_error_message(), "of the other thread") != 0;
    return NULL;
}

START_TEST(each_thread_has_its_own)
{
    diffmm__fail(DIFFMM_ERROR_IO, "of this thread");
    pthread_t thread;
    int failures = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, &failures), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(failures, 0);
    ck_assert_str_eq(diffmm_error_message(), "of this thread");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_status_has_its_name, a_failure_sets_the_message,
        long_messages_are_cut,     the_end_of_a_long_message_stays,
        no_character_is_cut,       what_is_no_text_is_escaped,
        each_thread_has_its_own,   a_text_is_given_into_the_callers_memory};
    return run_tests("status", tests, sizeof tests / sizeof *tests) != 0;
}
