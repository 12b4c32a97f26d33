/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/interactions_table.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/text.h"
#include "base/utf8.h"
#include "dataset/event_time.h"
#include "dataset/readers/reading_progress.h"
#include "dataset/readers/split_names.h"
#include "dataset/readers/table_columns.h"

/* A record that waits to be added, with those that follow: see diffmm__ids_fetch(). */
struct record {
    size_t line;
    diffmm_split split;
    struct diffmm__coo_entry entry;
    size_t user_at, user_length, item_at, item_length; /* of the ids in the reader's text */
};

enum { most_waiting = DIFFMM__IDS_AT_ONCE };

/* A table whose columns are known. */
struct reader {
    struct diffmm__delimited table;
    struct diffmm__table_columns columns;
    size_t ratings, times; /* that came */
    struct record waiting[most_waiting];
    size_t waiting_count;
    char *text; /* the ids of those that wait */
    size_t text_used, text_capacity;
};

static diffmm_status fail_column(const struct reader *reader, enum diffmm__column column,
                                 const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: column '%s' %s", reader->table.path,
                        reader->table.record_line, reader->columns.titles[column], what);
}

/* The same with the value. */
static diffmm_status fail_value(const struct reader *reader, enum diffmm__column column,
                                const char *what)
{
    struct diffmm__field field = reader->table.fields[column];
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: column '%s' %s: '%.*s'", reader->table.path,
                        reader->table.record_line, reader->columns.titles[column], what,
                        (int)diffmm__text_cut(field.text, field.length, 80), field.text);
}

static diffmm_status check_id(const struct reader *reader, enum diffmm__column column)
{
    struct diffmm__field id = reader->table.fields[column];
    if (id.length == 0)
        return fail_column(reader, column, "is empty");
    if (memchr(id.text, 0, id.length))
        return fail_column(reader, column, "is not text: it has a NUL byte");
    if (!diffmm__is_utf8(id.text, id.length))
        return fail_value(reader, column, "is not UTF-8 text");
    return DIFFMM_OK;
}

static diffmm_status read_split(const struct reader *reader, diffmm_split otherwise,
                                diffmm_split *split)
{
    struct diffmm__field field = reader->table.fields[DIFFMM__COLUMN_SPLIT];
    bool numbered = reader->columns.numbered_splits;
    *split = otherwise;
    if (field.length == 0 || diffmm__split_names_find(field.text, field.length, numbered, split))
        return DIFFMM_OK;
    return fail_value(reader, DIFFMM__COLUMN_SPLIT,
                      numbered ? "is not one of 0, 1, 2" : "is not one of train, valid, test");
}

/* A number in decimal: no blanks, no "nan". */
static diffmm_status read_rating(const struct reader *reader, double *rating)
{
    struct diffmm__field field = reader->table.fields[DIFFMM__COLUMN_RATING];
    *rating = NAN;
    if (field.length == 0)
        return DIFFMM_OK;
    return !memchr(field.text, 0, field.length) && diffmm__read_real(field.text, rating)
               ? DIFFMM_OK
               : fail_value(reader, DIFFMM__COLUMN_RATING, "is not a number");
}

static diffmm_status read_time(const struct reader *reader, int64_t *time)
{
    struct diffmm__field field = reader->table.fields[DIFFMM__COLUMN_TIME];
    *time = DIFFMM__NO_TIME;
    if (field.length == 0 || diffmm__event_time_read(field.text, field.length, time))
        return DIFFMM_OK;
    return fail_value(reader, DIFFMM__COLUMN_TIME, "is not a number and no date of ISO 8601");
}

/* Read all but the ids of a record. */
static diffmm_status read_values(struct reader *reader, diffmm_split otherwise, diffmm_split *split,
                                 struct diffmm__coo_entry *entry)
{
    diffmm_status status = check_id(reader, DIFFMM__COLUMN_USER);
    if (!status)
        status = check_id(reader, DIFFMM__COLUMN_ITEM);
    if (!status)
        status = read_split(reader, otherwise, split);
    if (!status)
        status = read_rating(reader, &entry->rating);
    return status ? status : read_time(reader, &entry->time);
}

/* Keep a copy of an id until the waiting records are added. */
static diffmm_status keep_id(struct reader *reader, enum diffmm__column column, size_t *at)
{
    struct diffmm__field id = reader->table.fields[column];
    size_t needed = reader->text_used + id.length;
    diffmm_status status = needed <= reader->text_capacity
                               ? DIFFMM_OK
                               : diffmm__grow(reader->table.context, &reader->text,
                                              &reader->text_capacity, reader->text_used, needed, 1);
    if (status)
        return status;
    memcpy(reader->text + reader->text_used, id.text, id.length);
    *at = reader->text_used;
    reader->text_used += id.length;
    return DIFFMM_OK;
}

static diffmm_status read_record(struct reader *reader, diffmm_split otherwise)
{
    struct record *record = &reader->waiting[reader->waiting_count];
    *record = (struct record){.line = reader->table.record_line,
                              .user_length = reader->table.fields[DIFFMM__COLUMN_USER].length,
                              .item_length = reader->table.fields[DIFFMM__COLUMN_ITEM].length};
    diffmm_status status = read_values(reader, otherwise, &record->split, &record->entry);
    if (!status)
        status = keep_id(reader, DIFFMM__COLUMN_USER, &record->user_at);
    if (!status)
        status = keep_id(reader, DIFFMM__COLUMN_ITEM, &record->item_at);
    if (status)
        return status;
    reader->ratings += isnan(record->entry.rating) ? 0 : 1;
    reader->times += record->entry.time == DIFFMM__NO_TIME ? 0 : 1;
    reader->waiting_count++;
    return DIFFMM_OK;
}

static diffmm_status add_record(struct reader *reader, struct record *record,
                                const struct diffmm__id_text *user,
                                const struct diffmm__id_text *item, struct diffmm__draft *draft)
{
    const diffmm_context *context = reader->table.context;
    diffmm_status status = diffmm__draft_item_text(context, draft, item, &record->entry.column);
    if (status == DIFFMM_ERROR_INVALID_ARGUMENT) /* an id that does not belong: say where */
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: %s", reader->table.path, record->line,
                            diffmm_error_message());
    if (!status)
        status = diffmm__draft_user_text(context, draft, user, &record->entry.row);
    return status ? status
                  : diffmm__coo_add_entry(context, &draft->pairs[record->split], &record->entry);
}

/* Add the records that wait. */
static diffmm_status add_waiting(struct reader *reader, struct diffmm__draft *draft)
{
    struct diffmm__id_text users[most_waiting], items[most_waiting];
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < reader->waiting_count; i++) {
        const struct record *record = &reader->waiting[i];
        users[i] = (struct diffmm__id_text){.text = reader->text + record->user_at,
                                            .length = record->user_length};
        items[i] = (struct diffmm__id_text){.text = reader->text + record->item_at,
                                            .length = record->item_length};
    }
    diffmm__ids_fetch(&draft->user_ids, reader->waiting_count, users);
    diffmm__ids_fetch(&draft->item_ids, reader->waiting_count, items);
    for (size_t i = 0; i < reader->waiting_count && !status; i++)
        status = add_record(reader, &reader->waiting[i], &users[i], &items[i], draft);
    reader->waiting_count = 0;
    reader->text_used = 0;
    return status;
}

/* How much of the file lies behind; nothing is known of one that is unpacked. */
static void tell_progress(const struct reader *reader, struct diffmm__reading_progress *progress,
                          size_t rows)
{
    const struct diffmm__delimited *table = &reader->table;
    size_t all = table->source ? 0 : (size_t)(table->end - table->begin);
    size_t done = table->source ? 0 : (size_t)(table->next - table->begin);
    diffmm__reading_progress_add(progress, rows, done, all);
}

/* Read all records of a table that is written as was said. Where one is wrong, those before it are
 * added, for an error of theirs comes first. */
static diffmm_status read_records(struct reader *reader, const diffmm_table_format *format,
                                  diffmm_split split, struct diffmm__draft *draft)
{
    bool found = true;
    struct diffmm__reading_progress progress = {
        .context = reader->table.context, .draft = draft, .name = reader->table.path};
    diffmm_status status = diffmm__table_columns_find(&reader->table, format, &reader->columns);
    while (!status && found) {
        while (!status && found && reader->waiting_count < most_waiting) {
            status = diffmm__delimited_next(&reader->table, &found);
            if (!status && found)
                status = read_record(reader, split);
        }
        size_t rows = reader->waiting_count;
        diffmm_status added = add_waiting(reader, draft);
        status = added ? added : status;
        if (!status)
            tell_progress(reader, &progress, rows);
    }
    diffmm__release(reader->table.context, reader->text);
    if (status)
        return status;
    diffmm__reading_progress_end(&progress);
    draft->census.ratings += reader->ratings;
    draft->census.timestamps += reader->times;
    return DIFFMM_OK;
}

static const diffmm_table_format usual = {.struct_size = sizeof usual};

diffmm_status diffmm__interactions_table_parse(const diffmm_context *context,
                                               struct diffmm__dialect dialect, const char *text,
                                               size_t size, const char *path, diffmm_split split,
                                               struct diffmm__draft *draft)
{
    struct reader reader = {0};
    diffmm_status status = diffmm__delimited_begin(context, text, size, path, &reader.table);
    if (status)
        return status;
    diffmm__delimited_use(&reader.table, dialect);
    status = read_records(&reader, &usual, split, draft);
    diffmm__delimited_end(&reader.table);
    return status;
}

static const struct diffmm__dialect tabs = {.separator = '\t'},
                                    commas = {.separator = ',', .quotes = true},
                                    semicolons = {.separator = ';', .quotes = true},
                                    colons = {.separator = ':', .twice = true},
                                    spaces = {.separator = ' ', .runs = true};

/* How a table is written, from its first line: what stands in quotes does not count. */
static struct diffmm__dialect guess_dialect(const char *text, size_t size,
                                            struct diffmm__dialect otherwise)
{
    size_t count[256] = {0}, pairs = 0;
    bool quoted = false;
    for (size_t i = 0; i < size && text[i] != '\n'; i++) {
        quoted ^= text[i] == '"';
        if (quoted)
            continue;
        count[(unsigned char)text[i]]++;
        pairs += text[i] == ':' && i + 1 < size && text[i + 1] == ':';
    }
    if (otherwise.separator == ',' && count[','] && count[','] >= count[';'])
        return commas; /* the ending says so */
    if (count['\t'])
        return tabs;
    if (pairs)
        return colons;
    if (count[','] || count[';'])
        return count[';'] > count[','] ? semicolons : commas;
    return count[' '] ? spaces : otherwise;
}

/* How the caller says that a table is written. */
static struct diffmm__dialect named_dialect(const char *separator)
{
    if (strcmp(separator, "::") == 0)
        return colons;
    switch (*separator) {
    case '\t': return tabs;
    case ',': return commas;
    case ';': return semicolons;
    case ' ': return spaces;
    default: return (struct diffmm__dialect){.separator = *separator};
    }
}

static struct diffmm__dialect find_dialect(const struct diffmm__delimited *table, bool guess,
                                           struct diffmm__dialect otherwise,
                                           const diffmm_table_format *format)
{
    struct diffmm__dialect dialect =
        format->separator ? named_dialect(format->separator)
        : guess ? guess_dialect(table->next, (size_t)(table->end - table->next), otherwise)
                : otherwise;
    if (format->quotes != DIFFMM_AUTO)
        dialect.quotes = format->quotes == DIFFMM_YES;
    return dialect;
}

static diffmm_status read_mapped(const diffmm_context *context,
                                 const struct diffmm__mapping *mapping, const char *path,
                                 struct diffmm__compressed **source, struct reader *reader)
{
    if (!diffmm__compressed_looks(mapping->data, mapping->size))
        return diffmm__delimited_begin(context, (const char *)mapping->data, mapping->size, path,
                                       &reader->table);
    diffmm_status status =
        diffmm__compressed_create(context, mapping->data, mapping->size, path, source);
    return status ? status
                  : diffmm__delimited_begin_compressed(context, *source, path, &reader->table);
}

static diffmm_status read_file(const diffmm_context *context, bool guess,
                               struct diffmm__dialect dialect, const char *path,
                               const diffmm_table_format *format, diffmm_split split,
                               struct diffmm__draft *draft)
{
    struct reader reader = {0};
    struct diffmm__mapping mapping;
    struct diffmm__compressed *source = NULL;
    diffmm_status status = diffmm__draft_decide(draft, DIFFMM__NAMING_TEXT);
    if (!status)
        status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = read_mapped(context, &mapping, path, &source, &reader);
    if (!status) {
        diffmm__delimited_use(&reader.table, find_dialect(&reader.table, guess, dialect, format));
        status = read_records(&reader, format, split, draft);
        diffmm__delimited_end(&reader.table);
    }
    diffmm__compressed_destroy(source);
    diffmm__file_unmap(&mapping);
    return status;
}

diffmm_status diffmm__interactions_table_read_tsv(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft)
{
    return read_file(context, false, tabs, path, &usual, split, draft);
}

diffmm_status diffmm__interactions_table_read_csv(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft)
{
    return read_file(context, true, commas, path, &usual, split, draft);
}

diffmm_status diffmm__interactions_table_read_any(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft)
{
    return read_file(context, true, tabs, path, &usual, split, draft);
}

diffmm_status diffmm__interactions_table_read(const diffmm_context *context, const char *path,
                                              const diffmm_table_format *format, diffmm_split split,
                                              struct diffmm__draft *draft)
{
    return read_file(context, true, tabs, path, format, split, draft);
}
