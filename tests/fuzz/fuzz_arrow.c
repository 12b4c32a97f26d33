/* SPDX-License-Identifier: BSD-2-Clause */
/* Interactions and features from streams of Arrow tables. The bytes say what types the columns have,
 * how long they are, and what their buffers hold. Buffers are as large as their lengths need, which
 * the library cannot check; all else may be wrong: offsets, codes, views, counts of nulls and
 * buffers, lengths that do not agree. */
#include <string.h>

#include "../support/arrow_tables.h"
#include "fuzz.h"

/* The input, as it is used up; then zeros. */
struct bytes {
    const uint8_t *at, *end;
};

static uint8_t next(struct bytes *bytes)
{
    return bytes->at < bytes->end ? *bytes->at++ : 0;
}

static struct arrow_buffer next_buffer(struct bytes *bytes, size_t size)
{
    uint8_t *content = malloc(size + !size);
    for (size_t i = 0; i < size; i++)
        content[i] = next(bytes);
    return (struct arrow_buffer){content, size};
}

/* A small number, often 0, or, seldom, one that is out of all bounds. */
static int64_t odd(struct bytes *bytes)
{
    uint8_t byte = next(bytes);
    return byte < 224 ? 0 : byte < 250 ? byte - 224 : byte == 255 ? -1 : INT64_MAX - (255 - byte);
}

static const struct {
    const char *format;
    size_t width; /* bytes of a value; 0: booleans */
} plain[] = {
    {"b", 0},    {"c", 1},   {"C", 1},      {"s", 2},         {"S", 2},
    {"i", 4},    {"I", 4},   {"l", 8},      {"L", 8},         {"e", 2},
    {"f", 4},    {"g", 8},   {"d:9,2", 16}, {"d:9,-2,32", 4}, {"d:76,40,256", 32},
    {"tdD", 4},  {"tdm", 8}, {"tss:", 8},   {"tsm:", 8},      {"tsu:UTC", 8},
    {"tsn:", 8}, {"n", 0},   {"+r", 8},     {"ttu", 8},
};

/* Offsets that mostly grow; *last is at least what the library may take as their end. */
static struct arrow_buffer make_offsets(struct bytes *bytes, size_t count, size_t width,
                                        size_t *last)
{
    uint8_t *offsets = malloc((count + 1) * width);
    int64_t place = 0;
    *last = 0;
    for (size_t i = 0; i <= count; i++) {
        memcpy(offsets + i * width, &place, width);
        if (place > 0 && (size_t)place > *last)
            *last = (size_t)place;
        int8_t step = (int8_t)next(bytes);
        place += step < -100 ? step : step & 7;
    }
    return (struct arrow_buffer){offsets, (count + 1) * width};
}

static struct arrow_column make_column(struct bytes *bytes, const char *name, size_t rows,
                                       int depth);

static struct arrow_column *make_part(struct bytes *bytes, size_t rows, int depth)
{
    struct arrow_column *part = malloc(sizeof *part);
    *part = make_column(bytes, "item", rows, depth);
    return part;
}

static struct arrow_column make_views(struct bytes *bytes, size_t count)
{
    struct arrow_column column = {.format = "vu", .buffer_count = 4};
    int64_t size = next(bytes) & 31;
    uint8_t *views = calloc(count + 1, 16);
    for (size_t i = 0; i < count; i++) {
        int32_t part[4] = {(int8_t)next(bytes), 0, (int8_t)next(bytes), (int8_t)next(bytes)};
        part[2] = next(bytes) & 1 ? part[2] : 0;
        memcpy(views + 16 * i, part, sizeof part);
    }
    column.buffers[1] = (struct arrow_buffer){views, 16 * count};
    column.buffers[2] = next_buffer(bytes, (size_t)size);
    column.buffers[3] = arrow_bytes(&size, sizeof size);
    return column;
}

static struct arrow_column make_column(struct bytes *bytes, const char *name, size_t rows,
                                       int depth)
{
    enum { kinds = sizeof plain / sizeof *plain, texts = 8, lists = 4 };
    struct arrow_column column = {.buffer_count = 2};
    size_t offset = next(bytes) & 3, count = rows + offset, last,
           kind = next(bytes) % (kinds + texts + lists);
    if (kind < kinds) {
        size_t width = plain[kind].width;
        column.format = plain[kind].format;
        column.buffers[1] = next_buffer(bytes, width ? width * count : (count + 7) / 8);
        if (*column.format == 'n')
            column.buffer_count = 0;
        bool codes = width > 0 && width <= 8 && next(bytes) & 1;
        if (codes && depth > 0)
            column.dictionary = make_part(bytes, next(bytes) & 15, depth - 1);
    } else if (kind < kinds + texts && kind % 3 == 0) {
        column = make_views(bytes, count);
    } else if (kind < kinds + texts || depth == 0) {
        bool wide = kind % 2;
        column.format = wide ? "U" : "u";
        column.buffer_count = 3;
        column.buffers[1] = make_offsets(bytes, count, wide ? 8 : 4, &last);
        column.buffers[2] = next_buffer(bytes, last);
    } else if (kind % 2) {
        column.format = "+w:2";
        column.buffer_count = 1;
        column.part = make_part(bytes, 2 * count, depth - 1);
    } else {
        column.format = "+l";
        column.buffers[1] = make_offsets(bytes, count, 4, &last);
        column.part = make_part(bytes, last, depth - 1);
    }
    column.name = name;
    column.length = (int64_t)rows;
    column.offset = (int64_t)offset;
    if (next(bytes) & 1)
        column.buffers[0] = next_buffer(bytes, (count + 7) / 8);
    column.null_count = column.buffers[0].bytes ? -1 : odd(bytes);
    if (next(bytes) > 250)
        column.buffer_count = next(bytes) % most_buffers;
    return column;
}

static struct arrow_maker make_tables(struct bytes *bytes, const char *const *names, size_t columns)
{
    struct arrow_maker maker = {.table_count = 1 + next(bytes) % 2};
    for (size_t t = 0; t < maker.table_count; t++) {
        struct arrow_table *table = &maker.tables[t];
        size_t rows = next(bytes) & 15;
        struct bytes again = *bytes; /* of the first table, so that types agree */
        for (size_t c = 0; c < columns; c++)
            arrow_add(table, make_column(t ? bytes : &again, names[c], rows, 2));
        if (t == 0)
            *bytes = again;
        else
            for (size_t c = 0; c < columns; c++)
                if (strcmp(table->columns[c].format, maker.tables[0].columns[c].format) != 0 ||
                    !table->columns[c].dictionary != !maker.tables[0].columns[c].dictionary ||
                    table->columns[c].dictionary || table->columns[c].part)
                    table->length = 0; /* buffers of another type: nothing to be read in them */
        int64_t more = odd(bytes);
        table->length = table->length ? (more < 0 ? more : table->length) : 0;
    }
    return maker;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"user", "item", "rating", "timestamp", "split"};
    struct bytes bytes = {data, data + size};
    diffmm_context *context = fuzz_begin(64 * size + 65536, FUZZ_REPORT);
    diffmm_dataset *dataset;
    fuzz_check(diffmm_dataset_create(context, &dataset) == DIFFMM_OK, "no data set");
    size_t columns = 2 + next(&bytes) % 4;
    struct arrow_maker maker = make_tables(&bytes, names, columns);
    struct ArrowArrayStream stream = arrow_stream(&maker);
    fuzz_status(diffmm_dataset_read_arrow(dataset, DIFFMM_TRAIN, &stream, NULL));
    fuzz_check(arrow_all_back(&maker) && !stream.release, "a stream was not released");
    stream = arrow_stream(&maker);
    fuzz_status(diffmm_dataset_read_modality_arrow(dataset, "text", &stream, NULL));
    fuzz_check(arrow_all_back(&maker) && !stream.release, "a stream was not released");
    arrow_maker_end(&maker);
    fuzz_visit_dataset(dataset);
    diffmm_dataset_destroy(dataset);
    fuzz_end();
    return 0;
}
