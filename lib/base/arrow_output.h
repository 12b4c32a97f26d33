/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams of tables that the library makes (diffmm/arrow.h). What a stream gives lives by itself: each
 * part of a schema or table has a share of the memory that they stand in, so that a consumer may take
 * parts out and release the whole before them. */
#ifndef DIFFMM_BASE_ARROW_OUTPUT_H
#define DIFFMM_BASE_ARROW_OUTPUT_H

#include <diffmm/arrow.h>

#include "base/memory.h"

/* A stream: the first member of its maker's own struct. */
struct diffmm__arrow_output {
    const diffmm_context *context;
    const void *kept; /* a handle that has the context; the stream keeps it */
    /* Say what the columns are; give the next table, none after the last; end the own struct. */
    diffmm_status (*describe)(struct diffmm__arrow_output *output, struct ArrowSchema *out);
    diffmm_status (*next)(struct diffmm__arrow_output *output, struct ArrowArray *out);
    void (*end)(struct diffmm__arrow_output *output);
    char failure[512]; /* the error text of the last call, or "" */
};

/* Make the stream, whose release ends the output. It takes a reference to what is kept. */
void diffmm__arrow_output_begin(struct diffmm__arrow_output *output, struct ArrowArrayStream *out);

/* A column: its name and type; of lists the type of the elements. */
struct diffmm__arrow_field {
    const char *name, *format, *elements;
};

/* Make a schema of columns without nulls. */
diffmm_status diffmm__arrow_output_schema(const struct diffmm__arrow_output *output, size_t count,
                                          const struct diffmm__arrow_field *fields,
                                          struct ArrowSchema *out);

/* A table that is being made. Memory that could not be had is noticed at its finish. */
struct diffmm__arrow_table {
    struct diffmm__arrow_share *share; /* NULL: no memory */
    size_t rows, columns;
    struct ArrowArray *arrays, **list; /* of columns; then those of lists' elements */
};

void diffmm__arrow_table_begin(const struct diffmm__arrow_output *output, size_t columns,
                               size_t rows, struct diffmm__arrow_table *table);
/* Memory that lives as long as the table's parts, or NULL. */
void *diffmm__arrow_table_take(struct diffmm__arrow_table *table, size_t count, size_t size);
/* Fill columns: with numbers, text, or lists of `size` numbers each, in memory of
 * diffmm__arrow_table_take(). */
void diffmm__arrow_table_numbers(struct diffmm__arrow_table *table, size_t column,
                                 const void *values);
void diffmm__arrow_table_texts(struct diffmm__arrow_table *table, size_t column,
                               const int32_t *offsets, const char *text);
void diffmm__arrow_table_lists(struct diffmm__arrow_table *table, size_t column, size_t size,
                               const void *values);
/* Hand the table over, or drop it. */
diffmm_status diffmm__arrow_table_finish(struct diffmm__arrow_table *table, struct ArrowArray *out);
void diffmm__arrow_table_drop(struct diffmm__arrow_table *table);

#endif
