/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables for streams of the Arrow C interface, made by hand: each buffer that is handed out is a
 * block of its own of just the right size, and what is out is counted. */
#ifndef DIFFMM_TESTS_ARROW_TABLES_H
#define DIFFMM_TESTS_ARROW_TABLES_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/arrow.h>

enum { most_buffers = 6, most_columns = 8, most_tables = 4 };

struct arrow_buffer {
    void *bytes; /* or NULL */
    size_t size;
};

/* A column: its type, and what each array of it has. */
struct arrow_column {
    const char *format, *name;
    int64_t length, offset, null_count, buffer_count;
    struct arrow_buffer buffers[most_buffers];
    struct arrow_column *part, *dictionary; /* or NULL */
};

struct arrow_table {
    int64_t length, offset, null_count;
    unsigned char *validity; /* of the rows, or NULL */
    size_t validity_size;
    size_t column_count;
    struct arrow_column columns[most_columns];
};

/* Hands the tables out; the first says what the columns are. */
struct arrow_maker {
    size_t table_count;
    struct arrow_table tables[most_tables];
    const char *format;           /* of the tables; NULL: "+s" */
    int schema_fails;             /* what get_schema returns */
    int next_fails;               /* what get_next returns after the tables, in place of an end */
    const char *why;              /* the error text, or NULL */
    size_t next;                  /* table */
    int streams, schemas, arrays; /* that are out, without their parts */
    int came;                     /* arrays so far */
    void (*called)(void *called_data); /* by get_next, if not NULL */
    void *called_data;
};

static inline struct arrow_buffer arrow_bytes(const void *bytes, size_t size)
{
    struct arrow_buffer buffer = {bytes ? malloc(size + !size) : NULL, size};
    if (bytes && size)
        memcpy(buffer.bytes, bytes, size);
    return buffer;
}

/* Values as they lie in memory, `width` bytes each. */
static inline struct arrow_column arrow_plain(const char *name, const char *format, size_t count,
                                              const void *values, size_t width)
{
    return (struct arrow_column){.format = format,
                                 .name = name,
                                 .length = (int64_t)count,
                                 .buffer_count = 2,
                                 .buffers = {{0}, arrow_bytes(values, count * width)}};
}

/* Mark values as missing: '0' in a text of '0' and '1', whose further bits are 1. */
static inline void arrow_mark(struct arrow_column *column, const char *bits)
{
    size_t size = (size_t)(column->length + column->offset + 7) / 8;
    unsigned char *bitmap = malloc(size + !size);
    memset(bitmap, 0xff, size + !size);
    for (size_t i = 0; bits[i]; i++)
        if (bits[i] == '0') {
            bitmap[i / 8] &= (unsigned char)~(1u << i % 8);
            column->null_count++;
        }
    free(column->buffers[0].bytes);
    column->buffers[0] = (struct arrow_buffer){bitmap, size};
}

static inline void arrow_mark_missing(struct arrow_column *column, const char *const *values)
{
    char bits[256] = "";
    bool missing = false;
    for (int64_t i = 0; i < column->length; i++) {
        bits[i] = values[i] ? '1' : '0';
        missing |= !values[i];
    }
    if (missing)
        arrow_mark(column, bits);
}

/* Texts longer than 12 bytes go to a buffer of their own. */
static inline struct arrow_column arrow_views(const char *name, size_t count,
                                              const char *const *values)
{
    struct arrow_column column = {.format = "vu", .name = name, .length = (int64_t)count};
    unsigned char *views = calloc(count + !count, 16);
    char *more = malloc(1);
    int64_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = values[i] ? values[i] : "";
        int32_t length = (int32_t)strlen(text), place = (int32_t)used;
        memcpy(views + 16 * i, &length, 4);
        memcpy(views + 16 * i + 4, text, length <= 12 ? (size_t)length : 4);
        if (length <= 12)
            continue;
        memcpy(views + 16 * i + 12, &place, 4);
        more = realloc(more, (size_t)(used + length));
        memcpy(more + used, text, (size_t)length);
        used += length;
    }
    column.buffers[1] = (struct arrow_buffer){views, 16 * count};
    if (used) {
        column.buffer_count = 4;
        column.buffers[2] = (struct arrow_buffer){more, (size_t)used};
        column.buffers[3] = arrow_bytes(&used, sizeof used);
    } else {
        free(more);
        column.buffer_count = 3;
    }
    arrow_mark_missing(&column, values);
    return column;
}

/* Texts (NULL: missing) as "u", "U" or "vu". */
static inline struct arrow_column arrow_texts(const char *name, const char *format, size_t count,
                                              const char *const *values)
{
    if (*format == 'v')
        return arrow_views(name, count, values);
    struct arrow_column column = {
        .format = format, .name = name, .length = (int64_t)count, .buffer_count = 3};
    size_t width = *format == 'u' || *format == 'z' ? 4 : 8, used = 0;
    unsigned char *offsets = calloc(count + 1, width);
    char *text = malloc(1);
    for (size_t i = 0; i < count; i++) {
        size_t length = values[i] ? strlen(values[i]) : 0;
        text = realloc(text, used + length + 1);
        memcpy(text + used, values[i] ? values[i] : "", length);
        used += length;
        memcpy(offsets + (i + 1) * width, &used, width); /* of a machine with low bytes first */
    }
    column.buffers[1] = (struct arrow_buffer){offsets, (count + 1) * width};
    column.buffers[2] = arrow_bytes(text, used);
    free(text);
    arrow_mark_missing(&column, values);
    return column;
}

/* Codes of one byte ("c" or "C") for the values of a dictionary, which is taken over. */
static inline struct arrow_column arrow_coded(const char *name, const char *format, size_t count,
                                              const signed char *codes,
                                              struct arrow_column dictionary)
{
    struct arrow_column column = arrow_plain(name, format, count, codes, 1);
    column.dictionary = malloc(sizeof dictionary);
    *column.dictionary = dictionary;
    return column;
}

/* Lists of the values of a column, which is taken over: "+w:2" without offsets, "+l" with offsets of
 * 32 bits. */
static inline struct arrow_column arrow_lists(const char *name, const char *format, size_t count,
                                              const int32_t *offsets, struct arrow_column values)
{
    struct arrow_column column = {
        .format = format, .name = name, .length = (int64_t)count, .buffer_count = offsets ? 2 : 1};
    if (offsets)
        column.buffers[1] = arrow_bytes(offsets, (count + 1) * sizeof *offsets);
    column.part = malloc(sizeof values);
    *column.part = values;
    return column;
}

static inline void arrow_column_end(struct arrow_column *column)
{
    for (size_t b = 0; b < most_buffers; b++)
        free(column->buffers[b].bytes);
    if (column->part)
        arrow_column_end(column->part);
    if (column->dictionary)
        arrow_column_end(column->dictionary);
    free(column->part);
    free(column->dictionary);
}

/* Add a column to a table, whose length it gives. */
static inline struct arrow_column *arrow_add(struct arrow_table *table, struct arrow_column column)
{
    table->length = column.length;
    table->columns[table->column_count] = column;
    return &table->columns[table->column_count++];
}

static inline void arrow_maker_end(struct arrow_maker *maker)
{
    for (size_t t = 0; t < maker->table_count; t++) {
        for (size_t c = 0; c < maker->tables[t].column_count; c++)
            arrow_column_end(&maker->tables[t].columns[c]);
        free(maker->tables[t].validity);
    }
}

/* Schemas. */
static inline void arrow_release_schema(struct ArrowSchema *schema)
{
    for (int64_t c = 0; c < schema->n_children; c++)
        if (schema->children[c]) {
            schema->children[c]->release(schema->children[c]);
            free(schema->children[c]);
        }
    if (schema->dictionary)
        schema->dictionary->release(schema->dictionary);
    free(schema->dictionary);
    free(schema->children);
    free((void *)(uintptr_t)schema->format);
    free((void *)(uintptr_t)schema->name);
    if (schema->private_data)
        ((struct arrow_maker *)schema->private_data)->schemas--;
    schema->release = NULL;
}

static inline void arrow_export_schema(const struct arrow_column *column, struct ArrowSchema *out)
{
    *out = (struct ArrowSchema){.format = column->format ? strdup(column->format) : NULL,
                                .name = column->name ? strdup(column->name) : NULL,
                                .flags = ARROW_FLAG_NULLABLE,
                                .n_children = column->part ? 1 : 0,
                                .release = arrow_release_schema};
    if (column->part) {
        out->children = calloc(1, sizeof *out->children);
        out->children[0] = malloc(sizeof **out->children);
        arrow_export_schema(column->part, out->children[0]);
    }
    if (column->dictionary) {
        out->dictionary = malloc(sizeof *out->dictionary);
        arrow_export_schema(column->dictionary, out->dictionary);
    }
}

static inline int arrow_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct arrow_maker *maker = stream->private_data;
    if (maker->schema_fails)
        return maker->schema_fails;
    const struct arrow_table *table = &maker->tables[0];
    const struct arrow_column all = {.format = maker->format ? maker->format : "+s"};
    arrow_export_schema(&all, out);
    out->n_children = (int64_t)table->column_count;
    out->children = calloc(table->column_count + 1, sizeof *out->children);
    for (size_t c = 0; c < table->column_count; c++) {
        out->children[c] = malloc(sizeof **out->children);
        arrow_export_schema(&table->columns[c], out->children[c]);
    }
    out->private_data = maker;
    maker->schemas++;
    return 0;
}

/* Arrays. */
static inline void arrow_release_array(struct ArrowArray *array)
{
    for (int64_t c = 0; c < array->n_children; c++)
        if (array->children[c]) {
            array->children[c]->release(array->children[c]);
            free(array->children[c]);
        }
    if (array->dictionary)
        array->dictionary->release(array->dictionary);
    for (size_t b = 0; b < most_buffers && array->buffers; b++)
        free((void *)(uintptr_t)array->buffers[b]);
    free(array->dictionary);
    free(array->children);
    free(array->buffers);
    if (array->private_data)
        ((struct arrow_maker *)array->private_data)->arrays--;
    array->release = NULL;
}

static inline void arrow_export_array(const struct arrow_column *column, struct ArrowArray *out)
{
    *out = (struct ArrowArray){.length = column->length,
                               .null_count = column->null_count,
                               .offset = column->offset,
                               .n_buffers = column->buffer_count,
                               .n_children = column->part ? 1 : 0,
                               .buffers = calloc(most_buffers, sizeof *out->buffers),
                               .release = arrow_release_array};
    for (size_t b = 0; b < most_buffers; b++)
        out->buffers[b] = arrow_bytes(column->buffers[b].bytes, column->buffers[b].size).bytes;
    if (column->part) {
        out->children = calloc(1, sizeof *out->children);
        out->children[0] = malloc(sizeof **out->children);
        arrow_export_array(column->part, out->children[0]);
    }
    if (column->dictionary) {
        out->dictionary = malloc(sizeof *out->dictionary);
        arrow_export_array(column->dictionary, out->dictionary);
    }
}

static inline int arrow_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct arrow_maker *maker = stream->private_data;
    if (maker->called)
        maker->called(maker->called_data);
    if (maker->next == maker->table_count) {
        *out = (struct ArrowArray){0};
        return maker->next_fails;
    }
    const struct arrow_table *table = &maker->tables[maker->next++];
    struct arrow_column all = {.length = table->length,
                               .offset = table->offset,
                               .null_count = table->null_count,
                               .buffer_count = 1};
    all.buffers[0] = (struct arrow_buffer){table->validity, table->validity_size};
    arrow_export_array(&all, out);
    out->n_children = (int64_t)table->column_count;
    out->children = calloc(table->column_count + 1, sizeof *out->children);
    for (size_t c = 0; c < table->column_count; c++) {
        out->children[c] = malloc(sizeof **out->children);
        arrow_export_array(&table->columns[c], out->children[c]);
    }
    out->private_data = maker;
    maker->arrays++;
    maker->came++;
    return 0;
}

static inline const char *arrow_get_last_error(struct ArrowArrayStream *stream)
{
    return ((const struct arrow_maker *)stream->private_data)->why;
}

static inline void arrow_release_stream(struct ArrowArrayStream *stream)
{
    ((struct arrow_maker *)stream->private_data)->streams--;
    stream->release = NULL;
}

/* A stream of the maker's tables, from the first on. */
static inline struct ArrowArrayStream arrow_stream(struct arrow_maker *maker)
{
    maker->next = 0;
    maker->streams++;
    return (struct ArrowArrayStream){.get_schema = arrow_get_schema,
                                     .get_next = arrow_get_next,
                                     .get_last_error = arrow_get_last_error,
                                     .release = arrow_release_stream,
                                     .private_data = maker};
}

/* Whether everything that was handed out has come back, once. */
static inline bool arrow_all_back(const struct arrow_maker *maker)
{
    return maker->streams == 0 && maker->schemas == 0 && maker->arrays == 0;
}

#endif
