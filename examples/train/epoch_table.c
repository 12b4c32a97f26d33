/* SPDX-License-Identifier: BSD-2-Clause */
#include "epoch_table.h"

#include <stdlib.h>
#include <string.h>

#include "epoch_json.h"

/* "prefix.key", or the key alone; to be freed. */
static char *path_of(const char *prefix, const char *key)
{
    size_t size = strlen(prefix) + strlen(key) + 2;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s%s", prefix, *prefix ? "." : "", key);
    return path;
}

/* Put the numbers of an object into a row, and their names among the columns: null there as long as
 * no row has a value. */
static bool flatten(json_t *object, const char *prefix, json_t *row, json_t *names)
{
    const char *key;
    json_t *value;
    bool done = true;
    json_object_foreach(object, key, value)
    {
        char *path = path_of(prefix, key);
        if (!path)
            return false;
        if (json_is_object(value))
            done = flatten(value, path, row, names);
        else if (json_is_null(value))
            done =
                json_object_get(names, path) || json_object_set_new(names, path, json_null()) == 0;
        else if (json_is_number(value))
            done = json_object_set(row, path, value) == 0 &&
                   json_object_set_new(names, path, json_true()) == 0;
        free(path);
        if (!done)
            return false;
    }
    return true;
}

static void drop_empty_columns(json_t *names)
{
    const char *name;
    json_t *filled;
    void *next;
    json_object_foreach_safe(names, next, name, filled)
    {
        if (json_is_null(filled))
            json_object_del(names, name);
    }
}

bool epoch_table_begin(struct epoch_table *table, const json_t *history)
{
    *table = (struct epoch_table){json_array(), json_object()};
    size_t i;
    json_t *line;
    json_array_foreach(history, i, line)
    {
        json_t *row = json_object();
        if (!row || !flatten(line, "", row, table->names) ||
            json_array_append(table->rows, row) != 0) {
            json_decref(row);
            epoch_table_end(table);
            return false;
        }
        json_decref(row);
    }
    drop_empty_columns(table->names);
    return table->rows && table->names;
}

void epoch_table_end(struct epoch_table *table)
{
    json_decref(table->rows);
    json_decref(table->names);
    *table = (struct epoch_table){NULL, NULL};
}

const json_t *epoch_table_cell(const struct epoch_table *table, size_t row, const char *column)
{
    return json_object_get(json_array_get(table->rows, row), column);
}

/* A name in quotes where it has what would end it. */
static void write_name(const char *name, FILE *out)
{
    if (!strpbrk(name, ",\"\r\n")) {
        fputs(name, out);
        return;
    }
    putc('"', out);
    for (; *name; name++) {
        if (*name == '"')
            putc('"', out);
        putc(*name, out);
    }
    putc('"', out);
}

void epoch_table_write(const struct epoch_table *table, FILE *out)
{
    const char *name, *between = "";
    json_t *filled;
    json_object_foreach(table->names, name, filled)
    {
        fputs(between, out);
        write_name(name, out);
        between = ",";
    }
    fputs("\r\n", out);
    for (size_t row = 0; row < json_array_size(table->rows); row++) {
        between = "";
        json_object_foreach(table->names, name, filled)
        {
            const json_t *value = epoch_table_cell(table, row, name);
            fputs(between, out);
            if (value)
                json_dumpf(value, out, JSON_NUMBERS | JSON_ENCODE_ANY);
            between = ",";
        }
        fputs("\r\n", out);
    }
}
