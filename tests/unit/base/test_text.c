/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "support/failure.h"

__attribute__((format(printf, 4, 5))) static void format(char *out, size_t size, size_t tail,
                                                         const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    diffmm__text_format(out, size, tail, text, arguments);
    va_end(arguments);
}

START_TEST(cuts_between_characters)
{
    const char *text = "a\xc3\xa9\xe2\x82\xac"; /* 1, 2 and 3 bytes */
    static const size_t lengths[] = {0, 1, 1, 3, 3, 3, 6, 6};
    for (size_t most = 0; most < sizeof lengths / sizeof *lengths; most++)
        ck_assert_uint_eq(diffmm__text_cut(text, strlen(text), most), lengths[most]);
    /* A byte that is not UTF-8 counts as a character. */
    ck_assert_uint_eq(diffmm__text_cut("\xff\xff", 2, 1), 1);
    ck_assert_uint_eq(diffmm__text_cut("", 0, 5), 0);
}
END_TEST

START_TEST(one_line_of_utf8)
{
    char out[64];
    format(out, sizeof out, 0, "%s %d", "a\xc3\xa9", 7);
    ck_assert_str_eq(out, "a\xc3\xa9 7");
    format(out, sizeof out, 0, "a\nb\x7f\xff\xc2\x85");
    ck_assert_str_eq(out, "a\\x0Ab\\x7F\\xFF\\xC2\\x85");
}
END_TEST

START_TEST(what_is_too_long_is_cut)
{
    char out[16];
    format(out, sizeof out, 0, "%s", "0123456789abcde");
    ck_assert_str_eq(out, "0123456789abcde");
    format(out, sizeof out, 0, "%s", "0123456789abcdef");
    ck_assert_str_eq(out, "0123456789abcde");
    format(out, sizeof out, 4, "%s", "0123456789abcdef");
    ck_assert_str_eq(out, "012345 ... cdef");
    /* An escape is not cut either. */
    format(out, sizeof out, 0, "%s", "0123456789abc\n");
    ck_assert_str_eq(out, "0123456789abc");
}
END_TEST

START_TEST(the_closest_of_some_texts)
{
    static const char *const texts[] = {"epochs", "layers", "tau", ""};
    static const char *const alike[] = {"epocha", "epochb"};
    char longest[200];
    memset(longest, 'e', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_ptr_eq(diffmm__text_closest("epochs", 4, texts), texts[0]);
    ck_assert_ptr_eq(diffmm__text_closest("epoch", 4, texts), texts[0]);
    ck_assert_ptr_eq(diffmm__text_closest("player", 4, texts), texts[1]);
    ck_assert_ptr_eq(diffmm__text_closest("tao", 4, texts), texts[2]);
    ck_assert_ptr_null(diffmm__text_closest("momentum", 4, texts));
    ck_assert_ptr_null(diffmm__text_closest(longest, 4, texts));
    ck_assert_ptr_null(diffmm__text_closest("epochs", 0, NULL));
    /* The first one, if several are as close. */
    ck_assert_ptr_eq(diffmm__text_closest("epochx", 2, alike), alike[0]);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {cuts_between_characters, one_line_of_utf8,
                                  what_is_too_long_is_cut, the_closest_of_some_texts};
    return run_tests("text", tests, sizeof tests / sizeof *tests) != 0;
}
