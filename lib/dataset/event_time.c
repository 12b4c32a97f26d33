/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/event_time.h"

#include <math.h>
#include <string.h>

#include "base/numbers.h"

static const int64_t second = 1000000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `count` digits, a number from `least` to `most`, at *text, which goes on behind them. */
static bool accept_digits(const char **text, const char *end, int count, int least, int most,
                          int *out)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (*text == end || !is_digit(**text))
            return false;
        value = 10 * value + **text - '0';
    }
    *out = value;
    return value >= least && value <= most;
}

static bool accept_char(const char **text, const char *end, char wanted)
{
    bool here = *text < end && **text == wanted;
    *text += here;
    return here;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March on, so
 * that the leap day is the last of its year; the days before month m of March (0) to February (11)
 * are (153 m + 2) / 5. */
static int64_t days_since_1970(int year, int month, int day_of_month)
{
    const int64_t days_to_1970 = 719468; /* from 0000-03-01 */
    int64_t y = year - (month <= 2), m = (month + 9) % 12;
    int64_t leaps = y >= 0 ? y / 4 - y / 100 + y / 400 : -1;
    return 365 * y + leaps + (153 * m + 2) / 5 + day_of_month - 1 - days_to_1970;
}

static bool read_date(const char **text, const char *end, int64_t *time)
{
    int year, month, day_of_month;
    if (!accept_digits(text, end, 4, 0, 9999, &year) || !accept_char(text, end, '-') ||
        !accept_digits(text, end, 2, 1, 12, &month) || !accept_char(text, end, '-') ||
        !accept_digits(text, end, 2, 1, days_of_month(year, month), &day_of_month))
        return false;
    *time = day * days_since_1970(year, month, day_of_month);
    return true;
}

/* Decimals of a second; those beyond the sixth are cut off. */
static bool read_decimals(const char **text, const char *end, int64_t *time)
{
    const char *begin = *text;
    for (int64_t place = second / 10; *text < end && is_digit(**text); (*text)++, place /= 10)
        *time += place * (**text - '0');
    return *text > begin;
}

/* The time of the day. 24:00 is the end of it, and second 60 a leap second. */
static bool read_clock(const char **text, const char *end, int64_t *time)
{
    int hours, minutes, seconds = 0;
    if (!accept_digits(text, end, 2, 0, 24, &hours) || !accept_char(text, end, ':') ||
        !accept_digits(text, end, 2, 0, 59, &minutes))
        return false;
    if (accept_char(text, end, ':') && !accept_digits(text, end, 2, 0, 60, &seconds))
        return false;
    *time += hour * hours + minute * minutes + second * seconds;
    return !accept_char(text, end, '.') || read_decimals(text, end, time);
}

/* Z, +02, +0200, +02:00, or nothing. */
static bool read_zone(const char **text, const char *end, int64_t *time)
{
    if (accept_char(text, end, 'Z') || *text == end)
        return true;
    int hours, minutes = 0;
    bool east = accept_char(text, end, '+');
    if (!east && !accept_char(text, end, '-'))
        return false;
    if (!accept_digits(text, end, 2, 0, 23, &hours))
        return false;
    if (accept_char(text, end, ':') || *text < end)
        if (!accept_digits(text, end, 2, 0, 59, &minutes))
            return false;
    int64_t ahead = hour * hours + minute * minutes;
    *time += east ? -ahead : ahead;
    return true;
}

static bool read_iso(const char *text, const char *end, int64_t *out)
{
    int64_t time;
    if (!read_date(&text, end, &time))
        return false;
    if (text < end) {
        if (!accept_char(&text, end, 'T') && !accept_char(&text, end, ' '))
            return false;
        if (!read_clock(&text, end, &time) || !read_zone(&text, end, &time))
            return false;
    }
    *out = time;
    return text == end;
}

/* An integer that 64 bits hold, exactly. */
static bool read_integer(const char *text, const char *end, int64_t *out)
{
    bool negative = accept_char(&text, end, '-');
    if (text == end || end - text > 19)
        return false;
    uint64_t value = 0;
    for (; text < end; text++) {
        if (!is_digit(*text))
            return false;
        value = 10 * value + (uint64_t)(*text - '0');
    }
    if (value > INT64_MAX)
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

int64_t diffmm__event_time_from_integer(int64_t number)
{
    uint64_t size = number < 0 ? -(uint64_t)number : (uint64_t)number;
    if (size < 100000000000)
        return number * second;
    if (size < 100000000000000)
        return number * 1000;
    return size < 100000000000000000 ? number : number / 1000;
}

bool diffmm__event_time_from_real(double number, int64_t *out)
{
    double size = fabs(number);
    if (!isless(size, 9e18)) /* true for NaN as well, without a trap */
        return false;
    double factor = size < 1e11 ? 1e6 : size < 1e14 ? 1e3 : size < 1e17 ? 1 : 1e-3;
    *out = (int64_t)floor(number * factor + 0.5);
    return true;
}

bool diffmm__event_time_read(const char *text, size_t length, int64_t *out)
{
    char copy[64];
    int64_t integer;
    double number;
    if (read_integer(text, text + length, &integer)) {
        *out = diffmm__event_time_from_integer(integer);
        return true;
    }
    if (read_iso(text, text + length, out))
        return true;
    if (length >= sizeof copy || memchr(text, 0, length))
        return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    return diffmm__read_real(copy, &number) && diffmm__event_time_from_real(number, out);
}
