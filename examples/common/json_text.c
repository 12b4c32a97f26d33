/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *json_text_take(struct json_text *text)
{
    json_text_add(text, "");
    char *bytes = text->no_memory ? NULL : text->bytes;
    if (bytes)
        bytes[text->size] = '\0';
    else
        free(text->bytes);
    *text = (struct json_text){.bytes = NULL};
    return bytes;
}

void json_text_end(struct json_text *text)
{
    free(text->bytes);
    *text = (struct json_text){.bytes = NULL};
}

/* Room for so many bytes more, and a NUL. */
static char *reserve(struct json_text *text, size_t more)
{
    if (text->no_memory)
        return NULL;
    if (text->capacity - text->size <= more) {
        size_t capacity = text->capacity ? text->capacity : 1024;
        while (capacity - text->size <= more)
            capacity *= 2;
        char *grown = realloc(text->bytes, capacity);
        if (!grown) {
            text->no_memory = true;
            return NULL;
        }
        text->bytes = grown;
        text->capacity = capacity;
    }
    return text->bytes + text->size;
}

static void add_bytes(struct json_text *text, const char *bytes, size_t count)
{
    char *room = reserve(text, count);
    if (!room)
        return;
    memcpy(room, bytes, count);
    text->size += count;
}

void json_text_add(struct json_text *text, const char *plain)
{
    add_bytes(text, plain, strlen(plain));
}

/* RFC 8259, section 7: quotes, backslashes and control characters must be escaped. */
static void add_escaped(struct json_text *text, unsigned char byte)
{
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = strchr(named, byte);
    char escape[8];
    if (at)
        snprintf(escape, sizeof escape, "\\%c", letters[at - named]);
    else
        snprintf(escape, sizeof escape, "\\u%04X", byte);
    json_text_add(text, escape);
}

static bool must_be_escaped(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

void json_text_add_string(struct json_text *text, const char *utf8)
{
    add_bytes(text, "\"", 1);
    while (*utf8) {
        size_t plain = 0;
        while (utf8[plain] && !must_be_escaped((unsigned char)utf8[plain]))
            plain++;
        add_bytes(text, utf8, plain);
        utf8 += plain;
        if (*utf8)
            add_escaped(text, (unsigned char)*utf8++);
    }
    add_bytes(text, "\"", 1);
}

/* The digits of a number in `width` places, with zeros before them. */
static void write_digits(uint32_t number, size_t width, char *out)
{
    for (size_t i = width; i-- > 0; number /= 10)
        out[i] = (char)('0' + number % 10);
}

static size_t write_number(uint32_t number, char *out)
{
    size_t width = 1;
    for (uint32_t rest = number; rest >= 10; rest /= 10)
        width++;
    write_digits(number, width, out);
    return width;
}

/* value within [1e-4, 1e9), where %.9g has no exponent. A float has 24 bits and 10^12 another 28
 * without its factors 2, so that the product in double is exact, and rounding it to a whole number,
 * halves to even, gives the nine digits that printf rounds to. */
static size_t fixed_text(float value, char *out)
{
    static const uint32_t power[] = {1,      10,      100,      1000,      10000,
                                     100000, 1000000, 10000000, 100000000, 1000000000};
    double scaled = (double)value;
    size_t places = 0;
    for (; scaled < 1e8; places++)
        scaled = places < 9 ? (double)value * power[places + 1]
                            : (double)value * 1e9 * power[places + 1 - 9];
    uint32_t digits = (uint32_t)scaled;
    double rest = scaled - digits;
    digits += rest > 0.5 || (rest == 0.5 && digits % 2 == 1);
    for (; places > 1 && digits % 10 == 0; places--)
        digits /= 10;
    uint32_t whole = places < 10 ? digits / power[places] : 0;
    size_t length = write_number(whole, out);
    out[length++] = '.';
    if (places == 0)
        out[length++] = '0';
    write_digits(places < 10 ? digits % power[places] : digits, places, out + length);
    return length + places;
}

/* Any other. The programs never leave the C locale. */
static size_t general_text(float value, char *out)
{
    int length = snprintf(out, FLOAT_TEXT, "%.9g", (double)value);
    char *exponent = strchr(out, 'e');
    if (exponent)
        length = (int)(exponent + 1 - out) +
                 sprintf(exponent + 1, "%ld", strtol(exponent + 1, NULL, 10));
    else if (!strchr(out, '.'))
        length += sprintf(out + length, ".0");
    return (size_t)length;
}

size_t float_text(float value, char out[FLOAT_TEXT])
{
    size_t sign = signbit(value) != 0;
    float magnitude = fabsf(value);
    out[0] = '-';
    bool fixed = (double)magnitude >= 1e-4 && magnitude < 1e9F;
    size_t length =
        sign + (fixed ? fixed_text(magnitude, out + sign) : general_text(magnitude, out + sign));
    out[length] = '\0';
    return length;
}

void json_text_add_float(struct json_text *text, float value)
{
    char digits[FLOAT_TEXT];
    add_bytes(text, digits, float_text(value, digits));
}

void json_text_add_size(struct json_text *text, size_t value)
{
    char digits[FLOAT_TEXT];
    add_bytes(text, digits, (size_t)snprintf(digits, sizeof digits, "%zu", value));
}
