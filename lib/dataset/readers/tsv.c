/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions as a table of text: a header, then one interaction per line. Tabs part the columns
 * of .tsv, without quoting; commas those of .csv, with quotes as in RFC 4180. Lines are those of
 * dataset/readers/lines.h; empty ones are skipped. */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/utf8.h"
#include "dataset/draft.h"
#include "dataset/readers/lines.h"

enum column { column_user, column_item, column_split, columns };

static const char *const column_names[columns] = {"user", "item", "split"};

struct field {
    const char *text;
    size_t length;
};

struct table {
    const diffmm_context *context;
    const char *path;
    const char *next, *end;
    size_t line;       /* of what comes next */
    size_t field_line; /* of the record being read */
    bool quotes;
    char separator;
    size_t width;          /* columns of the header */
    size_t place[columns]; /* column of each name; `width` or more where it is missing */
    char *copy[columns];   /* room for the values of a record */
    size_t copy_capacity[columns];
};

static diffmm_status fail_line(const struct table *table, const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %s", table->path, table->field_line, what);
}

static diffmm_status fail_column(const struct table *table, enum column column, const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: column '%s' %s", table->path,
                        table->field_line, column_names[column], what);
}

/* Step over the end of a line, if it is here. */
static bool accept_line_end(struct table *table)
{
    size_t size = diffmm__line_end(table->next, table->end);
    table->next += size;
    table->line += size > 0;
    return size > 0;
}

static bool at_line_end(const struct table *table)
{
    return table->next == table->end || diffmm__line_end(table->next, table->end) > 0;
}

/* A value in quotes, as it stands in the file: between the quotes, doubled ones still double. */
static diffmm_status read_quoted(struct table *table, struct field *field, bool *doubled)
{
    const char *begin = ++table->next;
    *doubled = false;
    for (;; table->next++) {
        if (table->next == table->end)
            return fail_line(table, "a quoted value has no end");
        if (*table->next == '\n')
            table->line++;
        if (*table->next != '"')
            continue;
        if (table->end - table->next > 1 && table->next[1] == '"') {
            *doubled = true;
            table->next++;
            continue;
        }
        *field = (struct field){begin, (size_t)(table->next - begin)};
        table->next++;
        if (at_line_end(table) || *table->next == table->separator)
            return DIFFMM_OK;
        return fail_line(table, "a quoted value goes on after its quote");
    }
}

static diffmm_status read_plain(struct table *table, struct field *field)
{
    const char *begin = table->next;
    while (!at_line_end(table) && *table->next != table->separator) {
        if (table->quotes && *table->next == '"')
            return fail_line(table, "a value has a quote, but does not begin with one");
        table->next++;
    }
    *field = (struct field){begin, (size_t)(table->next - begin)};
    return DIFFMM_OK;
}

/* Replace a value by a copy in the column's own room, with single quotes for doubled ones. What is
 * checked and kept is the copy: the file may change meanwhile. */
static diffmm_status copy_value(struct table *table, enum column column, bool doubled,
                                struct field *field)
{
    diffmm_status status = diffmm__grow(table->context, &table->copy[column],
                                        &table->copy_capacity[column], 0, field->length, 1);
    if (status)
        return status;
    char *text = table->copy[column];
    size_t length = 0;
    for (size_t i = 0; i < field->length; i++) {
        text[length++] = field->text[i];
        if (doubled && text[length - 1] == '"')
            i++;
    }
    *field = (struct field){text, length};
    return DIFFMM_OK;
}

/* Which of the wanted columns stands at a place; `columns` if none. */
static enum column column_at(const struct table *table, size_t place)
{
    for (enum column c = 0; c < columns; c++)
        if (table->place[c] == place)
            return c;
    return columns;
}

static diffmm_status read_value(struct table *table, size_t place, struct field *fields)
{
    struct field field;
    bool doubled = false;
    bool quoted = table->quotes && table->next < table->end && *table->next == '"';
    diffmm_status status =
        quoted ? read_quoted(table, &field, &doubled) : read_plain(table, &field);
    enum column column = column_at(table, place);
    if (status || column == columns)
        return status;
    fields[column] = field;
    return copy_value(table, column, doubled, &fields[column]);
}

/* One line (or several, where quotes hold line ends) into the wanted fields. */
static diffmm_status read_record(struct table *table, struct field *fields)
{
    size_t place = 0;
    table->field_line = table->line;
    for (;; place++) {
        diffmm_status status = read_value(table, place, fields);
        if (status)
            return status;
        if (at_line_end(table))
            break;
        table->next++; /* the separator */
    }
    accept_line_end(table);
    if (place + 1 != table->width)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %zu columns, but the header has %zu",
                            table->path, table->field_line, place + 1, table->width);
    return DIFFMM_OK;
}

static diffmm_status place_column(struct table *table, struct field name)
{
    for (enum column c = 0; c < columns; c++) {
        if (name.length != strlen(column_names[c]) ||
            memcmp(name.text, column_names[c], name.length) != 0)
            continue;
        if (table->place[c] != SIZE_MAX)
            return fail_column(table, c, "occurs twice");
        table->place[c] = table->width;
    }
    return DIFFMM_OK;
}

static diffmm_status read_header(struct table *table)
{
    diffmm_status begun = diffmm__lines_begin(&table->next, table->end, table->path);
    if (begun)
        return begun;
    table->field_line = 1;
    for (enum column c = 0; c < columns; c++)
        table->place[c] = SIZE_MAX;
    for (;; table->next++) { /* over the separator */
        struct field name;
        bool doubled;
        bool quoted = table->quotes && table->next < table->end && *table->next == '"';
        diffmm_status status =
            quoted ? read_quoted(table, &name, &doubled) : read_plain(table, &name);
        if (!status)
            status = place_column(table, name);
        if (status)
            return status;
        table->width++;
        if (at_line_end(table))
            break;
    }
    accept_line_end(table);
    for (enum column c = column_user; c <= column_item; c++)
        if (table->place[c] == SIZE_MAX)
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:1: the header has no column '%s'",
                                table->path, column_names[c]);
    return DIFFMM_OK;
}

static diffmm_status read_split(const struct table *table, struct field field,
                                diffmm_split otherwise, diffmm_split *split)
{
    static const char *const names[DIFFMM__SPLITS] = {"train", "valid", "test"};
    *split = otherwise;
    if (field.length == 0)
        return DIFFMM_OK;
    for (int s = 0; s < DIFFMM__SPLITS; s++)
        if (field.length == strlen(names[s]) && memcmp(field.text, names[s], field.length) == 0) {
            *split = (diffmm_split)s;
            return DIFFMM_OK;
        }
    return fail_column(table, column_split, "is not one of train, valid, test");
}

static diffmm_status check_id(const struct table *table, enum column column, struct field field)
{
    if (field.length == 0)
        return fail_column(table, column, "is empty");
    if (!diffmm__is_utf8(field.text, field.length))
        return fail_column(table, column, "is not UTF-8 text");
    return DIFFMM_OK;
}

static diffmm_status add_record(struct table *table, struct diffmm__draft *draft,
                                diffmm_split otherwise)
{
    struct field fields[columns] = {{"", 0}, {"", 0}, {"", 0}};
    diffmm_split split;
    diffmm_status status = read_record(table, fields);
    for (enum column c = column_user; c <= column_item && !status; c++)
        status = check_id(table, c, fields[c]);
    if (!status)
        status = read_split(table, fields[column_split], otherwise, &split);
    if (status)
        return status;
    status = diffmm__draft_add_named(table->context, draft, split, fields[column_user].text,
                                     fields[column_user].length, fields[column_item].text,
                                     fields[column_item].length);
    if (status == DIFFMM_ERROR_INVALID_ARGUMENT) /* an id that does not belong: say where */
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %s", table->path, table->field_line,
                            diffmm_error_message());
    return status;
}

diffmm_status diffmm__tsv_parse(const diffmm_context *context, struct diffmm__draft *draft,
                                diffmm_split split, const char *text, size_t size, const char *name)
{
    size_t length = strlen(name);
    bool comma = length >= 4 && strcmp(name + length - 4, ".csv") == 0;
    struct table table = {.context = context,
                          .path = name,
                          .next = text,
                          .end = text + size,
                          .line = 1,
                          .quotes = comma,
                          .separator = comma ? ',' : '\t'};
    diffmm_status status = read_header(&table);
    while (!status && table.next < table.end)
        if (!accept_line_end(&table))
            status = add_record(&table, draft, split);
    for (enum column c = 0; c < columns; c++)
        diffmm__release(context, table.copy[c]);
    return status;
}

diffmm_status diffmm__tsv_read(const diffmm_context *context, struct diffmm__draft *draft,
                               diffmm_split split, const char *path)
{
    struct diffmm__mapping mapping;
    diffmm_status status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status =
        diffmm__tsv_parse(context, draft, split, (const char *)mapping.data, mapping.size, path);
    diffmm__file_unmap(&mapping);
    return status;
}
