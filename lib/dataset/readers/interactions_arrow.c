/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions from a stream of tables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/log.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/structs.h"
#include "base/text.h"
#include "dataset/dataset.h"
#include "dataset/draft.h"
#include "dataset/readers/arrow_columns.h"
#include "dataset/readers/arrow_ids.h"
#include "dataset/readers/reading_progress.h"
#include "dataset/readers/split_names.h"

struct reader {
    const diffmm_context *context;
    struct diffmm__draft *draft;
    diffmm_split split; /* of those that name none */
    struct diffmm__arrow_input *input;
    size_t place[DIFFMM__COLUMNS]; /* SIZE_MAX: there is no such column */
    bool numbered_splits;
    struct diffmm__arrow_ids users, items;
    struct diffmm__arrow_column rating, time, splits;
    size_t ratings, times; /* that came */
    struct diffmm__reading_progress progress;
};

static bool has(const struct reader *reader, enum diffmm__column column)
{
    return reader->place[column] != SIZE_MAX;
}

static diffmm_status fail_missing(const struct reader *reader, enum diffmm__column column)
{
    char there[256], known[256];
    diffmm__arrow_columns_list(reader->input, there, sizeof there);
    diffmm__column_names_list(column, known, sizeof known);
    return diffmm__fail(DIFFMM_ERROR_FORMAT,
                        "Arrow stream: there is no column '%s', but %s; name it in "
                        "diffmm_arrow_columns, or rename it to one of %s",
                        diffmm__column_names_title(column), there, known);
}

static diffmm_status find_columns(struct reader *reader, const diffmm_arrow_columns *given)
{
    const char *const titles[] = {given->user, given->item, given->rating, given->timestamp,
                                  given->split};
    diffmm_status status = DIFFMM_OK;
    reader->numbered_splits = given->split;
    for (int c = 0; c < DIFFMM__COLUMNS && !status; c++) {
        enum diffmm__column column = (enum diffmm__column)c;
        size_t name = DIFFMM__COLUMN_NAMES;
        reader->place[c] = SIZE_MAX;
        if (titles[c] && *titles[c])
            status = diffmm__arrow_columns_find(reader->input, titles[c], &reader->place[c]);
        else if (!titles[c])
            status = diffmm__arrow_columns_usual(reader->input, column, &reader->place[c], &name);
        if (!status && column <= DIFFMM__COLUMN_ITEM && !has(reader, column))
            status = fail_missing(reader, column);
        reader->numbered_splits |= diffmm__column_names_numbered(name);
    }
    return status;
}

static void log_columns(const struct reader *reader)
{
    for (int c = 0; c < DIFFMM__COLUMNS; c++)
        if (reader->place[c] != SIZE_MAX)
            diffmm__log(reader->context, DIFFMM_LOG_INFO, "Arrow stream: column %zu '%s' is the %s",
                        reader->place[c] + 1,
                        diffmm__arrow_input_title(reader->input, reader->place[c]),
                        diffmm__column_names_title((enum diffmm__column)c));
}

/* Start with an optional column, of a type that is as wanted. */
static diffmm_status begin_column(const struct reader *reader, enum diffmm__column which,
                                  struct diffmm__arrow_column *column, bool times,
                                  bool (*fits)(struct diffmm__arrow_type type), const char *wanted)
{
    if (!has(reader, which))
        return DIFFMM_OK;
    diffmm_status status = diffmm__arrow_column_begin(column, reader->input, reader->place[which]);
    if (status)
        return status;
    struct diffmm__arrow_type type = column->values.type;
    return fits(type) || diffmm__arrow_type_is_text(type) || type.kind == DIFFMM__ARROW_NOTHING ||
                   (times && type.kind == DIFFMM__ARROW_TIME)
               ? DIFFMM_OK
               : diffmm__arrow_column_refuse(column, wanted);
}

static diffmm_status begin_columns(struct reader *reader)
{
    diffmm_status status =
        diffmm__arrow_ids_begin(&reader->users, reader->input, reader->place[DIFFMM__COLUMN_USER]);
    if (!status)
        status = diffmm__arrow_ids_begin(&reader->items, reader->input,
                                         reader->place[DIFFMM__COLUMN_ITEM]);
    if (!status)
        status = begin_column(reader, DIFFMM__COLUMN_RATING, &reader->rating, false,
                              diffmm__arrow_type_is_number, "numbers, since it has ratings");
    if (!status)
        status = begin_column(reader, DIFFMM__COLUMN_TIME, &reader->time, true,
                              diffmm__arrow_type_is_number,
                              "timestamps, dates, numbers or text, since it has times");
    return status ? status
                  : begin_column(reader, DIFFMM__COLUMN_SPLIT, &reader->splits, false,
                                 diffmm__arrow_type_is_integer,
                                 "strings or integers, since it has splits");
}

static diffmm_status enter_columns(struct reader *reader)
{
    struct diffmm__arrow_column *const columns[] = {
        [DIFFMM__COLUMN_RATING] = &reader->rating,
        [DIFFMM__COLUMN_TIME] = &reader->time,
        [DIFFMM__COLUMN_SPLIT] = &reader->splits,
    };
    diffmm_status status = diffmm__arrow_ids_enter(&reader->users);
    if (!status)
        status = diffmm__arrow_ids_enter(&reader->items);
    for (int c = DIFFMM__COLUMN_RATING; c < DIFFMM__COLUMNS && !status; c++)
        if (has(reader, (enum diffmm__column)c))
            status = diffmm__arrow_column_enter(columns[c]);
    return status;
}

/* A value that is text, `what` says what it is not. */
static diffmm_status fail_text(const struct diffmm__arrow_column *column, int64_t row,
                               const char *what, const char *text, size_t length)
{
    char message[200];
    snprintf(message, sizeof message, "%s: '%.*s'", what, (int)diffmm__text_cut(text, length, 80),
             text);
    return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row, message);
}

static diffmm_status read_rating_text(const struct diffmm__arrow_column *column, int64_t row,
                                      int64_t at, double *rating)
{
    char copy[128];
    const char *text;
    size_t length;
    diffmm_status status = diffmm__arrow_column_text(column, row, at, &text, &length);
    if (status || length == 0)
        return status;
    if (length < sizeof copy && !memchr(text, 0, length)) {
        memcpy(copy, text, length);
        copy[length] = 0;
        if (diffmm__read_real(copy, rating))
            return DIFFMM_OK;
    }
    return fail_text(column, row, "is not a number", text, length);
}

static diffmm_status read_rating(const struct reader *reader, int64_t row, double *rating)
{
    const struct diffmm__arrow_column *column = &reader->rating;
    int64_t at;
    *rating = NAN;
    if (!has(reader, DIFFMM__COLUMN_RATING))
        return DIFFMM_OK;
    diffmm_status status = diffmm__arrow_column_locate(column, row, &at);
    if (status || at < 0)
        return status;
    if (diffmm__arrow_type_is_text(column->values.type))
        return read_rating_text(column, row, at, rating);
    *rating = diffmm__arrow_column_real(column, at);
    return isinf(*rating)
               ? diffmm__arrow_column_fail(column, DIFFMM_ERROR_NUMERIC, row, "is infinite")
               : DIFFMM_OK;
}

static diffmm_status read_time_text(const struct diffmm__arrow_column *column, int64_t row,
                                    int64_t at, int64_t *time)
{
    const char *text;
    size_t length;
    diffmm_status status = diffmm__arrow_column_text(column, row, at, &text, &length);
    if (status || length == 0 || diffmm__event_time_read(text, length, time))
        return status;
    return fail_text(column, row, "is not a number and no date of ISO 8601", text, length);
}

static diffmm_status read_time_number(const struct diffmm__arrow_column *column, int64_t row,
                                      int64_t at, int64_t *time)
{
    int64_t integer;
    if (diffmm__arrow_type_is_integer(column->values.type)) {
        diffmm_status status = diffmm__arrow_column_integer(column, row, at, &integer);
        if (!status)
            *time = diffmm__event_time_from_integer(integer);
        return status;
    }
    double real = diffmm__arrow_column_real(column, at);
    if (isnan(real) || diffmm__event_time_from_real(real, time))
        return DIFFMM_OK;
    return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                     "is more than any time since 1970");
}

static diffmm_status read_time(const struct reader *reader, int64_t row, int64_t *time)
{
    const struct diffmm__arrow_column *column = &reader->time;
    int64_t at;
    *time = DIFFMM__NO_TIME;
    if (!has(reader, DIFFMM__COLUMN_TIME))
        return DIFFMM_OK;
    diffmm_status status = diffmm__arrow_column_locate(column, row, &at);
    if (status || at < 0)
        return status;
    if (column->values.type.kind == DIFFMM__ARROW_TIME)
        return diffmm__arrow_column_time(column, row, at, time);
    return diffmm__arrow_type_is_text(column->values.type)
               ? read_time_text(column, row, at, time)
               : read_time_number(column, row, at, time);
}

static diffmm_status read_split_number(const struct diffmm__arrow_column *column, int64_t row,
                                       int64_t at, diffmm_split *split)
{
    int64_t number;
    diffmm_status status = diffmm__arrow_column_integer(column, row, at, &number);
    if (status)
        return status;
    if (number < DIFFMM_TRAIN || number > DIFFMM_TEST) {
        char what[64];
        snprintf(what, sizeof what, "is %lld, not one of 0, 1, 2", (long long)number);
        return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row, what);
    }
    *split = (diffmm_split)number;
    return DIFFMM_OK;
}

static diffmm_status read_split(const struct reader *reader, int64_t row, diffmm_split *split)
{
    const struct diffmm__arrow_column *column = &reader->splits;
    const char *text;
    size_t length;
    int64_t at;
    *split = reader->split;
    if (!has(reader, DIFFMM__COLUMN_SPLIT))
        return DIFFMM_OK;
    diffmm_status status = diffmm__arrow_column_locate(column, row, &at);
    if (status || at < 0)
        return status;
    if (!diffmm__arrow_type_is_text(column->values.type))
        return read_split_number(column, row, at, split);
    status = diffmm__arrow_column_text(column, row, at, &text, &length);
    if (status || length == 0 ||
        diffmm__split_names_find(text, length, reader->numbered_splits, split))
        return status;
    return fail_text(column, row,
                     reader->numbered_splits ? "is not one of 0, 1, 2"
                                             : "is not one of train, valid, test",
                     text, length);
}

static diffmm_status add_row(struct reader *reader, int64_t row)
{
    struct diffmm__coo_entry entry;
    diffmm_split split;
    diffmm_status status = diffmm__arrow_ids_find(&reader->users, row, &entry.row);
    if (!status)
        status = diffmm__arrow_ids_find(&reader->items, row, &entry.column);
    if (!status)
        status = read_split(reader, row, &split);
    if (!status)
        status = read_rating(reader, row, &entry.rating);
    if (!status)
        status = read_time(reader, row, &entry.time);
    if (status)
        return status;
    reader->ratings += isnan(entry.rating) ? 0 : 1;
    reader->times += entry.time == DIFFMM__NO_TIME ? 0 : 1;
    return diffmm__coo_add_entry(reader->context, &reader->draft->pairs[split], &entry);
}

/* Some rows, whose ids are fetched together. */
static diffmm_status add_rows(struct reader *reader, int64_t first, size_t count)
{
    diffmm_status status = DIFFMM_OK;
    diffmm__arrow_ids_fetch(&reader->users, first, count);
    diffmm__arrow_ids_fetch(&reader->items, first, count);
    for (size_t i = 0; i < count && !status; i++)
        status = add_row(reader, first + (int64_t)i);
    return status;
}

static diffmm_status add_table(struct reader *reader)
{
    diffmm_status status = enter_columns(reader);
    int64_t rows = reader->input->table.length, at_once = DIFFMM__IDS_AT_ONCE;
    for (int64_t first = 0; first < rows && !status; first += at_once) {
        int64_t left = rows - first;
        size_t count = (size_t)(left < at_once ? left : at_once);
        status = add_rows(reader, first, count);
        if (!status)
            diffmm__reading_progress_add(&reader->progress, count, 0, 0);
    }
    return status;
}

static diffmm_status add_tables(struct reader *reader)
{
    bool found = true;
    diffmm_status status = DIFFMM_OK;
    while (!status && found) {
        status = diffmm__arrow_input_next(reader->input, &found);
        if (!status && found)
            status = add_table(reader);
    }
    return status;
}

static diffmm_status add_user(const diffmm_context *context, void *draft, const char *id,
                              size_t length, int32_t *number)
{
    return diffmm__draft_user(context, draft, id, length, number);
}

static diffmm_status add_item(const diffmm_context *context, void *draft, const char *id,
                              size_t length, int32_t *number)
{
    return diffmm__draft_item(context, draft, id, length, number);
}

static diffmm_status read_stream(struct diffmm__arrow_input *input, const diffmm_dataset *dataset,
                                 diffmm_split split, const diffmm_arrow_columns *columns)
{
    struct diffmm__draft *draft = dataset->draft;
    const diffmm_context *context = dataset->context;
    struct reader reader = {
        .context = context,
        .draft = draft,
        .split = split,
        .input = input,
        .progress = {.context = context, .draft = draft, .name = "Arrow stream"},
        .users = {.context = context, .ids = &draft->user_ids, .add = add_user, .target = draft},
        .items = {.context = context, .ids = &draft->item_ids, .add = add_item, .target = draft}};
    diffmm_status status = find_columns(&reader, columns);
    if (!status) {
        log_columns(&reader);
        status = begin_columns(&reader);
    }
    if (!status)
        status = add_tables(&reader);
    diffmm__arrow_ids_end(&reader.users);
    diffmm__arrow_ids_end(&reader.items);
    if (!status) {
        diffmm__reading_progress_end(&reader.progress);
        draft->census.ratings += reader.ratings;
        draft->census.timestamps += reader.times;
    }
    return status;
}

static diffmm_status read_columns(const diffmm_arrow_columns *given, diffmm_arrow_columns *out)
{
    *out = (diffmm_arrow_columns){0};
    return given ? diffmm__struct_read(out, &diffmm__layout_arrow_columns, given, "columns")
                 : DIFFMM_OK;
}

static diffmm_status read(diffmm_dataset *dataset, diffmm_split split,
                          struct diffmm__arrow_input *input, const diffmm_arrow_columns *given)
{
    diffmm_arrow_columns columns;
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (!status)
        status = diffmm__dataset_check_split(split);
    if (!status)
        status = read_columns(given, &columns);
    if (!status)
        status = diffmm__arrow_input_begin(input);
    if (status)
        return status;
    struct diffmm__draft_mark mark = diffmm__draft_save(dataset->draft);
    status = diffmm__draft_decide(dataset->draft, DIFFMM__NAMING_TEXT);
    if (!status)
        status = read_stream(input, dataset, split, &columns);
    if (status)
        diffmm__draft_restore(dataset->draft, &mark);
    return status;
}

diffmm_status diffmm_dataset_read_arrow(diffmm_dataset *dataset, diffmm_split split,
                                        struct ArrowArrayStream *stream,
                                        const diffmm_arrow_columns *columns)
{
    struct diffmm__arrow_input input;
    diffmm__arrow_input_take(&input, stream);
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = read(dataset, split, &input, columns);
    diffmm__arrow_input_end(&input);
    return status;
}
