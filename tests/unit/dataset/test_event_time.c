/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/event_time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/failure.h"

static const struct {
    const char *text;
    int64_t microseconds;
} times[] = {
    {"0", 0},
    {"978300760", 978300760000000},
    {"978300760000", 978300760000000},
    {"978300760000000", 978300760000000},
    {"978300760000000123", 978300760000000},
    {"-1", -1000000},
    {"9.7830076e8", 978300760000000},
    {"978300760.25", 978300760250000},
    {"-0.5", -500000},
    {"1970-01-01", 0},
    {"1969-12-31", -86400000000},
    {"2000-02-29", 951782400000000},
    {"1900-03-01", -2203891200000000},
    {"2000-12-31T22:12:40", 978300760000000},
    {"2000-12-31 22:12:40Z", 978300760000000},
    {"2000-12-31T22:12", 978300720000000},
    {"2000-12-31T24:00", 978307200000000},
    {"2000-12-31T22:12:40.1234567", 978300760123456},
    {"2001-01-01T00:12:40+02:00", 978300760000000},
    {"2000-12-31T17:42:40-0430", 978300760000000},
    {"2001-01-01T00:12:40+02", 978300760000000},
    {"0000-01-01", -62167219200000000},
    {"9999-12-31T23:59:60", 253402300800000000},
};

START_TEST(times_are_read)
{
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t time = 0;
        ck_assert_msg(diffmm__event_time_read(times[i].text, strlen(times[i].text), &time),
                      "'%s' was refused", times[i].text);
        ck_assert_msg(time == times[i].microseconds, "'%s' is %lld, not %lld", times[i].text,
                      (long long)time, (long long)times[i].microseconds);
    }
}
END_TEST

START_TEST(anything_else_is_refused)
{
    static const char *const wrong[] = {"",
                                        " ",
                                        "-",
                                        "+",
                                        ".",
                                        "x",
                                        "12:30",
                                        "nan",
                                        "inf",
                                        "1e999",
                                        "1e19",
                                        "0x10",
                                        " 1",
                                        "1 ",
                                        "1..2",
                                        "2024-13-01",
                                        "2024-00-10",
                                        "2024-01-32",
                                        "2024-01-00",
                                        "2023-02-29",
                                        "1900-02-29",
                                        "2024-1-1",
                                        "24-01-01",
                                        "2024-01-01X",
                                        "2024-01-01T",
                                        "2024-01-01T25:00",
                                        "2024-01-01T10:60",
                                        "2024-01-01T10:00:61",
                                        "2024-01-01T10:00:00.",
                                        "2024-01-01T10:00+",
                                        "2024-01-01T10:00+24:00",
                                        "2024-01-01T10:00+02:",
                                        "2024-01-01T10:00+02:60",
                                        "2024-01-01T10:00ZZ",
                                        "2024-01-01Z",
                                        "31.05.2024",
                                        "05/31/2024"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t time;
        ck_assert_msg(!diffmm__event_time_read(wrong[i], strlen(wrong[i]), &time),
                      "'%s' was taken for a time", wrong[i]);
    }
    int64_t time;
    ck_assert(!diffmm__event_time_read("1\0", 2, &time));
    ck_assert(!diffmm__event_time_from_real(NAN, &time));
    ck_assert(!diffmm__event_time_from_real(-INFINITY, &time));
}
END_TEST

/* Each day is one after the day before, through leap years and centuries. */
START_TEST(days_follow_each_other)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t wanted = INT64_MIN;
    for (int year = 1890; year <= 2110; year++)
        for (int month = 1; month <= 12; month++) {
            bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for (int day = 1; day <= days[month - 1] + (month == 2 && leap); day++) {
                char text[40];
                int64_t time;
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                ck_assert(diffmm__event_time_read(text, 10, &time));
                ck_assert(wanted == INT64_MIN || time == wanted);
                wanted = time + 86400000000;
            }
        }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {times_are_read, anything_else_is_refused, days_follow_each_other};
    return run_tests("event_time", tests, sizeof tests / sizeof *tests);
}
