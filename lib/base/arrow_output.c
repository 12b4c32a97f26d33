/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/arrow_output.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/handle.h"
#include "base/status.h"

/* Memory of a schema or table, shared by its parts. */
struct diffmm__arrow_share {
    atomic_size_t references;
    struct diffmm__arena arena;
};

/* A handle is released where it was only read, too. */
static void *handle_of(const void *kept)
{
    return (void *)(uintptr_t)kept;
}

static struct diffmm__arrow_share *begin_share(const struct diffmm__arrow_output *output,
                                               size_t parts)
{
    struct diffmm__arrow_share *share = diffmm__allocate(output->context, 1, sizeof *share);
    if (!share)
        return NULL;
    atomic_init(&share->references, parts);
    share->arena = diffmm__arena_on(output->context);
    diffmm__handle_retain(output->context);
    return share;
}

static void end_share(struct diffmm__arrow_share *share)
{
    const diffmm_context *context = share->arena.context;
    DIFFMM__CALL call = diffmm__call_reads(NULL); /* the host's thread is not cancelled meanwhile */
    diffmm__arena_end(&share->arena);
    diffmm__release(context, share);
    diffmm__handle_release(handle_of(context));
}

static void release_share(struct diffmm__arrow_share *share)
{
    if (atomic_fetch_sub_explicit(&share->references, 1, memory_order_acq_rel) == 1)
        end_share(share);
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t c = 0; c < schema->n_children; c++)
        if (schema->children[c]->release)
            schema->children[c]->release(schema->children[c]);
    schema->release = NULL;
    release_share(schema->private_data);
}

static void release_array(struct ArrowArray *array)
{
    for (int64_t c = 0; c < array->n_children; c++)
        if (array->children[c]->release)
            array->children[c]->release(array->children[c]);
    array->release = NULL;
    release_share(array->private_data);
}

/* Schemas. */
static const char *keep_text(struct diffmm__arrow_share *share, const char *text)
{
    char *copy = diffmm__arena_take(&share->arena, strlen(text) + 1, 1);
    if (copy)
        memcpy(copy, text, strlen(text) + 1);
    return copy;
}

static void fill_schema(struct diffmm__arrow_share *share, const struct diffmm__arrow_field *field,
                        struct ArrowSchema *schema, struct ArrowSchema *elements,
                        struct ArrowSchema **list)
{
    *schema = (struct ArrowSchema){.format = keep_text(share, field->format),
                                   .name = keep_text(share, field->name),
                                   .release = release_schema,
                                   .private_data = share};
    if (!field->elements || !elements)
        return;
    const struct diffmm__arrow_field of_elements = {"item", field->elements, NULL};
    fill_schema(share, &of_elements, elements, NULL, NULL);
    *list = elements;
    schema->n_children = 1;
    schema->children = list;
}

diffmm_status diffmm__arrow_output_schema(const struct diffmm__arrow_output *output, size_t count,
                                          const struct diffmm__arrow_field *fields,
                                          struct ArrowSchema *out)
{
    size_t parts = 1 + count;
    for (size_t c = 0; c < count; c++)
        parts += fields[c].elements ? 1 : 0;
    struct diffmm__arrow_share *share = begin_share(output, parts);
    if (!share)
        return DIFFMM_ERROR_NO_MEMORY;
    struct ArrowSchema *all = diffmm__arena_take(&share->arena, 2 * count, sizeof *all);
    struct ArrowSchema **list =
        diffmm__arena_take(&share->arena, 2 * count, sizeof(struct ArrowSchema *));
    for (size_t c = 0; c < count && !share->arena.failed; c++) {
        fill_schema(share, &fields[c], &all[c], &all[count + c], &list[count + c]);
        list[c] = &all[c];
    }
    if (share->arena.failed) {
        end_share(share);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .name = "",
                                .n_children = (int64_t)count,
                                .children = list,
                                .release = release_schema,
                                .private_data = share};
    return DIFFMM_OK;
}

/* Tables. */
static void fill_array(struct diffmm__arrow_table *table, struct ArrowArray *array, size_t length,
                       size_t buffers)
{
    *array = (struct ArrowArray){
        .length = (int64_t)length,
        .n_buffers = (int64_t)buffers,
        .buffers = diffmm__arrow_table_take(table, buffers, sizeof *array->buffers),
        .release = release_array,
        .private_data = table->share};
    if (array->buffers)
        array->buffers[0] = NULL; /* nothing is missing */
}

void diffmm__arrow_table_begin(const struct diffmm__arrow_output *output, size_t columns,
                               size_t rows, struct diffmm__arrow_table *table)
{
    *table = (struct diffmm__arrow_table){
        .share = begin_share(output, 1 + columns), .rows = rows, .columns = columns};
    table->arrays = diffmm__arrow_table_take(table, 2 * columns, sizeof *table->arrays);
    table->list = diffmm__arrow_table_take(table, 2 * columns, sizeof(struct ArrowArray *));
}

void *diffmm__arrow_table_take(struct diffmm__arrow_table *table, size_t count, size_t size)
{
    return table->share ? diffmm__arena_take(&table->share->arena, count, size) : NULL;
}

static bool has_failed(const struct diffmm__arrow_table *table)
{
    return !table->share || table->share->arena.failed;
}

/* The array of a column with so many buffers, or NULL without memory. */
static struct ArrowArray *begin_column(struct diffmm__arrow_table *table, size_t column,
                                       size_t buffers)
{
    if (has_failed(table))
        return NULL;
    struct ArrowArray *array = &table->arrays[column];
    fill_array(table, array, table->rows, buffers);
    table->list[column] = array;
    return has_failed(table) ? NULL : array;
}

void diffmm__arrow_table_numbers(struct diffmm__arrow_table *table, size_t column,
                                 const void *values)
{
    struct ArrowArray *array = begin_column(table, column, 2);
    if (array)
        array->buffers[1] = values;
}

void diffmm__arrow_table_texts(struct diffmm__arrow_table *table, size_t column,
                               const int32_t *offsets, const char *text)
{
    struct ArrowArray *array = begin_column(table, column, 3);
    if (array) {
        array->buffers[1] = offsets;
        array->buffers[2] = text;
    }
}

void diffmm__arrow_table_lists(struct diffmm__arrow_table *table, size_t column, size_t size,
                               const void *values)
{
    struct ArrowArray *array = begin_column(table, column, 1);
    if (!array)
        return;
    struct ArrowArray *elements = &table->arrays[table->columns + column];
    fill_array(table, elements, table->rows * size, 2);
    if (has_failed(table))
        return;
    elements->buffers[1] = values;
    table->list[table->columns + column] = elements;
    array->n_children = 1;
    array->children = &table->list[table->columns + column];
    atomic_fetch_add_explicit(&table->share->references, 1, memory_order_relaxed);
}

void diffmm__arrow_table_drop(struct diffmm__arrow_table *table)
{
    if (table->share)
        end_share(table->share);
    table->share = NULL;
}

diffmm_status diffmm__arrow_table_finish(struct diffmm__arrow_table *table, struct ArrowArray *out)
{
    struct ArrowArray all = {0};
    if (table->share)
        fill_array(table, &all, table->rows, 1);
    if (has_failed(table)) {
        diffmm__arrow_table_drop(table);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    all.n_children = (int64_t)table->columns;
    all.children = table->list;
    *out = all;
    table->share = NULL;
    return DIFFMM_OK;
}

/* Streams. */
static int failed(struct diffmm__arrow_output *output, diffmm_status status)
{
    output->failure[0] = 0;
    if (status == DIFFMM_OK)
        return 0;
    strncat(output->failure, diffmm_error_message(), sizeof output->failure - 1);
    return status == DIFFMM_ERROR_NO_MEMORY ? ENOMEM : EIO;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct diffmm__arrow_output *output = stream->private_data;
    DIFFMM__CALL call = diffmm__call_reads(output->kept);
    struct diffmm__error_text said = diffmm__error_text_keep();
    int code = failed(output, output->describe(output, out));
    diffmm__error_text_restore(&said);
    return code;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct diffmm__arrow_output *output = stream->private_data;
    DIFFMM__CALL call = diffmm__call_reads(output->kept);
    struct diffmm__error_text said = diffmm__error_text_keep();
    struct ArrowArray table = {0};
    int code = failed(output, output->next(output, &table));
    if (code == 0)
        *out = table;
    diffmm__error_text_restore(&said);
    return code;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    const struct diffmm__arrow_output *output = stream->private_data;
    return output->failure[0] ? output->failure : NULL;
}

static void release_stream(struct ArrowArrayStream *stream)
{
    struct diffmm__arrow_output *output = stream->private_data;
    void *kept = handle_of(output->kept);
    DIFFMM__CALL call = diffmm__call_reads(NULL); /* the host's thread is not cancelled meanwhile */
    stream->release = NULL;
    output->end(output);
    diffmm__handle_release(kept);
}

void diffmm__arrow_output_begin(struct diffmm__arrow_output *output, struct ArrowArrayStream *out)
{
    diffmm__handle_retain(output->kept);
    output->failure[0] = 0;
    *out = (struct ArrowArrayStream){.get_schema = get_schema,
                                     .get_next = get_next,
                                     .get_last_error = get_last_error,
                                     .release = release_stream,
                                     .private_data = output};
}
