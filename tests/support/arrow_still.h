/* SPDX-License-Identifier: BSD-2-Clause */
/* A stream of the Arrow C interface that allocates nothing: two tables of users as text, items by a
 * dictionary, of which the second sends another one, and ratings; or one of different items. Each of
 * its structs is out once at most. */
#ifndef DIFFMM_TESTS_ARROW_STILL_H
#define DIFFMM_TESTS_ARROW_STILL_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/arrow.h>

enum { still_columns = 3, still_rows = 3, still_tables = 2 };

struct arrow_still {
    struct ArrowSchema schemas[still_columns + 1], *schema_list[still_columns];
    struct ArrowArray arrays[still_columns + 1], *array_list[still_columns];
    const void *buffers[still_columns + 1][3], *no_buffers[1];
    bool of_items;
    int next, out; /* table; streams, schemas and arrays that are out */
};

static inline void still_release_schema(struct ArrowSchema *schema)
{
    if (schema->private_data)
        ((struct arrow_still *)schema->private_data)->out--;
    schema->release = NULL;
}

static inline void still_release_array(struct ArrowArray *array)
{
    if (array->private_data)
        ((struct arrow_still *)array->private_data)->out--;
    array->release = NULL;
}

static inline void still_release(struct ArrowArrayStream *stream)
{
    ((struct arrow_still *)stream->private_data)->out--;
    stream->release = NULL;
}

static inline int still_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    static const char *const names[] = {"user", "item", "rating", NULL};
    static const char *const formats[] = {"u", "C", "g", "u"}; /* the last: of the dictionary */
    struct arrow_still *still = stream->private_data;
    for (int c = 0; c <= still_columns; c++) {
        still->schemas[c] = (struct ArrowSchema){
            .format = formats[c], .name = names[c], .release = still_release_schema};
        if (c < still_columns)
            still->schema_list[c] = &still->schemas[c];
    }
    still->schemas[1].dictionary = &still->schemas[still_columns];
    *out = (struct ArrowSchema){.format = "+s",
                                .n_children = still_columns,
                                .children = still->schema_list,
                                .release = still_release_schema,
                                .private_data = still};
    still->out++;
    return 0;
}

static inline int still_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    static const int32_t user_offsets[] = {0, 3, 6, 9}, pen_offsets[] = {0, 3, 6, 10};
    static const unsigned char codes[] = {0, 1, 0}, different[] = {0, 1, 2};
    static const double ratings[] = {5, 3, 1};
    struct arrow_still *still = stream->private_data;
    *out = (struct ArrowArray){0};
    if (still->next == (still->of_items ? 1 : still_tables))
        return 0;
    for (int c = 0; c <= still_columns; c++) {
        still->arrays[c] = (struct ArrowArray){.length = still_rows,
                                               .n_buffers = c == 0 || c == still_columns ? 3 : 2,
                                               .buffers = still->buffers[c],
                                               .release = still_release_array};
        if (c < still_columns)
            still->array_list[c] = &still->arrays[c];
    }
    still->arrays[1].dictionary = &still->arrays[still_columns];
    still->buffers[0][1] = user_offsets;
    still->buffers[0][2] = "annbobann";
    still->buffers[1][1] = still->of_items ? different : codes;
    still->buffers[2][1] = ratings;
    still->buffers[still_columns][1] = pen_offsets;
    still->buffers[still_columns][2] = still->next ? "inkpenrock" : "peninkrock";
    *out = (struct ArrowArray){.length = still_rows,
                               .n_buffers = 1,
                               .n_children = still_columns,
                               .buffers = still->no_buffers,
                               .children = still->array_list,
                               .release = still_release_array,
                               .private_data = still};
    still->next++;
    still->out++;
    return 0;
}

static inline const char *still_get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

/* The stream, from the first table on. */
static inline struct ArrowArrayStream still_stream(struct arrow_still *still)
{
    *still = (struct arrow_still){.out = 1};
    return (struct ArrowArrayStream){.get_schema = still_get_schema,
                                     .get_next = still_get_next,
                                     .get_last_error = still_get_last_error,
                                     .release = still_release,
                                     .private_data = still};
}

static inline struct ArrowArrayStream still_items(struct arrow_still *still)
{
    struct ArrowArrayStream stream = still_stream(still);
    still->of_items = true;
    return stream;
}

/* Whether everything that was handed out has come back, once. */
static inline bool still_all_back(const struct arrow_still *still)
{
    return still->out == 0;
}

#endif
