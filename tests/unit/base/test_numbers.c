/* SPDX-License-Identifier: BSD-2-Clause */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/numbers.h"
#include "base/random.h"
#include "support/failure.h"

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

/* A number close to the largest double, with its point anywhere. */
static void near_the_largest(uint64_t seed, char *text)
{
    static const char largest[] = "179769313486231580793728971405303415079934132710037826936";
    size_t at = 0, digits = 1 + diffmm__random_below(seed, 1, 0, 45);
    size_t point = diffmm__random_below(seed, 2, 0, digits + 1);
    size_t zeros = point == 0 ? diffmm__random_below(seed, 3, 0, 5) : 0;
    size_t changed =
        diffmm__random_below(seed, 4, 0, 3) ? diffmm__random_below(seed, 5, 0, 45) : 99;
    if (diffmm__random_below(seed, 6, 0, 2))
        text[at++] = '-';
    for (size_t i = 0; i < digits; i++) {
        if (i == point)
            at += (size_t)sprintf(text + at, ".%.*s", (int)zeros, "00000");
        text[at++] = i == changed ? (char)('0' + diffmm__random_below(seed, 7, 0, 10)) : largest[i];
    }
    int power = 308 + (point == 0 ? 1 + (int)zeros : 1 - (int)point);
    power += (int)diffmm__random_below(seed, 8, 0, 3) - 1;
    sprintf(text + at, "e%s%d", diffmm__random_below(seed, 9, 0, 2) ? "+" : "", power);
}

/* A number that is too large is refused, and no overflow is raised. strtod tells which numbers
 * are. */
START_TEST(what_is_no_double_is_refused)
{
    static const char *const fine[] = {"1e-400",    "0e999999999999", "-0.000e4000",  "0.0001e312",
                                       "10000e304", "1e+308",         "000000001e308"};
    static const char *const large[] = {
        "1e309",        "-1e309", "0.0001e313", "10000e305", "1e99999999999999999999",
        "1e2147483648", "2e308"};
    double value = 5;
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        ck_assert_msg(diffmm__read_real(fine[i], &value) && value == strtod(fine[i], NULL), "%s",
                      fine[i]);
    value = 5;
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        ck_assert_msg(!diffmm__read_real(large[i], &value) && value == 5, "%s", large[i]);
    size_t refused = 0, rounds = 20000;
    for (uint64_t seed = 0; seed < rounds; seed++) {
        char text[128];
        near_the_largest(seed, text);
        bool read = diffmm__read_real(text, &value);
        traps_off(); /* strtod raises what is tested for */
        double want = strtod(text, NULL);
        traps_on();
        refused += !read;
        ck_assert_msg(read == (bool)isfinite(want) && (!read || value == want), "%s", text);
    }
    ck_assert(refused > rounds / 4 && refused < rounds * 3 / 4);
}
END_TEST

START_TEST(narrowed_to_floats)
{
    const double half = 0x1.ffffffp127;
    ck_assert(diffmm__narrow(half) == INFINITY && diffmm__narrow(-half) == -INFINITY);
    ck_assert(diffmm__narrow(nextafter(half, 0)) == FLT_MAX);
    ck_assert(diffmm__narrow(-nextafter(half, 0)) == -FLT_MAX && diffmm__narrow(1e300) == INFINITY);
    ck_assert(diffmm__narrow(0.1) == 0.1f && isnan(diffmm__narrow(NAN)));
    ck_assert(diffmm__within(0, 0, 1) && !diffmm__within(1, 0, 1) && !diffmm__within(NAN, 0, 1));
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

START_TEST(the_first_that_is_not_finite)
{
    enum { n = 100 };
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    float x[n] = {3e38f, -3e38f, 1e-45f};
    ck_assert_uint_eq(diffmm__first_not_finite(0, NULL), 0);
    ck_assert_uint_eq(diffmm__first_not_finite(n, x), n);
    for (size_t i = n; i-- > 0;) {
        x[i] = bad[i % 3];
        ck_assert_uint_eq(diffmm__first_not_finite(n, x), i);
        ck_assert_uint_eq(diffmm__first_not_finite(i, x), i);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {reals_as_text,
                                  every_double_reads_back_as_itself,
                                  what_is_no_double_is_refused,
                                  narrowed_to_floats,
                                  integers_from_text,
                                  finite_or_not,
                                  the_first_that_is_not_finite};
    return run_tests("numbers", tests, sizeof tests / sizeof *tests) != 0;
}
