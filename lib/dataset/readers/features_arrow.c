/* SPDX-License-Identifier: BSD-2-Clause */
/* Features of items from a stream of tables, each row with the id of its item. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/structs.h"
#include "base/text.h"
#include "dataset/modalities.h"
#include "dataset/readers/arrow_columns.h"
#include "dataset/readers/arrow_ids.h"

struct reader {
    const diffmm_context *context;
    struct diffmm__arrow_input *input;
    size_t item; /* its column */
    struct diffmm__arrow_ids items;
    bool lists;                           /* one column of lists; else one for each dimension */
    struct diffmm__arrow_column *columns; /* of features */
    size_t column_count;
    struct diffmm__feature_rows rows; /* so far; dimensions is 0 until it is known */
    size_t capacity;                  /* of its values */
};

static diffmm_status fail_no_item(const struct reader *reader)
{
    char there[256], known[256];
    diffmm__arrow_columns_list(reader->input, there, sizeof there);
    diffmm__column_names_list(DIFFMM__COLUMN_ITEM, known, sizeof known);
    return diffmm__fail(
        DIFFMM_ERROR_FORMAT,
        "Arrow stream: there is no column with the ids of items, but %s; name it in "
        "diffmm_arrow_features, or rename it to id or one of %s",
        there, known);
}

static diffmm_status find_item(struct reader *reader, const char *title)
{
    size_t name;
    reader->item = SIZE_MAX;
    if (title)
        return diffmm__arrow_columns_find(reader->input, title, &reader->item);
    diffmm_status status =
        diffmm__arrow_columns_usual(reader->input, DIFFMM__COLUMN_ITEM, &reader->item, &name);
    size_t columns = diffmm__arrow_input_columns(reader->input);
    for (size_t c = 0; c < columns && reader->item == SIZE_MAX; c++)
        if (strcmp(diffmm__arrow_input_title(reader->input, c), "id") == 0)
            reader->item = c;
    return status || reader->item != SIZE_MAX ? status : fail_no_item(reader);
}

/* Which columns have features. */
static bool is_list_of_numbers(const struct diffmm__arrow_column *column)
{
    return diffmm__arrow_type_is_list(column->values.type) &&
           diffmm__arrow_type_is_number(column->elements.type);
}

static bool is_feature(const struct diffmm__arrow_column *column)
{
    return diffmm__arrow_type_is_number(column->values.type) && !column->has_dictionary;
}

/* Leave the columns that fit. */
static void keep_columns(struct reader *reader, bool (*fits)(const struct diffmm__arrow_column *))
{
    size_t kept = 0;
    for (size_t c = 0; c < reader->column_count; c++)
        if (fits(&reader->columns[c]))
            reader->columns[kept++] = reader->columns[c];
    reader->column_count = kept;
}

static size_t count_columns(const struct reader *reader,
                            bool (*fits)(const struct diffmm__arrow_column *))
{
    size_t count = 0;
    for (size_t c = 0; c < reader->column_count; c++)
        count += fits(&reader->columns[c]);
    return count;
}

static diffmm_status begin_given(struct reader *reader, const char *title)
{
    size_t place;
    diffmm_status status = diffmm__arrow_columns_find(reader->input, title, &place);
    if (!status)
        status = diffmm__arrow_column_begin(reader->columns, reader->input, place);
    reader->column_count = 1;
    reader->lists = true;
    return status || is_list_of_numbers(reader->columns)
               ? status
               : diffmm__arrow_column_refuse(reader->columns,
                                             "a list of numbers, since it has features");
}

static diffmm_status begin_all(struct reader *reader)
{
    size_t columns = diffmm__arrow_input_columns(reader->input);
    for (size_t c = 0; c < columns; c++) {
        if (c == reader->item)
            continue;
        diffmm_status status =
            diffmm__arrow_column_begin(&reader->columns[reader->column_count], reader->input, c);
        if (status)
            return status;
        reader->column_count++;
    }
    size_t lists = count_columns(reader, is_list_of_numbers);
    if (lists > 1)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "Arrow stream: %zu columns have lists of numbers; name the one with "
                            "the features in diffmm_arrow_features",
                            lists);
    reader->lists = lists == 1;
    keep_columns(reader, lists ? is_list_of_numbers : is_feature);
    if (reader->column_count > 0)
        return DIFFMM_OK;
    char there[256];
    diffmm__arrow_columns_list(reader->input, there, sizeof there);
    return diffmm__fail(
        DIFFMM_ERROR_FORMAT,
        "Arrow stream: no column has lists of numbers, or numbers, as features; the "
        "columns are %s",
        there);
}

static void log_columns(const struct reader *reader)
{
    const struct diffmm__arrow_column *first = &reader->columns[0],
                                      *last = &reader->columns[reader->column_count - 1];
    diffmm__log(reader->context, DIFFMM_LOG_INFO, "Arrow stream: column %zu '%s' is the item",
                reader->item + 1, reader->items.column.title);
    if (reader->lists)
        diffmm__log(reader->context, DIFFMM_LOG_INFO,
                    "Arrow stream: column %zu '%s' has the features", first->place + 1,
                    first->title);
    else
        diffmm__log(reader->context, DIFFMM_LOG_INFO,
                    "Arrow stream: the features are %zu columns of numbers, from '%s' to '%s'",
                    reader->column_count, first->title, last->title);
}

static diffmm_status find_columns(struct reader *reader, const diffmm_arrow_features *given)
{
    diffmm_status status = find_item(reader, given->item);
    if (!status)
        status = diffmm__arrow_ids_begin(&reader->items, reader->input, reader->item);
    if (status)
        return status;
    reader->columns = diffmm__allocate(reader->context, diffmm__arrow_input_columns(reader->input),
                                       sizeof *reader->columns);
    if (!reader->columns)
        return DIFFMM_ERROR_NO_MEMORY;
    status = given->features ? begin_given(reader, given->features) : begin_all(reader);
    if (status)
        return status;
    if (!reader->lists)
        reader->rows.dimensions = reader->column_count;
    log_columns(reader);
    return DIFFMM_OK;
}

/* Where the features of the next row go. */
static diffmm_status next_row(struct reader *reader, float **row)
{
    struct diffmm__feature_rows *rows = &reader->rows;
    diffmm_status status = diffmm__size_check_array("rows", rows->rows + 1, "features",
                                                    rows->dimensions, sizeof(float));
    size_t used = rows->rows * rows->dimensions;
    if (!status)
        status = diffmm__grow(reader->context, &rows->values, &reader->capacity, used,
                              used + rows->dimensions, sizeof *rows->values);
    if (!status)
        *row = rows->values + used;
    return status;
}

static diffmm_status check_value(const struct diffmm__arrow_column *column, int64_t row,
                                 float value)
{
    return isfinite(value)
               ? DIFFMM_OK
               : diffmm__arrow_column_fail(column, DIFFMM_ERROR_NUMERIC, row,
                                           "has a feature that is not finite as a float");
}

static diffmm_status check_length(struct reader *reader, int64_t row, int64_t count)
{
    const struct diffmm__arrow_column *column = reader->columns;
    char what[120];
    if (count == 0 || count > INT32_MAX) {
        snprintf(what, sizeof what, "has %lld features, not 1 to %d", (long long)count, INT32_MAX);
        return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row, what);
    }
    if (reader->rows.dimensions == 0)
        reader->rows.dimensions = (size_t)count;
    if ((size_t)count == reader->rows.dimensions)
        return DIFFMM_OK;
    snprintf(what, sizeof what, "has %lld features, but the rows before have %zu", (long long)count,
             reader->rows.dimensions);
    return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row, what);
}

static diffmm_status read_list(struct reader *reader, int64_t row)
{
    const struct diffmm__arrow_column *column = reader->columns;
    int64_t at, begin = 0, count = 0;
    float *out;
    diffmm_status status = diffmm__arrow_column_locate(column, row, &at);
    if (!status && at < 0)
        status = diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                           "is null, but must be features");
    if (!status)
        status = diffmm__arrow_column_list(column, row, at, &begin, &count);
    if (!status)
        status = check_length(reader, row, count);
    if (!status)
        status = next_row(reader, &out);
    for (int64_t i = 0; !status && i < count; i++) {
        if (!diffmm__arrow_column_has_element(column, begin + i))
            return diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                             "has a feature that is null");
        out[i] = diffmm__narrow(diffmm__arrow_column_element(column, begin + i));
        status = check_value(column, row, out[i]);
    }
    return status;
}

static diffmm_status read_columns(struct reader *reader, int64_t row)
{
    float *out;
    diffmm_status status = next_row(reader, &out);
    for (size_t c = 0; c < reader->column_count && !status; c++) {
        const struct diffmm__arrow_column *column = &reader->columns[c];
        int64_t at;
        status = diffmm__arrow_column_locate(column, row, &at);
        if (!status && at < 0)
            status = diffmm__arrow_column_fail(column, DIFFMM_ERROR_FORMAT, row,
                                               "is null, but must be a feature");
        if (status)
            return status;
        out[c] = diffmm__narrow(diffmm__arrow_column_real(column, at));
        status = check_value(column, row, out[c]);
    }
    return status;
}

static diffmm_status add_row(struct reader *reader, int64_t row)
{
    int32_t number;
    diffmm_status status = diffmm__arrow_ids_find(&reader->items, row, &number);
    if (!status && (size_t)number < reader->rows.rows) {
        const char *id = diffmm__ids_text(&reader->rows.ids, number);
        char what[160];
        snprintf(what, sizeof what, "is '%.*s', as in row %d",
                 (int)diffmm__text_cut(id, strlen(id), 80), id, (int)number);
        status = diffmm__arrow_column_fail(&reader->items.column, DIFFMM_ERROR_FORMAT, row, what);
    }
    if (!status)
        status = reader->lists ? read_list(reader, row) : read_columns(reader, row);
    reader->rows.rows += !status;
    return status;
}

static diffmm_status enter_columns(struct reader *reader)
{
    diffmm_status status = diffmm__arrow_ids_enter(&reader->items);
    for (size_t c = 0; c < reader->column_count && !status; c++)
        status = diffmm__arrow_column_enter(&reader->columns[c]);
    return status;
}

static diffmm_status add_tables(struct reader *reader)
{
    bool found = true;
    diffmm_status status = DIFFMM_OK;
    while (!status && found) {
        status = diffmm__arrow_input_next(reader->input, &found);
        if (!status && found)
            status = enter_columns(reader);
        for (int64_t row = 0; !status && found && row < reader->input->table.length; row++)
            status = add_row(reader, row);
    }
    return status || reader->rows.rows > 0
               ? status
               : diffmm__fail(DIFFMM_ERROR_FORMAT, "Arrow stream: there are no rows of features");
}

static diffmm_status add_id(const diffmm_context *context, void *ids, const char *id, size_t length,
                            int32_t *number)
{
    return diffmm__ids_add(context, ids, id, length, number);
}

/* Read all rows; on success they are the caller's. */
static diffmm_status read_rows(const diffmm_context *context, struct diffmm__arrow_input *input,
                               const diffmm_arrow_features *given, struct diffmm__feature_rows *out)
{
    struct reader reader = {.context = context, .input = input};
    reader.items = (struct diffmm__arrow_ids){
        .context = context, .ids = &reader.rows.ids, .add = add_id, .target = &reader.rows.ids};
    diffmm_status status = find_columns(&reader, given);
    if (!status)
        status = add_tables(&reader);
    diffmm__arrow_ids_end(&reader.items);
    diffmm__release(context, reader.columns);
    if (status) {
        diffmm__feature_rows_end(context, &reader.rows);
        return status;
    }
    *out = reader.rows;
    return DIFFMM_OK;
}

static diffmm_status read(diffmm_dataset *dataset, const char *name,
                          struct diffmm__arrow_input *input, const diffmm_arrow_features *given)
{
    diffmm_arrow_features columns = {0};
    struct diffmm__feature_rows rows;
    diffmm_status status = diffmm__modalities_check_new(dataset, name, 1);
    if (!status && given)
        status = diffmm__struct_read(&columns, &diffmm__layout_arrow_features, given, "columns");
    if (!status)
        status = diffmm__arrow_input_begin(input);
    if (!status)
        status = read_rows(dataset->context, input, &columns, &rows);
    return status ? status : diffmm__modalities_add_owned(dataset, name, rows, NULL);
}

diffmm_status diffmm_dataset_read_modality_arrow(diffmm_dataset *dataset, const char *name,
                                                 struct ArrowArrayStream *stream,
                                                 const diffmm_arrow_features *columns)
{
    struct diffmm__arrow_input input;
    diffmm__arrow_input_take(&input, stream);
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = read(dataset, name, &input, columns);
    diffmm__arrow_input_end(&input);
    return status;
}
