/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/column_names.h"

#include <stdio.h>
#include <string.h>

/* In lower case and without '_', '-' and ' '. */
static const struct {
    const char *name;
    enum diffmm__column column;
} column_names[DIFFMM__COLUMN_NAMES] = {
    {"user", DIFFMM__COLUMN_USER},       {"userid", DIFFMM__COLUMN_USER},
    {"uid", DIFFMM__COLUMN_USER},        {"reviewerid", DIFFMM__COLUMN_USER},
    {"customerid", DIFFMM__COLUMN_USER}, {"visitorid", DIFFMM__COLUMN_USER},
    {"item", DIFFMM__COLUMN_ITEM},       {"itemid", DIFFMM__COLUMN_ITEM},
    {"iid", DIFFMM__COLUMN_ITEM},        {"movieid", DIFFMM__COLUMN_ITEM},
    {"asin", DIFFMM__COLUMN_ITEM},       {"parentasin", DIFFMM__COLUMN_ITEM},
    {"productid", DIFFMM__COLUMN_ITEM},  {"bookid", DIFFMM__COLUMN_ITEM},
    {"isbn", DIFFMM__COLUMN_ITEM},       {"songid", DIFFMM__COLUMN_ITEM},
    {"trackid", DIFFMM__COLUMN_ITEM},    {"artistid", DIFFMM__COLUMN_ITEM},
    {"rating", DIFFMM__COLUMN_RATING},   {"ratings", DIFFMM__COLUMN_RATING},
    {"score", DIFFMM__COLUMN_RATING},    {"stars", DIFFMM__COLUMN_RATING},
    {"overall", DIFFMM__COLUMN_RATING},  {"bookrating", DIFFMM__COLUMN_RATING},
    {"timestamp", DIFFMM__COLUMN_TIME},  {"ts", DIFFMM__COLUMN_TIME},
    {"time", DIFFMM__COLUMN_TIME},       {"unixreviewtime", DIFFMM__COLUMN_TIME},
    {"datetime", DIFFMM__COLUMN_TIME},   {"date", DIFFMM__COLUMN_TIME},
    {"split", DIFFMM__COLUMN_SPLIT},     {"xlabel", DIFFMM__COLUMN_SPLIT},
};

const char *diffmm__column_names_title(enum diffmm__column column)
{
    static const char *const titles[] = {"user", "item", "rating", "timestamp", "split"};
    return titles[column];
}

static bool is_text(const char *text, size_t length, const char *other)
{
    return length == strlen(other) && memcmp(text, other, length) == 0;
}

/* The type that RecBole writes behind a column's name. */
static size_t suffix_length(const char *title, size_t length)
{
    static const char *const suffixes[] = {":token", ":float", ":token_seq", ":float_seq"};
    for (size_t s = 0; s < sizeof suffixes / sizeof *suffixes; s++) {
        size_t size = strlen(suffixes[s]);
        if (length > size && is_text(title + length - size, size, suffixes[s]))
            return size;
    }
    return 0;
}

size_t diffmm__column_names_find(const char *title, size_t length)
{
    char name[DIFFMM__LONGEST_TITLE];
    size_t used = 0;
    if (length >= sizeof name)
        return DIFFMM__COLUMN_NAMES;
    length -= suffix_length(title, length);
    for (size_t i = 0; i < length; i++) {
        char c = title[i];
        if (c != '_' && c != '-' && c != ' ')
            name[used++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    for (size_t n = 0; n < DIFFMM__COLUMN_NAMES; n++)
        if (is_text(name, used, column_names[n].name))
            return n;
    return DIFFMM__COLUMN_NAMES;
}

enum diffmm__column diffmm__column_names_meaning(size_t name)
{
    return column_names[name].column;
}

bool diffmm__column_names_numbered(size_t name)
{
    return name < DIFFMM__COLUMN_NAMES && strcmp(column_names[name].name, "xlabel") == 0;
}

void diffmm__column_names_list(enum diffmm__column column, char *out, size_t size)
{
    size_t used = 0;
    *out = 0;
    for (size_t n = 0; n < DIFFMM__COLUMN_NAMES && used < size; n++)
        if (column_names[n].column == column)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
                                     column_names[n].name);
}
