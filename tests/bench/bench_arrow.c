/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions in memory, on their way into a data set: as a stream of Arrow tables with ids of each
 * kind, by number, and from a .tsv file of the same rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "samples.h"

enum { users = 50000, items = 20000, columns = 2, rows_of_database = 2048 };

/* The pairs in each form. */
struct pairs {
    size_t count;
    int32_t *number[columns];  /* also codes, and whole numbers as ids */
    char *text[columns];       /* of all rows, */
    int32_t *offsets[columns]; /* with the places of each */
    char *known_text[columns]; /* of each user or item once */
    int32_t *known_offsets[columns];
};

static const size_t known[columns] = {users, items};

static size_t write_id(char *out, size_t column, int32_t number)
{
    return (size_t)sprintf(out, "%s%06d", column ? "item-" : "user-", (int)number);
}

static struct pairs make_pairs(size_t count)
{
    struct pairs pairs = {.count = count};
    for (size_t c = 0; c < columns; c++) {
        pairs.number[c] = bench_take(count, sizeof(int32_t));
        pairs.text[c] = bench_take(count, 16);
        pairs.offsets[c] = bench_take(count + 1, sizeof(int32_t));
        pairs.known_text[c] = bench_take(known[c], 16);
        pairs.known_offsets[c] = bench_take(known[c] + 1, sizeof(int32_t));
        for (size_t i = 0; i < known[c]; i++)
            pairs.known_offsets[c][i + 1] =
                pairs.known_offsets[c][i] +
                (int32_t)write_id(pairs.known_text[c] + pairs.known_offsets[c][i], c, (int32_t)i);
        for (size_t i = 0; i < count; i++) {
            double u = (double)(bench_random(columns * i + c) >> 11) * 0x1p-53;
            pairs.number[c][i] = (int32_t)(u * u * (double)known[c]); /* a few come often */
            pairs.offsets[c][i + 1] =
                pairs.offsets[c][i] +
                (int32_t)write_id(pairs.text[c] + pairs.offsets[c][i], c, pairs.number[c][i]);
        }
    }
    return pairs;
}

static void end_pairs(const struct pairs *pairs)
{
    for (size_t c = 0; c < columns; c++) {
        free(pairs->number[c]);
        free(pairs->text[c]);
        free(pairs->offsets[c]);
        free(pairs->known_text[c]);
        free(pairs->known_offsets[c]);
    }
}

enum form { NUMBERS, CODES, TEXTS };

/* A stream of tables of so many rows each, in place. */
struct source {
    const struct pairs *pairs;
    enum form form;
    size_t rows, next;
    struct ArrowSchema schemas[2 * columns], *schema_list[columns];
    struct ArrowArray arrays[2 * columns], *array_list[columns];
    const void *buffers[2 * columns][3], *no_buffer[1];
};

static void end_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void end_array(struct ArrowArray *array)
{
    array->release = NULL;
}

static void end_stream(struct ArrowArrayStream *stream)
{
    stream->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct source *source = stream->private_data;
    for (size_t c = 0; c < columns; c++) {
        struct ArrowSchema *schema = &source->schemas[c];
        *schema = (struct ArrowSchema){.format = source->form == TEXTS ? "u" : "i",
                                       .name = c ? "item" : "user",
                                       .release = end_schema};
        source->schemas[columns + c] = (struct ArrowSchema){.format = "u", .release = end_schema};
        if (source->form == CODES)
            schema->dictionary = &source->schemas[columns + c];
        source->schema_list[c] = schema;
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .n_children = columns,
                                .children = source->schema_list,
                                .release = end_schema};
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct source *source = stream->private_data;
    const struct pairs *pairs = source->pairs;
    size_t left = pairs->count - source->next, rows = left < source->rows ? left : source->rows;
    *out = (struct ArrowArray){0};
    if (rows == 0)
        return 0;
    for (size_t c = 0; c < columns; c++) {
        struct ArrowArray *array = &source->arrays[c], *dictionary = &source->arrays[columns + c];
        bool texts = source->form == TEXTS;
        const void **buffers = source->buffers[c];
        buffers[1] = (texts ? pairs->offsets[c] : pairs->number[c]) + source->next;
        buffers[2] = pairs->text[c];
        *array = (struct ArrowArray){.length = (int64_t)rows,
                                     .n_buffers = texts ? 3 : 2,
                                     .buffers = buffers,
                                     .release = end_array};
        source->buffers[columns + c][1] = pairs->known_offsets[c];
        source->buffers[columns + c][2] = pairs->known_text[c];
        *dictionary = (struct ArrowArray){.length = (int64_t)known[c],
                                          .n_buffers = 3,
                                          .buffers = source->buffers[columns + c],
                                          .release = end_array};
        if (source->form == CODES)
            array->dictionary = dictionary;
        source->array_list[c] = array;
    }
    *out = (struct ArrowArray){.length = (int64_t)rows,
                               .n_buffers = 1,
                               .n_children = columns,
                               .buffers = source->no_buffer,
                               .children = source->array_list,
                               .release = end_array};
    source->next += rows;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

static void read_stream(diffmm_dataset *dataset, const struct pairs *pairs, enum form form,
                        size_t rows)
{
    struct source source = {.pairs = pairs, .form = form, .rows = rows};
    struct ArrowArrayStream stream = {get_schema, get_next, get_last_error, end_stream, &source};
    bench_check(diffmm_dataset_read_arrow(dataset, DIFFMM_TRAIN, &stream, NULL));
}

static void write_table(const char *path, const struct pairs *pairs)
{
    FILE *file = fopen(path, "w");
    if (!file)
        bench_fail("cannot write %s", path);
    fprintf(file, "user\titem\n");
    for (size_t i = 0; i < pairs->count; i++)
        fprintf(file, "user-%06d\titem-%06d\n", (int)pairs->number[0][i], (int)pairs->number[1][i]);
    if (fclose(file))
        bench_fail("cannot write %s", path);
}

enum way { BY_NUMBER, DICTIONARY, MANY_DICTIONARIES, INTEGERS, STRINGS, FROM_FILE, WAYS };

static double add(diffmm_context *context, const struct pairs *pairs, enum way way,
                  const char *path)
{
    diffmm_dataset *dataset;
    bench_check(diffmm_dataset_create(context, &dataset));
    double start = bench_now();
    switch (way) {
    case BY_NUMBER:
        bench_check(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, pairs->count,
                                                    pairs->number[0], pairs->number[1]));
        break;
    case DICTIONARY: read_stream(dataset, pairs, CODES, pairs->count); break;
    case MANY_DICTIONARIES: read_stream(dataset, pairs, CODES, rows_of_database); break;
    case INTEGERS: read_stream(dataset, pairs, NUMBERS, rows_of_database); break;
    case STRINGS: read_stream(dataset, pairs, TEXTS, rows_of_database); break;
    default: bench_check(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path)); break;
    }
    double seconds = bench_now() - start;
    diffmm_dataset_destroy(dataset);
    return seconds;
}

int main(int argc, char **argv)
{
    static const char *const titles[WAYS] = {
        "by number, an array", "a dictionary", "a dictionary with each 2,048 rows",
        "integers as ids",     "strings",      ".tsv file"};
    size_t runs = 0, count = 0;
    bool quick = false;
    const struct bench_option options[] = {
        {"--pairs", NULL, &count, 1000, 100000000, "interactions (default 1000000)"},
        {"--runs", NULL, &runs, 1, 1000, "runs of each (default 9)"},
        {"--quick", &quick, NULL, 0, 0, "few pairs, one run: does the program work?"},
    };
    bench_begin(argc, argv, options, sizeof options / sizeof *options);
    runs = runs ? runs : quick ? 1 : 9;
    count = count ? count : quick ? 20000 : 1000000;
    const struct bench_file file = bench_file_begin("pairs.tsv");
    struct pairs pairs = make_pairs(count);
    write_table(file.path, &pairs);
    diffmm_context *context = bench_context(1);
    printf("%s\n%zu interactions, %zu runs\n%-36s %10s %10s\n", diffmm_build_info(), count, runs,
           "milliseconds", "median", "slowest");
    for (int way = 0; way < WAYS; way++) {
        struct samples seconds = {0};
        for (size_t run = 0; run < runs; run++)
            samples_add(&seconds, add(context, &pairs, (enum way)way, file.path));
        printf("%-36s %10.1f %10.1f\n", titles[way], 1e3 * samples_median(&seconds),
               1e3 * samples_percentile(&seconds, 1.0));
        samples_end(&seconds);
    }
    diffmm_context_destroy(context);
    end_pairs(&pairs);
    bench_file_end(&file);
    return 0;
}
