/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/table_columns.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/text.h"

enum { name_count = DIFFMM__COLUMN_NAMES };

/* A table whose columns are looked for. */
struct reader {
    struct diffmm__delimited *table;
    const char *wanted[DIFFMM__COLUMNS]; /* the caller's name or number of each, or NULL */
    diffmm_answer header;
    struct diffmm__table_columns *columns;
};

/* What is looked at in the first line. */
struct first_line {
    struct diffmm__field fields[4];
    bool seen[name_count];
    size_t rank[DIFFMM__COLUMNS];   /* the name of each column that was found; name_count: none */
    size_t wanted[DIFFMM__COLUMNS]; /* the place of what the caller names; SIZE_MAX: none */
    bool number;                    /* a field after the second is a number */
    char list[256];                 /* the names, for a message */
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

static void take_title(struct reader *reader, enum diffmm__column column,
                       struct diffmm__field field)
{
    char *title = reader->columns->titles[column];
    size_t length = diffmm__text_cut(field.text, field.length, DIFFMM__LONGEST_TITLE - 1);
    memcpy(title, field.text, length);
    title[length] = 0;
}

static diffmm_status fail_twice(const struct reader *reader, struct diffmm__field field)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:1: column '%.*s' occurs twice",
                        reader->table->path, (int)diffmm__text_cut(field.text, field.length, 80),
                        field.text);
}

/* Two spellings of one name, as userId and user_id. */
static diffmm_status fail_spellings(const struct reader *reader, enum diffmm__column column,
                                    struct diffmm__field field)
{
    return diffmm__fail(
        DIFFMM_ERROR_FORMAT,
        "%s:1: column '%.*s' occurs twice, in whatever spelling; say which is the %s, "
        "as --column %s=NUMBER does",
        reader->table->path, (int)diffmm__text_cut(field.text, field.length, 80), field.text,
        diffmm__column_names_title(column), diffmm__column_names_title(column));
}

/* Whether the caller names a column by its number, and not by its name. */
static bool is_place(const char *wanted)
{
    return is_integer((struct diffmm__field){wanted, strlen(wanted)});
}

/* Whether it is a column that the caller names. */
static diffmm_status look_for_wanted(struct reader *reader, struct first_line *line, size_t place,
                                     struct diffmm__field field)
{
    for (int c = 0; c < DIFFMM__COLUMNS; c++) {
        const char *wanted = reader->wanted[c];
        if (!wanted || !*wanted || is_place(wanted) || !is_text(field, wanted))
            continue;
        if (line->wanted[c] != SIZE_MAX)
            return fail_twice(reader, field);
        line->wanted[c] = place;
    }
    return DIFFMM_OK;
}

static diffmm_status look_at_field(struct reader *reader, struct first_line *line, size_t place,
                                   struct diffmm__field field)
{
    if (place < sizeof line->fields / sizeof *line->fields)
        line->fields[place] = field;
    line->number |= place > 1 && is_number(field);
    list_field(line, field);
    diffmm_status status = look_for_wanted(reader, line, place, field);
    size_t name = diffmm__column_names_find(field.text, field.length);
    if (status || name == name_count)
        return status;
    enum diffmm__column column = diffmm__column_names_meaning(name);
    if (reader->wanted[column])
        return DIFFMM_OK;
    if (line->seen[name])
        return fail_spellings(reader, column, field);
    line->seen[name] = true;
    if (name > line->rank[column])
        return DIFFMM_OK;
    line->rank[column] = name;
    reader->table->place[column] = place;
    take_title(reader, column, field);
    return DIFFMM_OK;
}

static diffmm_status fail_header(const struct reader *reader, const struct first_line *line,
                                 enum diffmm__column column)
{
    char known[256];
    diffmm__column_names_list(column, known, sizeof known);
    return diffmm__fail(DIFFMM_ERROR_FORMAT,
                        "%s:1: the header has no column '%s', but %s; say which it is, or rename "
                        "it to one of %s",
                        reader->table->path, diffmm__column_names_title(column), line->list, known);
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

/* Whether the first line is a record, as far as it shows. */
static bool looks_headless(const struct reader *reader, const struct first_line *line)
{
    size_t width = reader->table->width;
    for (int c = 0; c < DIFFMM__COLUMNS; c++)
        if (line->wanted[c] != SIZE_MAX)
            return false;
    if (line->rank[DIFFMM__COLUMN_USER] < name_count ||
        line->rank[DIFFMM__COLUMN_ITEM] < name_count)
        return false;
    if (reader->wanted[DIFFMM__COLUMN_USER] && reader->wanted[DIFFMM__COLUMN_ITEM])
        return true; /* by number, as no name was found */
    return width == 2 ? is_integer(line->fields[0]) && is_integer(line->fields[1])
                      : (width == 3 || width == 4) && line->number;
}

static bool is_headless(const struct reader *reader, const struct first_line *line)
{
    return reader->header == DIFFMM_AUTO ? looks_headless(reader, line)
                                         : reader->header == DIFFMM_NO;
}

static bool is_large(struct diffmm__field field)
{
    return is_integer(field) && field.length >= 9 && *field.text >= '1';
}

/* The usual order of a table without a header. */
static void place_by_order(struct reader *reader, const struct first_line *line)
{
    size_t *place = reader->table->place, width = reader->table->width;
    bool swapped = width > 1 && is_item_first(line->fields[0], line->fields[1]);
    place[DIFFMM__COLUMN_USER] = swapped;
    if (width > 1)
        place[DIFFMM__COLUMN_ITEM] = !swapped;
    if (width == 3)
        place[is_large(line->fields[2]) ? DIFFMM__COLUMN_TIME : DIFFMM__COLUMN_RATING] = 2;
    if (width > 3) {
        place[DIFFMM__COLUMN_RATING] = 2;
        place[DIFFMM__COLUMN_TIME] = 3;
    }
    diffmm__log(reader->table->context, DIFFMM_LOG_INFO, "%s: there is no header%s",
                reader->table->path,
                swapped ? ", and by their form the items come before the users" : "");
}

static void forget_names(struct reader *reader)
{
    for (int c = 0; c < DIFFMM__COLUMNS; c++) {
        reader->table->place[c] = SIZE_MAX;
        snprintf(reader->columns->titles[c], DIFFMM__LONGEST_TITLE, "%s",
                 diffmm__column_names_title((enum diffmm__column)c));
    }
}

/* Where the columns stand that the caller names, by name or by number from 1. */
static diffmm_status place_wanted(struct reader *reader, const struct first_line *line,
                                  bool headless)
{
    for (int c = 0; c < DIFFMM__COLUMNS; c++) {
        const char *wanted = reader->wanted[c];
        size_t *place = &reader->table->place[c];
        int64_t number;
        if (!wanted)
            continue;
        *place = headless ? SIZE_MAX : line->wanted[c];
        if (*wanted && *place == SIZE_MAX && diffmm__read_integer(wanted, &number) && number > 0 &&
            (uint64_t)number <= reader->table->width)
            *place = (size_t)number - 1;
        if (*wanted && *place == SIZE_MAX)
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "%s:1: there is no column '%s' for the %s, but %s",
                                reader->table->path, wanted,
                                diffmm__column_names_title((enum diffmm__column)c), line->list);
        take_title(reader, (enum diffmm__column)c, (struct diffmm__field){wanted, strlen(wanted)});
    }
    return DIFFMM_OK;
}

static bool names_columns(const struct reader *reader)
{
    for (int c = 0; c < DIFFMM__COLUMNS; c++)
        if (reader->wanted[c] && *reader->wanted[c])
            return true;
    return false;
}

static void log_columns(const struct reader *reader)
{
    for (int c = 0; c < DIFFMM__COLUMNS; c++)
        if (reader->table->place[c] != SIZE_MAX)
            diffmm__log(reader->table->context, DIFFMM_LOG_INFO, "%s: column %zu '%s' is the %s",
                        reader->table->path, reader->table->place[c] + 1,
                        reader->columns->titles[c],
                        diffmm__column_names_title((enum diffmm__column)c));
}

static diffmm_status read_first_line(struct reader *reader, struct first_line *line)
{
    bool last = false;
    for (int c = 0; c < DIFFMM__COLUMNS; c++) {
        line->rank[c] = name_count;
        line->wanted[c] = SIZE_MAX;
    }
    for (size_t place = 0; !last; place++) {
        struct diffmm__field field;
        diffmm_status status = diffmm__delimited_first(reader->table, &field, &last);
        if (!status)
            status = look_at_field(reader, line, place, field);
        if (status)
            return status;
    }
    return DIFFMM_OK;
}

static diffmm_status find_columns(struct reader *reader)
{
    struct first_line line = {0};
    diffmm_status status = read_first_line(reader, &line);
    if (status)
        return status;
    if (reader->table->width == 1 && line.fields[0].length == 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:1: the first line is empty",
                            reader->table->path);
    bool headless = is_headless(reader, &line);
    if (headless) {
        forget_names(reader);
        if (!names_columns(reader))
            place_by_order(reader, &line);
        diffmm__delimited_rewind(reader->table);
    }
    status = place_wanted(reader, &line, headless);
    if (status)
        return status;
    for (enum diffmm__column c = DIFFMM__COLUMN_USER; c <= DIFFMM__COLUMN_ITEM; c++)
        if (reader->table->place[c] == SIZE_MAX)
            return fail_header(reader, &line, c);
    reader->columns->numbered_splits =
        headless || reader->wanted[DIFFMM__COLUMN_SPLIT] ||
        diffmm__column_names_numbered(line.rank[DIFFMM__COLUMN_SPLIT]);
    log_columns(reader);
    return DIFFMM_OK;
}

diffmm_status diffmm__table_columns_find(struct diffmm__delimited *table,
                                         const diffmm_table_format *format,
                                         struct diffmm__table_columns *out)
{
    *out = (struct diffmm__table_columns){0};
    struct reader reader = {
        .table = table,
        .wanted = {format->user, format->item, format->rating, format->timestamp, format->split},
        .header = (diffmm_answer)format->header,
        .columns = out};
    return find_columns(&reader);
}
