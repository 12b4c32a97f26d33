/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/utf8.h"
#include "support/failure.h"

START_TEST(utf8_is_told_from_other_bytes)
{
    const char *good[] = {"",
                          "abc",
                          "\xc3\xa9",
                          "\xe2\x82\xac",
                          "\xf0\x9f\x98\x80",
                          "\xed\x9f\xbf",
                          "\xf4\x8f\xbf\xbf"};
    const char *bad[] = {
        "\x80",  "\xc0\x80",     "\xc3",  "\xe2\x82",         "\xed\xa0\x80",    "\xf4\x90\x80\x80",
        "a\xff", "\xe0\x80\x80", "\xc3(", "\xf0\x80\x80\x80", "\xf5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(diffmm__is_utf8(good[i], strlen(good[i])), "good %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!diffmm__is_utf8(bad[i], strlen(bad[i])), "bad %zu", i);
    ck_assert(!diffmm__is_utf8("a\0b", 3));
}
END_TEST

START_TEST(characters_have_sizes)
{
    ck_assert_uint_eq(diffmm__utf8_size("ab", 2), 1);
    ck_assert_uint_eq(diffmm__utf8_size("\xc3\xa9", 2), 2);
    ck_assert_uint_eq(diffmm__utf8_size("\xe2\x82\xac.", 4), 3);
    ck_assert_uint_eq(diffmm__utf8_size("\xf0\x9f\x98\x80", 4), 4);
    ck_assert_uint_eq(diffmm__utf8_size("\xf0\x9f\x98\x80", 3), 0);
    ck_assert_uint_eq(diffmm__utf8_size("\x80", 1), 0);
    ck_assert_uint_eq(diffmm__utf8_size("", 1), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {utf8_is_told_from_other_bytes, characters_have_sizes};
    return run_tests("base/utf8", tests, sizeof tests / sizeof *tests) != 0;
}
