/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arrow_type.h"

#include <string.h>

#include "base/numbers.h"

enum { view_size = 16 };

/* Types whose text is always the same. */
static const struct {
    const char *format;
    struct diffmm__arrow_type type;
} plain_types[] = {
    {"n", {.kind = DIFFMM__ARROW_NOTHING}},
    {"b", {.kind = DIFFMM__ARROW_BOOLEAN}},
    {"c", {.kind = DIFFMM__ARROW_SIGNED, .width = 1}},
    {"s", {.kind = DIFFMM__ARROW_SIGNED, .width = 2}},
    {"i", {.kind = DIFFMM__ARROW_SIGNED, .width = 4}},
    {"l", {.kind = DIFFMM__ARROW_SIGNED, .width = 8}},
    {"C", {.kind = DIFFMM__ARROW_UNSIGNED, .width = 1}},
    {"S", {.kind = DIFFMM__ARROW_UNSIGNED, .width = 2}},
    {"I", {.kind = DIFFMM__ARROW_UNSIGNED, .width = 4}},
    {"L", {.kind = DIFFMM__ARROW_UNSIGNED, .width = 8}},
    {"e", {.kind = DIFFMM__ARROW_REAL, .width = 2}},
    {"f", {.kind = DIFFMM__ARROW_REAL, .width = 4}},
    {"g", {.kind = DIFFMM__ARROW_REAL, .width = 8}},
    {"u", {.kind = DIFFMM__ARROW_TEXT, .width = 4}},
    {"U", {.kind = DIFFMM__ARROW_TEXT, .width = 8}},
    {"z", {.kind = DIFFMM__ARROW_TEXT, .width = 4}}, /* bytes: ids are checked to be UTF-8 */
    {"Z", {.kind = DIFFMM__ARROW_TEXT, .width = 8}},
    {"vu", {.kind = DIFFMM__ARROW_TEXT_VIEW, .width = view_size}},
    {"vz", {.kind = DIFFMM__ARROW_TEXT_VIEW, .width = view_size}},
    {"tdD", {.kind = DIFFMM__ARROW_TIME, .width = 4, .times = INT64_C(86400000000), .by = 1}},
    {"tdm", {.kind = DIFFMM__ARROW_TIME, .width = 8, .times = 1000, .by = 1}},
    {"+l", {.kind = DIFFMM__ARROW_LIST, .width = 4}},
    {"+L", {.kind = DIFFMM__ARROW_LIST, .width = 8}},
};

/* Timestamps, up to their colon; the zone behind it is that of display. */
static const struct {
    const char *format;
    struct diffmm__arrow_type type;
} timestamps[] = {
    {"tss:", {.kind = DIFFMM__ARROW_TIME, .width = 8, .times = 1000000, .by = 1}},
    {"tsm:", {.kind = DIFFMM__ARROW_TIME, .width = 8, .times = 1000, .by = 1}},
    {"tsu:", {.kind = DIFFMM__ARROW_TIME, .width = 8, .times = 1, .by = 1}},
    {"tsn:", {.kind = DIFFMM__ARROW_TIME, .width = 8, .times = 1, .by = 1000}},
};

/* "+w:3" */
static struct diffmm__arrow_type read_fixed_list(const char *size)
{
    struct diffmm__arrow_type type = {.kind = DIFFMM__ARROW_FIXED_LIST};
    bool known = diffmm__read_integer(size, &type.size) && type.size >= 0 && type.size <= INT32_MAX;
    return known ? type : (struct diffmm__arrow_type){.kind = DIFFMM__ARROW_OTHER};
}

/* A number of one to three digits at *text, which goes on behind it. */
static bool accept_number(const char **text, int *out)
{
    const char *begin = *text + (**text == '-'), *end = begin;
    int value = 0;
    for (; end - begin < 3 && *end >= '0' && *end <= '9'; end++)
        value = 10 * value + *end - '0';
    *out = begin > *text ? -value : value;
    *text = end;
    return end > begin;
}

static bool accept_comma(const char **text)
{
    bool here = **text == ',';
    *text += here;
    return here;
}

/* "d:18,2" has 128 bits, "d:9,2,32" says how many. */
static struct diffmm__arrow_type read_decimal(const char *numbers)
{
    int digits, scale, bits = 128;
    bool known = accept_number(&numbers, &digits) && accept_comma(&numbers) &&
                 accept_number(&numbers, &scale);
    if (known && accept_comma(&numbers))
        known = accept_number(&numbers, &bits);
    if (!known || *numbers)
        return (struct diffmm__arrow_type){.kind = DIFFMM__ARROW_OTHER};
    if (bits != 32 && bits != 64 && bits != 128 && bits != 256)
        return (struct diffmm__arrow_type){.kind = DIFFMM__ARROW_OTHER};
    return (struct diffmm__arrow_type){
        .kind = DIFFMM__ARROW_DECIMAL, .width = (size_t)bits / 8, .scale = scale};
}

struct diffmm__arrow_type diffmm__arrow_type_read(const char *format)
{
    for (size_t t = 0; t < sizeof plain_types / sizeof *plain_types; t++)
        if (strcmp(format, plain_types[t].format) == 0)
            return plain_types[t].type;
    for (size_t t = 0; t < sizeof timestamps / sizeof *timestamps; t++)
        if (strncmp(format, timestamps[t].format, strlen(timestamps[t].format)) == 0)
            return timestamps[t].type;
    if (strncmp(format, "+w:", 3) == 0)
        return read_fixed_list(format + 3);
    if (strncmp(format, "d:", 2) == 0)
        return read_decimal(format + 2);
    return (struct diffmm__arrow_type){.kind = DIFFMM__ARROW_OTHER};
}

int64_t diffmm__arrow_type_buffers(struct diffmm__arrow_type type)
{
    switch (type.kind) {
    case DIFFMM__ARROW_NOTHING: return 0;
    case DIFFMM__ARROW_FIXED_LIST: return 1;
    case DIFFMM__ARROW_TEXT:
    case DIFFMM__ARROW_TEXT_VIEW: return 3;
    default: return 2;
    }
}
