/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/delimited.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/readers/lines.h"

/* The beginning of a text that a message quotes, up to the end of its line. */
static int shown(const struct diffmm__delimited *table, const char *text)
{
    enum { most = 80 };
    size_t length = 0;
    while (text + length < table->end && length < most && text[length] != '\n' &&
           text[length] != '\r')
        length++;
    return (int)diffmm__text_cut(text, length, most);
}

/* What is wrong with the value that begins at `text`, of the column that is being read. */
static diffmm_status fail_value(const struct diffmm__delimited *table, const char *what,
                                const char *text)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %s: column %zu, '%.*s'", table->path,
                        table->record_line, what, table->reading + 1, shown(table, text), text);
}

/* Step over the end of a line, if it is here. */
static bool accept_line_end(struct diffmm__delimited *table)
{
    size_t size = diffmm__lines_break(table->next, table->end);
    table->next += size;
    table->line += size > 0;
    return size > 0;
}

static bool at_line_end(const struct diffmm__delimited *table)
{
    return table->next == table->end || diffmm__lines_break(table->next, table->end) > 0;
}

static bool at_separator(const struct diffmm__delimited *table)
{
    return *table->next == table->dialect.separator &&
           (!table->dialect.twice ||
            (table->end - table->next > 1 && table->next[1] == table->dialect.separator));
}

static void skip_run(struct diffmm__delimited *table)
{
    while (table->dialect.runs && table->next < table->end && at_separator(table))
        table->next++;
}

/* Step to the next field of the line; false if there is none. */
static bool accept_separator(struct diffmm__delimited *table)
{
    skip_run(table);
    if (at_line_end(table))
        return false;
    if (!table->dialect.runs)
        table->next += 1 + table->dialect.twice;
    return true;
}

/* A field in quotes, as it stands in the file: between the quotes, doubled ones still double. */
static diffmm_status read_quoted(struct diffmm__delimited *table, struct diffmm__field *field,
                                 bool *doubled)
{
    const char *begin = ++table->next;
    for (;; table->next++) {
        if (table->next == table->end)
            return fail_value(table, "a quoted value has no end", begin - 1);
        if (*table->next == '\n')
            table->line++;
        if (*table->next != '"')
            continue;
        if (table->end - table->next > 1 && table->next[1] == '"') {
            *doubled = true;
            table->next++;
            continue;
        }
        *field = (struct diffmm__field){begin, (size_t)(table->next - begin)};
        table->next++;
        if (at_line_end(table) || at_separator(table))
            return DIFFMM_OK;
        return fail_value(table, "a quoted value goes on after its quote", begin - 1);
    }
}

static diffmm_status read_plain(struct diffmm__delimited *table, struct diffmm__field *field)
{
    const char *begin = table->next;
    for (;; table->next++) {
        while (table->next < table->end && !table->stops[(unsigned char)*table->next])
            table->next++;
        if (at_line_end(table) || at_separator(table))
            break;
        if (table->dialect.quotes && *table->next == '"')
            return fail_value(table, "a value has a quote, but does not begin with one", begin);
    }
    *field = (struct diffmm__field){begin, (size_t)(table->next - begin)};
    return DIFFMM_OK;
}

static diffmm_status read_field(struct diffmm__delimited *table, struct diffmm__field *field,
                                bool *doubled)
{
    *doubled = false;
    bool quoted = table->dialect.quotes && table->next < table->end && *table->next == '"';
    return quoted ? read_quoted(table, field, doubled) : read_plain(table, field);
}

/* Keep a copy of a field in the column's own memory, with single quotes for doubled ones. What is
 * checked and kept is the copy: the file may change meanwhile. */
static diffmm_status copy_field(struct diffmm__delimited *table, size_t column,
                                struct diffmm__field field, bool doubled)
{
    diffmm_status status = DIFFMM_OK;
    if (field.length >= table->copy_capacity[column])
        status = diffmm__grow(table->context, &table->copy[column], &table->copy_capacity[column],
                              0, field.length + 1, 1);
    if (status)
        return status;
    char *text = table->copy[column];
    size_t length = doubled ? 0 : field.length;
    if (!doubled)
        memcpy(text, field.text, length);
    for (size_t i = 0; doubled && i < field.length; i++) {
        text[length++] = field.text[i];
        if (text[length - 1] == '"')
            i++;
    }
    text[length] = 0;
    table->fields[column] = (struct diffmm__field){text, length};
    return DIFFMM_OK;
}

/* Which of the wanted columns stands at a place; DIFFMM__MOST_COLUMNS if none. */
static size_t column_at(const struct diffmm__delimited *table, size_t place)
{
    for (size_t c = 0; c < DIFFMM__MOST_COLUMNS; c++)
        if (table->place[c] == place)
            return c;
    return DIFFMM__MOST_COLUMNS;
}

static diffmm_status read_place(struct diffmm__delimited *table, size_t place)
{
    struct diffmm__field field = {0};
    bool doubled = false;
    table->reading = place;
    diffmm_status status = read_field(table, &field, &doubled);
    size_t column = column_at(table, place);
    if (status || column == DIFFMM__MOST_COLUMNS)
        return status;
    return copy_field(table, column, field, doubled);
}

/* One line, or several, where quotes hold line ends. */
static diffmm_status read_record(struct diffmm__delimited *table)
{
    size_t place = 0;
    const char *begin = table->next;
    table->record_line = table->line;
    skip_run(table);
    do {
        diffmm_status status = read_place(table, place++);
        if (status)
            return status;
    } while (accept_separator(table));
    accept_line_end(table);
    if (place != table->width)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %zu columns, but the %s has %zu: '%.*s'",
                            table->path, table->record_line, place,
                            table->headless ? "first line" : "header", table->width,
                            shown(table, begin), begin);
    return DIFFMM_OK;
}

static diffmm_status next_record(struct diffmm__delimited *table, bool *found)
{
    while (accept_line_end(table))
        ;
    *found = table->next < table->end;
    return *found ? read_record(table) : DIFFMM_OK;
}

enum { chunk = 1 << 18, longest_record = 1 << 24 };

/* Unpack more behind what is left, which goes to the beginning of the window: as much again, so
 * that a long record is not read over and over. */
static diffmm_status refill(struct diffmm__delimited *table)
{
    size_t left = (size_t)(table->end - table->next), count;
    size_t more = left > chunk ? left : chunk;
    if (left > longest_record)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: the record is longer than %d bytes",
                            table->path, table->line, longest_record);
    if (left > 0 && table->next != table->window)
        memmove(table->window, table->next, left);
    diffmm_status status =
        diffmm__grow(table->context, &table->window, &table->window_capacity, left, left + more, 1);
    if (status)
        return status;
    table->next = table->window;
    table->end = table->window + left;
    status = diffmm__compressed_read(table->source, table->window + left, more, &count);
    table->end += count;
    table->source_ended = count == 0;
    return status;
}

diffmm_status diffmm__delimited_next(struct diffmm__delimited *table, bool *found)
{
    for (;;) {
        const char *begin = table->next;
        size_t line = table->line;
        diffmm_status status = next_record(table, found);
        if (!table->source || table->source_ended || table->next < table->end)
            return status;
        /* The record may go on in what has not been unpacked yet: begin it again. */
        table->next = begin;
        table->line = line;
        status = refill(table);
        if (status)
            return status;
    }
}

diffmm_status diffmm__delimited_first(struct diffmm__delimited *table, struct diffmm__field *field,
                                      bool *last)
{
    bool doubled;
    if (table->width == 0)
        skip_run(table);
    table->reading = table->width;
    diffmm_status status = read_field(table, field, &doubled);
    if (status)
        return status;
    table->width++;
    *last = !accept_separator(table);
    if (*last)
        accept_line_end(table);
    return DIFFMM_OK;
}

void diffmm__delimited_rewind(struct diffmm__delimited *table)
{
    table->next = table->begin;
    table->line = 1;
    table->headless = true;
}

static struct diffmm__delimited empty_table(const diffmm_context *context, const char *path)
{
    struct diffmm__delimited table = {
        .context = context, .path = path, .line = 1, .record_line = 1};
    for (size_t c = 0; c < DIFFMM__MOST_COLUMNS; c++) {
        table.place[c] = SIZE_MAX;
        table.fields[c].text = "";
    }
    return table;
}

diffmm_status diffmm__delimited_begin(const diffmm_context *context, const char *text, size_t size,
                                      const char *path, struct diffmm__delimited *out)
{
    struct diffmm__delimited table = empty_table(context, path);
    table.next = text;
    table.end = text + size;
    diffmm_status status = diffmm__lines_skip_mark(&table.next, table.end, path);
    table.begin = table.next;
    if (!status)
        *out = table;
    return status;
}

diffmm_status diffmm__delimited_begin_compressed(const diffmm_context *context,
                                                 struct diffmm__compressed *source,
                                                 const char *path, struct diffmm__delimited *out)
{
    struct diffmm__delimited table = empty_table(context, path);
    diffmm_status status = DIFFMM_OK;
    table.source = source;
    table.next = table.end = "";
    do /* until the first line is there */
        status = refill(&table);
    while (!status && !table.source_ended &&
           !memchr(table.next, '\n', (size_t)(table.end - table.next)));
    if (!status)
        status = diffmm__lines_skip_mark(&table.next, table.end, path);
    table.begin = table.next;
    if (status)
        diffmm__delimited_end(&table);
    else
        *out = table;
    return status;
}

void diffmm__delimited_use(struct diffmm__delimited *table, struct diffmm__dialect dialect)
{
    table->dialect = dialect;
    memset(table->stops, false, sizeof table->stops);
    table->stops['\n'] = table->stops['\r'] = table->stops[(unsigned char)dialect.separator] = true;
    table->stops['"'] = dialect.quotes;
}

void diffmm__delimited_end(struct diffmm__delimited *table)
{
    for (size_t c = 0; c < DIFFMM__MOST_COLUMNS; c++)
        diffmm__release(table->context, table->copy[c]);
    diffmm__release(table->context, table->window);
}
