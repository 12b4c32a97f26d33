/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arrow_input.h"

#include <string.h>

#include "base/status.h"
#include "base/text.h"

void diffmm__arrow_input_take(struct diffmm__arrow_input *input, struct ArrowArrayStream *stream)
{
    *input = (struct diffmm__arrow_input){0};
    if (!stream)
        return;
    input->stream = *stream;
    stream->release = NULL;
}

static void release_table(struct diffmm__arrow_input *input)
{
    if (input->table.release)
        input->table.release(&input->table);
    input->table = (struct ArrowArray){0};
}

void diffmm__arrow_input_end(struct diffmm__arrow_input *input)
{
    const struct diffmm__error_text said = diffmm__error_text_keep();
    release_table(input);
    if (input->schema.release)
        input->schema.release(&input->schema);
    input->schema = (struct ArrowSchema){0};
    if (input->stream.release)
        input->stream.release(&input->stream);
    input->stream = (struct ArrowArrayStream){0};
    diffmm__error_text_restore(&said);
}

/* A function of the stream has returned `code`. */
static diffmm_status fail_stream(struct diffmm__arrow_input *input, const char *function, int code)
{
    struct ArrowArrayStream *stream = &input->stream;
    const char *why = stream->get_last_error ? stream->get_last_error(stream) : NULL;
    if (!why)
        why = "it does not say why";
    return diffmm__fail(DIFFMM_ERROR_CALLBACK, "Arrow stream: %s (table %zu) returned %d: %.*s",
                        function, input->position, code,
                        (int)diffmm__text_cut(why, strlen(why), 300), why);
}

static diffmm_status check_schema(const struct ArrowSchema *schema)
{
    if (!schema->release)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "Arrow stream: its schema is released already");
    if (!schema->format || strcmp(schema->format, "+s") != 0)
        return diffmm__fail(
            DIFFMM_ERROR_FORMAT,
            "Arrow stream: it has the type '%.*s', not '+s': it must be a stream of "
            "tables, whose columns are the parts of a struct",
            schema->format ? (int)diffmm__text_cut(schema->format, strlen(schema->format), 40) : 0,
            schema->format ? schema->format : "");
    if (schema->n_children < 0 || (schema->n_children > 0 && !schema->children))
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "Arrow stream: its schema has %lld columns and no list of them",
                            (long long)schema->n_children);
    for (int64_t c = 0; c < schema->n_children; c++)
        if (!schema->children[c] || !schema->children[c]->format)
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "Arrow stream: column %lld of its schema has no type",
                                (long long)c + 1);
    return DIFFMM_OK;
}

diffmm_status diffmm__arrow_input_begin(struct diffmm__arrow_input *input)
{
    struct ArrowArrayStream *stream = &input->stream;
    if (!stream->release)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "stream is NULL or has been released already");
    if (!stream->get_schema || !stream->get_next)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "Arrow stream: %s is NULL",
                            stream->get_schema ? "get_next" : "get_schema");
    int code = stream->get_schema(stream, &input->schema);
    if (code) {
        input->schema.release = NULL; /* what a call that failed leaves is not to be released */
        return fail_stream(input, "get_schema", code);
    }
    return check_schema(&input->schema);
}

/* The number of rows, and that the columns have so many. */
static diffmm_status check_table(const struct diffmm__arrow_input *input)
{
    const struct ArrowArray *table = &input->table;
    if (table->length < 0 || table->offset < 0 || table->length > INT64_MAX - table->offset ||
        table->length > INT64_MAX - input->first)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "Arrow stream: table %zu has %lld rows from offset %lld on",
                            input->position, (long long)table->length, (long long)table->offset);
    if (table->n_children != input->schema.n_children ||
        (table->n_children > 0 && !table->children))
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "Arrow stream: table %zu has %lld columns, but the schema %lld",
                            input->position, table->children ? (long long)table->n_children : 0LL,
                            (long long)input->schema.n_children);
    bool validity = table->n_buffers == 1 && table->buffers && table->buffers[0];
    if (table->n_buffers < 0 || table->n_buffers > 1 || table->null_count < -1 ||
        (table->null_count > 0 && !validity))
        return diffmm__fail(
            DIFFMM_ERROR_FORMAT, "Arrow stream: table %zu has %lld buffers and %lld missing rows",
            input->position, (long long)table->n_buffers, (long long)table->null_count);
    for (int64_t c = 0; c < table->n_children; c++) {
        const struct ArrowArray *column = table->children[c];
        long long rows = table->offset + table->length;
        if (!column || column->length < rows)
            return diffmm__fail(DIFFMM_ERROR_FORMAT,
                                "Arrow stream: column '%s' of table %zu has %lld values for %lld "
                                "rows",
                                diffmm__arrow_input_title(input, (size_t)c), input->position,
                                column ? (long long)column->length : 0LL, rows);
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__arrow_input_next(struct diffmm__arrow_input *input, bool *found)
{
    struct ArrowArrayStream *stream = &input->stream;
    if (input->position > 0)
        input->first += input->table.length;
    release_table(input);
    input->position++;
    int code = stream->get_next(stream, &input->table);
    if (code) {
        input->table.release = NULL;
        return fail_stream(input, "get_next", code);
    }
    *found = input->table.release;
    return *found ? check_table(input) : DIFFMM_OK;
}

size_t diffmm__arrow_input_columns(const struct diffmm__arrow_input *input)
{
    return (size_t)input->schema.n_children;
}

const char *diffmm__arrow_input_title(const struct diffmm__arrow_input *input, size_t column)
{
    const char *name = input->schema.children[column]->name;
    return name ? name : "";
}
