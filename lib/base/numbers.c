/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/numbers.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { max_digits = 17 }; /* of a double */

/* The digits of the largest double plus half a unit in the last place, from which on numbers are
 * rounded to infinity; and the power of ten of the first digit. */
static const char beyond[] = "17976931348623158079372897140530341507993413271003782693617377898";
enum { beyond_power = 308, most_power = 1 << 26 };

/* The exponent after the `e` of a decimal number; beyond most_power its exact value does not
 * matter. */
static int read_power(const char *text)
{
    bool negative = *text == '-';
    int power = 0;
    for (text += *text == '-' || *text == '+'; *text >= '0' && *text <= '9'; text++)
        power = power < most_power ? 10 * power + (*text - '0') : power;
    return negative ? -power : power;
}

/* Whether a decimal number would be rounded to infinity. strtod would say so, but raise an
 * overflow. */
static bool exceeds_doubles(const char *text)
{
    size_t digits = 0; /* significant digits so far, as many as `beyond` has */
    int power = -1;    /* of the first significant digit, by its place */
    int order = 0;     /* how the digits so far compare with those of `beyond` */
    bool point = false;
    text += *text == '-' || *text == '+';
    for (; *text == '.' || (*text >= '0' && *text <= '9'); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        bool significant = digits > 0 || *text != '0';
        if (significant && order == 0 && digits + 1 < sizeof beyond)
            order = *text - beyond[digits];
        digits += significant;
        if (!point && significant && power < most_power)
            power++;
        else if (point && digits == 0 && power > -most_power)
            power--;
    }
    if (digits == 0)
        return false;
    power += *text == 'e' || *text == 'E' ? read_power(text + 1) : 0;
    bool reached = order > 0 || (order == 0 && digits + 1 >= sizeof beyond);
    return power > beyond_power || (power == beyond_power && reached);
}

/* strtod in the "C" locale, whatever the locales of process and thread are, which stay as they are.
 * False also for a number that is too large. */
static bool parse_in_c_locale(const char *text, double *out)
{
    if (exceeds_doubles(text))
        return false;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        return false;
    char *end;
    *out = strtod_l(text, &end, c);
    freelocale(c);
    return end != text && *end == '\0';
}

/* The decimal digits of |value| rounded to `wanted` places, d.ddd * 10^exponent, without trailing
 * zeros. What printf writes between digits (the locale's decimal point) is skipped. */
static size_t decimal_digits(double value, int wanted, char digits[max_digits + 1], int *exponent)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", wanted - 1, fabs(value));
    size_t count = 0;
    const char *at = text;
    for (; *at && *at != 'e'; at++)
        if (*at >= '0' && *at <= '9' && count < max_digits)
            digits[count++] = *at;
    *exponent = *at == 'e' ? (int)strtol(at + 1, NULL, 10) : 0;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    digits[count] = '\0';
    return count;
}

static void put(char *text, size_t *at, char c, int times)
{
    for (int i = 0; i < times; i++)
        text[(*at)++] = c;
    text[*at] = '\0';
}

static void put_digits(char *text, size_t *at, const char *digits, size_t count)
{
    memcpy(text + *at, digits, count);
    *at += count;
    text[*at] = '\0';
}

/* Positional for exponents -4 to 15, scientific beyond. */
static void assemble(bool negative, const char *digits, size_t count, int exponent, char *text)
{
    size_t at = 0;
    text[0] = '\0';
    if (negative)
        put(text, &at, '-', 1);
    if (exponent < -4 || exponent > 15) {
        put_digits(text, &at, digits, 1);
        if (count > 1) {
            put(text, &at, '.', 1);
            put_digits(text, &at, digits + 1, count - 1);
        }
        snprintf(text + at, DIFFMM__REAL_TEXT - at, "e%d", exponent);
    } else if (exponent < 0) {
        put_digits(text, &at, "0.", 2);
        put(text, &at, '0', -exponent - 1);
        put_digits(text, &at, digits, count);
    } else {
        size_t whole = (size_t)exponent + 1;
        put_digits(text, &at, digits, count < whole ? count : whole);
        if (count < whole)
            put(text, &at, '0', (int)(whole - count));
        if (count > whole) {
            put(text, &at, '.', 1);
            put_digits(text, &at, digits + whole, count - whole);
        }
    }
}

const char *diffmm__real_text(double value, char text[DIFFMM__REAL_TEXT])
{
    if (!isfinite(value)) {
        const char *word = isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
        memcpy(text, word, strlen(word) + 1);
        return text;
    }
    for (int wanted = 1; wanted <= max_digits; wanted++) {
        char digits[max_digits + 1];
        int exponent;
        size_t count = decimal_digits(value, wanted, digits, &exponent);
        assemble(signbit(value) != 0 && value != 0, digits, count, exponent, text);
        double back;
        if (parse_in_c_locale(text, &back) && back == value)
            break;
    }
    return text;
}

/* A short decimal number without an exponent. Its digits and the power of ten that divides them are
 * doubles, so the one division rounds correctly, as strtod does (Clinger, PLDI 1990). */
static bool read_short(const char *text, double *out)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    enum { most_digits = 15 };
    bool negative = *text == '-', point = false;
    int64_t value = 0;
    int digits = 0, decimals = 0;
    for (text += *text == '-' || *text == '+'; *text; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || ++digits > most_digits)
            return false;
        value = 10 * value + (*text - '0');
        decimals += point;
    }
    if (digits == 0)
        return false;
    double size = (double)value / powers[decimals];
    *out = negative ? -size : size;
    return true;
}

bool diffmm__read_real(const char *text, double *out)
{
    if (read_short(text, out))
        return true;
    /* strtod would also accept hexadecimal numbers, "inf" and blanks. */
    if (text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    double value;
    if (!parse_in_c_locale(text, &value))
        return false;
    *out = value;
    return true;
}

bool diffmm__read_integer(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    if (*text == '\0')
        return false;
    int64_t value = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        int digit = *text - '0';
        /* Accumulated with its sign, so that the smallest integer fits too. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return true;
}

/* Whether a value is NaN or infinite: its exponent is all ones. */
static uint32_t is_not_finite(float value)
{
    uint32_t pattern;
    memcpy(&pattern, &value, sizeof pattern);
    return (pattern & 0x7f800000) == 0x7f800000;
}

/* A whole stretch is checked first, in a loop that compilers vectorise. */
size_t diffmm__first_not_finite(size_t count, const float *values)
{
    enum { stretch = 4096 };
    for (size_t begin = 0; begin < count; begin += stretch) {
        size_t end = count - begin < stretch ? count : begin + stretch;
        uint32_t any = 0;
        for (size_t i = begin; i < end; i++)
            any |= is_not_finite(values[i]);
        for (size_t i = begin; any && i < end; i++)
            if (is_not_finite(values[i]))
                return i;
    }
    return count;
}

bool diffmm__all_finite(size_t count, const float *values)
{
    return diffmm__first_not_finite(count, values) == count;
}

/* It has 1 sign, 5 exponent (bias 15) and 10 fraction bits; every value is a float too. */
float diffmm__half(uint32_t pattern)
{
    uint32_t sign = (pattern & 0x8000) << 16, exponent = pattern >> 10 & 31,
             fraction = pattern & 1023;
    if (exponent == 31) /* infinity or NaN */
        return diffmm__float_of_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent > 0)
        return diffmm__float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float small = (float)fraction * 0x1p-24f; /* zero or subnormal: exact */
    return sign ? -small : small;
}
