/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/interactions_table.h"

#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "base/status.h"
#include "base/utf8.h"

enum column { column_user, column_item, column_split };

/* What messages call a column; the first names in the table below. */
static const char *const column_titles[] = {"user", "item", "split"};

/* What columns are called in files. */
static const struct diffmm__column_name column_names[] = {
    {"user", column_user},
    {"item", column_item},
    {"split", column_split},
};

static diffmm_status fail_column(const struct diffmm__delimited *table, enum column column,
                                 const char *what)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:%zu: column '%s' %s", table->path,
                        table->record_line, column_titles[column], what);
}

static diffmm_status check_id(const struct diffmm__delimited *table, enum column column)
{
    struct diffmm__field id = table->fields[column];
    if (id.length == 0)
        return fail_column(table, column, "is empty");
    if (!diffmm__is_utf8(id.text, id.length))
        return fail_column(table, column, "is not UTF-8 text");
    return DIFFMM_OK;
}

static diffmm_status read_split(const struct diffmm__delimited *table, diffmm_split otherwise,
                                diffmm_split *split)
{
    static const char *const names[DIFFMM__SPLITS] = {"train", "valid", "test"};
    struct diffmm__field field = table->fields[column_split];
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

static diffmm_status add_record(const struct diffmm__delimited *table, diffmm_split otherwise,
                                struct diffmm__draft *draft)
{
    struct diffmm__field user = table->fields[column_user], item = table->fields[column_item];
    diffmm_split split;
    diffmm_status status = check_id(table, column_user);
    if (!status)
        status = check_id(table, column_item);
    if (!status)
        status = read_split(table, otherwise, &split);
    if (status)
        return status;
    status = diffmm__draft_add_named(table->context, draft, split, user.text, user.length,
                                     item.text, item.length);
    return status == DIFFMM_ERROR_INVALID_ARGUMENT /* an id that does not belong: say where */
               ? diffmm__delimited_fail(table, diffmm_error_message())
               : status;
}

static diffmm_status check_header(const struct diffmm__delimited *table)
{
    for (enum column c = column_user; c <= column_item; c++)
        if (table->place[c] == SIZE_MAX)
            return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s:1: the header has no column '%s'",
                                table->path, column_titles[c]);
    return DIFFMM_OK;
}

diffmm_status diffmm__interactions_table_parse(const diffmm_context *context,
                                               struct diffmm__dialect dialect, const char *text,
                                               size_t size, const char *path, diffmm_split split,
                                               struct diffmm__draft *draft)
{
    struct diffmm__delimited table;
    diffmm_status status = diffmm__delimited_begin(context, dialect, column_names,
                                                   sizeof column_names / sizeof *column_names, text,
                                                   size, path, &table);
    if (status)
        return status;
    bool found = true;
    status = check_header(&table);
    while (!status && found) {
        status = diffmm__delimited_next(&table, &found);
        if (!status && found)
            status = add_record(&table, split, draft);
    }
    diffmm__delimited_end(&table);
    return status;
}

static diffmm_status read_file(const diffmm_context *context, struct diffmm__dialect dialect,
                               const char *path, diffmm_split split, struct diffmm__draft *draft)
{
    struct diffmm__mapping mapping;
    diffmm_status status = diffmm__draft_decide(draft, DIFFMM__NAMING_TEXT);
    if (!status)
        status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = diffmm__interactions_table_parse(context, dialect, (const char *)mapping.data,
                                              mapping.size, path, split, draft);
    diffmm__file_unmap(&mapping);
    return status;
}

diffmm_status diffmm__interactions_table_read_tsv(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft)
{
    return read_file(context, (struct diffmm__dialect){.separator = '\t'}, path, split, draft);
}

diffmm_status diffmm__interactions_table_read_csv(const diffmm_context *context, const char *path,
                                                  diffmm_split split, struct diffmm__draft *draft)
{
    const struct diffmm__dialect commas = {.separator = ',', .quotes = true};
    return read_file(context, commas, path, split, draft);
}
