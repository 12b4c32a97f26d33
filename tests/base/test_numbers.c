/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include "../support/failure.h"
#include "base/numbers.h"
#include "base/random.h"

START_TEST(reals_as_text)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.001, "0.001"},
        {1e-4, "0.0001"},
        {1e-5, "1e-5"},
        {1e6, "1000000"},
        {1e15, "1000000000000000"},
        {1e16, "1e16"},
        {1.25e20, "1.25e20"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
        {0.1 + 0.2, "0.30000000000000004"},
        {123456.789, "123456.789"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[DIFFMM__REAL_TEXT];
        ck_assert_str_eq(diffmm__real_text(cases[i].value, text), cases[i].text);
    }
}
END_TEST

START_TEST(every_double_reads_back_as_itself)
{
    for (uint64_t i = 0; i < 3000; i++) {
        uint32_t bits[4];
        double value, back = 0;
        char text[DIFFMM__REAL_TEXT];
        diffmm__random4(3, 0, i, bits);
        memcpy(&value, bits, sizeof value);
        if (!isfinite(value))
            continue;
        ck_assert_msg(diffmm__read_real(diffmm__real_text(value, text), &back), "%s", text);
        ck_assert_msg(back == value, "%s", text);
    }
}
END_TEST

START_TEST(integers_from_text)
{
    int64_t value = 77;
    ck_assert(diffmm__read_integer("-9223372036854775808", &value) && value == INT64_MIN);
    ck_assert(diffmm__read_integer("9223372036854775807", &value) && value == INT64_MAX);
    ck_assert(diffmm__read_integer("+0012", &value) && value == 12);
    static const char *const bad[] = {"",
                                      "-",
                                      "+-1",
                                      "1 ",
                                      " 1",
                                      "1.0",
                                      "0x1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "1e2",
                                      "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!diffmm__read_integer(bad[i], &value), "%s", bad[i]);
    ck_assert_int_eq(value, 12);
}
END_TEST

START_TEST(finite_or_not)
{
    static float values[9000];
    ck_assert(diffmm__all_finite(0, NULL));
    values[5] = 3e38f;
    values[6] = -1e-45f;
    ck_assert(diffmm__all_finite(9000, values));
    static const size_t places[] = {0, 4095, 4096, 8999};
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t p = 0; p < 4; p++)
        for (size_t b = 0; b < 3; b++) {
            values[places[p]] = bad[b];
            ck_assert(!diffmm__all_finite(9000, values));
            ck_assert(diffmm__all_finite(places[p], values));
            values[places[p]] = 0;
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {reals_as_text, every_double_reads_back_as_itself,
                                  integers_from_text, finite_or_not};
    return run_tests("numbers", tests, sizeof tests / sizeof *tests) != 0;
}
