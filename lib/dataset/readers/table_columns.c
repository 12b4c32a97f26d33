/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/table_columns.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/status.h"

/* What messages call a column of a file without a header, and what the log calls each. */
static const char *const column_titles[] = {"user", "item", "rating", "timestamp", "split"};

/* What columns are called in files, in lower case and without '_', '-' and ' '. Where two columns
 * of a file fit, the name that stands first here wins. */
static const struct {
    const char *name;
    enum diffmm__column column;
} column_names[] = {
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

enum { name_count = sizeof column_names / sizeof *column_names };

/* A table whose columns are looked for. */
struct reader {
    struct diffmm__delimited *table;
    struct diffmm__table_columns *columns;
};

/* What is looked at in the first line. */
struct first_line {
    struct diffmm__field fields[4];
    bool seen[name_count];
    size_t rank[DIFFMM__COLUMNS]; /* the name of each column that was found; name_count: none */
    bool number;                  /* a field after the second is a number */
    char list[256];               /* the names, for a message */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *text, const char *end)
{
    size_t count = 0;
    while (text + count < end && is_digit(text[count]))
        count++;
    return count;
}

static bool is_integer(struct diffmm__field field)
{
    const char *text = field.text, *end = text + field.length;
    text += text < end && *text == '-';
    return text < end && text + count_digits(text, end) == end;
}

static bool is_number(struct diffmm__field field)
{
    const char *text = field.text, *end = text + field.length;
    text += text < end && (*text == '-' || *text == '+');
    size_t digits = count_digits(text, end);
    text += digits;
    if (text < end && *text == '.') {
        size_t decimals = count_digits(++text, end);
        text += decimals;
        digits += decimals;
    }
    if (digits && text < end && (*text == 'e' || *text == 'E')) {
        text++;
        text += text < end && (*text == '-' || *text == '+');
        digits = count_digits(text, end);
        text += digits;
    }
    return digits && text == end;
}

static bool is_text(struct diffmm__field field, const char *text)
{
    return field.length == strlen(text) && memcmp(field.text, text, field.length) == 0;
}

/* The type that RecBole writes behind a column's name. */
static size_t suffix_length(struct diffmm__field field)
{
    static const char *const suffixes[] = {":token", ":float", ":token_seq", ":float_seq"};
    for (size_t s = 0; s < sizeof suffixes / sizeof *suffixes; s++) {
        size_t length = strlen(suffixes[s]);
        if (field.length > length &&
            memcmp(field.text + field.length - length, suffixes[s], length) == 0)
            return length;
    }
    return 0;
}

/* The place of a column's name in the table above; name_count: it is not known. */
static size_t find_name(struct diffmm__field field)
{
    char name[DIFFMM__LONGEST_TITLE];
    size_t length = 0;
    if (field.length >= sizeof name)
        return name_count;
    field.length -= suffix_length(field);
    for (size_t i = 0; i < field.length; i++) {
        char c = field.text[i];
        if (c != '_' && c != '-' && c != ' ')
            name[length++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    for (size_t n = 0; n < name_count; n++)
        if (is_text((struct diffmm__field){name, length}, column_names[n].name))
            return n;
    return name_count;
}

/* Add a field to the list of a message. */
static void list_field(struct first_line *line, struct diffmm__field field)
{
    size_t used = strlen(line->list);
    const char *comma = used ? ", " : "";
    if (field.length + 8 < sizeof line->list - used)
        snprintf(line->list + used, sizeof line->list - used, "%s'%.*s'", comma, (int)field.length,
                 field.text);
    else if (used < 4 || strcmp(line->list + used - 3, "...") != 0)
        snprintf(line->list + used, sizeof line->list - used, "%s...", comma);
}

static diffmm_status look_at_field(struct reader *reader, struct first_line *line, size_t place,
                                   struct diffmm__field field)
{
    if (place < sizeof line->fields / sizeof *line->fields)
        line->fields[place] = field;
    line->number |= place > 1 && is_number(field);
    list_field(line, field);
    size_t name = find_name(field);
    if (name == name_count)
        return DIFFMM_OK;
    enum diffmm__column column = column_names[name].column;
    if (line->seen[name])
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:1: column '%.*s' occurs twice",
                            reader->table->path, (int)field.length, field.text);
    line->seen[name] = true;
    if (name > line->rank[column])
        return DIFFMM_OK;
    line->rank[column] = name;
    reader->table->place[column] = place;
    memcpy(reader->columns->titles[column], field.text, field.length);
    reader->columns->titles[column][field.length] = 0;
    return DIFFMM_OK;
}

static diffmm_status fail_header(const struct reader *reader, const struct first_line *line,
                                 enum diffmm__column column)
{
    char known[256] = "";
    for (size_t n = 0; n < name_count; n++)
        if (column_names[n].column == column) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "",
                     column_names[n].name);
        }
    return diffmm__fail(DIFFMM_ERROR_FORMAT,
                        "%s:1: the header has no column '%s', but %s; rename one to one of %s",
                        reader->table->path, column_titles[column], line->list, known);
}

static bool is_code(struct diffmm__field field)
{
    for (size_t i = 0; i < field.length; i++)
        if (!is_digit(field.text[i]) && (field.text[i] < 'A' || field.text[i] > 'Z'))
            return false;
    return true;
}

/* Amazon's ratings of 2018 have the item first. */
static bool is_item_first(struct diffmm__field first, struct diffmm__field second)
{
    return first.length == 10 && is_code(first) && second.length >= 12 && second.length <= 21 &&
           *second.text == 'A' && is_code(second);
}

static bool is_headless(const struct reader *reader, const struct first_line *line)
{
    size_t width = reader->table->width;
    if (line->rank[DIFFMM__COLUMN_USER] < name_count ||
        line->rank[DIFFMM__COLUMN_ITEM] < name_count)
        return false;
    return width == 2 ? is_integer(line->fields[0]) && is_integer(line->fields[1])
                      : (width == 3 || width == 4) && line->number;
}

static bool is_large(struct diffmm__field field)
{
    return is_integer(field) && field.length >= 9 && *field.text >= '1';
}

static void place_by_number(struct reader *reader, const struct first_line *line)
{
    size_t *place = reader->table->place, width = reader->table->width;
    bool swapped = is_item_first(line->fields[0], line->fields[1]);
    for (int c = 0; c < DIFFMM__COLUMNS; c++) {
        place[c] = SIZE_MAX;
        snprintf(reader->columns->titles[c], DIFFMM__LONGEST_TITLE, "%s", column_titles[c]);
    }
    place[DIFFMM__COLUMN_USER] = swapped;
    place[DIFFMM__COLUMN_ITEM] = !swapped;
    if (width == 3)
        place[is_large(line->fields[2]) ? DIFFMM__COLUMN_TIME : DIFFMM__COLUMN_RATING] = 2;
    if (width == 4) {
        place[DIFFMM__COLUMN_RATING] = 2;
        place[DIFFMM__COLUMN_TIME] = 3;
    }
    diffmm__log(reader->table->context, DIFFMM_LOG_INFO, "%s: there is no header%s",
                reader->table->path,
                swapped ? ", and by their form the items come before the users" : "");
}

static void log_columns(const struct reader *reader)
{
    for (int c = 0; c < DIFFMM__COLUMNS; c++)
        if (reader->table->place[c] != SIZE_MAX)
            diffmm__log(reader->table->context, DIFFMM_LOG_INFO, "%s: column %zu '%s' is the %s",
                        reader->table->path, reader->table->place[c] + 1,
                        reader->columns->titles[c], column_titles[c]);
}

static diffmm_status find_columns(struct reader *reader)
{
    struct first_line line = {0};
    for (int c = 0; c < DIFFMM__COLUMNS; c++)
        line.rank[c] = name_count;
    bool last = false;
    for (size_t place = 0; !last; place++) {
        struct diffmm__field field;
        diffmm_status status = diffmm__delimited_first(reader->table, &field, &last);
        if (!status)
            status = look_at_field(reader, &line, place, field);
        if (status)
            return status;
    }
    if (is_headless(reader, &line)) {
        place_by_number(reader, &line);
        diffmm__delimited_rewind(reader->table);
    }
    for (enum diffmm__column c = DIFFMM__COLUMN_USER; c <= DIFFMM__COLUMN_ITEM; c++)
        if (reader->table->place[c] == SIZE_MAX)
            return fail_header(reader, &line, c);
    size_t split = line.rank[DIFFMM__COLUMN_SPLIT];
    reader->columns->numbered_splits =
        split < name_count && strcmp(column_names[split].name, "xlabel") == 0;
    log_columns(reader);
    return DIFFMM_OK;
}

diffmm_status diffmm__table_columns_find(struct diffmm__delimited *table,
                                         struct diffmm__table_columns *out)
{
    *out = (struct diffmm__table_columns){0};
    struct reader reader = {table, out};
    return find_columns(&reader);
}
