/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of which the caller says how they are written, and compressed ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "support/events.h"
#include "support/folder.h"
#include "support/packing.h"

static struct folder folder;

static void make_folder(void)
{
    folder = folder_begin();
}

static void end_folder(void)
{
    folder_end(&folder);
}

static const struct {
    const char *text;
    diffmm_table_format format;
    const char *rated; /* "user>item:rating ..", of the training split */
} tables[] = {
    {"u|i\nv|j\n", {.separator = "|", .header = DIFFMM_NO}, "u>i:nan v>j:nan"},
    {"a;b;c\nu;i;3\n", {.separator = ";", .user = "a", .item = "b", .rating = "c"}, "u>i:3"},
    {"a\tb\tc\nu\ti\t3\n", {.user = "b", .item = "a"}, "i>u:nan"},
    {"1,2,3,4,5\n", {.user = "5", .item = "2"}, "5>2:nan"},
    {"x y z w v\n", {.header = DIFFMM_NO, .user = "2", .item = "5", .rating = ""}, "y>v:nan"},
    {"user,item,rating\nu,i,2\n", {.rating = ""}, "u>i:nan"},
    {"user,item,rating,plays\nu,i,2,7\n", {.rating = "plays"}, "u>i:7"},
    {"user,item\nu,i\n", {.header = DIFFMM_NO}, "user>item:nan u>i:nan"},
    {"3,4\n5,6\n", {.header = DIFFMM_YES, .user = "1", .item = "2"}, "5>6:nan"},
    {"user::item\nu::i\n", {.separator = "::"}, "u>i:nan"},
    {"user  item\nu i \n", {.separator = " "}, "u>i:nan"},
    {"user\titem\n\"u\"\t\"i\tj\"\n", {.quotes = DIFFMM_YES}, "u>i\tj:nan"},
    {"user,item\n\"u,i\"\n", {.quotes = DIFFMM_NO}, "\"u>i\":nan"},
    {"user,item,1,part\nu,i,4,train\nu,j,5,test\n", {.rating = "3", .split = "part"}, "u>i:4"},
    {"7,8,0\n7,9,2\n", {.header = DIFFMM_NO, .user = "1", .item = "2", .split = "3"}, "7>8:nan"},
    {"who;what;how\nu;i;1\nv;j;2\n", {.user = "who", .item = "what", .rating = "3"}, "u>i:1 v>j:2"},
};

static diffmm_dataset *read_text(const char *text, const diffmm_table_format *given,
                                 diffmm_status *status)
{
    diffmm_table_format format = *given;
    format.struct_size = sizeof format;
    struct path path = folder_write_text(&folder, "table.log", text);
    diffmm_dataset *dataset = dataset_of(NULL, 0);
    *status = diffmm_dataset_read_table(dataset, DIFFMM_TRAIN, path.text, &format);
    return dataset;
}

START_TEST(tables_are_read_as_the_caller_says)
{
    make_folder();
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        diffmm_status status;
        diffmm_dataset *dataset = read_text(tables[t].text, &tables[t].format, &status);
        expect_success(status);
        expect_rated(dataset, DIFFMM_TRAIN, tables[t].rated);
        diffmm_dataset_destroy(dataset);
    }
    end_folder();
}
END_TEST

static const struct {
    const char *text;
    diffmm_table_format format;
    diffmm_status status;
    const char *message;
} wrong[] = {
    {"user,item\n", {.separator = ""}, DIFFMM_ERROR_INVALID_ARGUMENT, "separator is ''"},
    {"user,item\n", {.separator = ",,"}, DIFFMM_ERROR_INVALID_ARGUMENT, "separator is ',,'"},
    {"user,item\n", {.separator = "\n"}, DIFFMM_ERROR_INVALID_ARGUMENT, "separator is"},
    {"user,item\n", {.header = 3}, DIFFMM_ERROR_INVALID_ARGUMENT, "header is 3"},
    {"user,item\n", {.quotes = -1}, DIFFMM_ERROR_INVALID_ARGUMENT, "quotes is -1"},
    {"user,item\n", {.item = ""}, DIFFMM_ERROR_INVALID_ARGUMENT, "the column of the item"},
    {"user,item\n",
     {.user = "who"},
     DIFFMM_ERROR_FORMAT,
     "table.log:1: there is no column 'who' for the user, but 'user', 'item'"},
    {"user,item\n", {.user = "3"}, DIFFMM_ERROR_FORMAT, "there is no column '3' for the user"},
    {"user,item\n", {.user = "0"}, DIFFMM_ERROR_FORMAT, "there is no column '0'"},
    {"who,item,who\n", {.user = "who"}, DIFFMM_ERROR_FORMAT, "column 'who' occurs twice"},
    {"u,i,x\n",
     {.header = DIFFMM_NO, .user = "1", .item = "2", .rating = "3"},
     DIFFMM_ERROR_FORMAT,
     "table.log:1: column '3' is not a number: 'x'"},
    {"user,item,x\nu,i,\nu,j,May\n",
     {.timestamp = "x"},
     DIFFMM_ERROR_FORMAT,
     "table.log:3: column 'x' is not a number and no date of ISO 8601: 'May'"},
    {"user,item,x\nu,i,7\n", {.split = "x"}, DIFFMM_ERROR_FORMAT, "is not one of 0, 1, 2: '7'"},
    {"u\n", {.header = DIFFMM_NO}, DIFFMM_ERROR_FORMAT, "the header has no column 'item'"},
};

START_TEST(what_cannot_be_so_is_refused)
{
    make_folder();
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
        diffmm_status status;
        diffmm_dataset *dataset = read_text(wrong[w].text, &wrong[w].format, &status);
        expect_failure(status, wrong[w].status, wrong[w].message);
        ck_assert_uint_eq(diffmm_dataset_users(dataset), 0);
        diffmm_dataset_destroy(dataset);
    }
    end_folder();
}
END_TEST

/* A table of `lines` records with quotes, separators and line ends in them. */
static char *make_table(size_t lines, size_t *size)
{
    char *text = malloc(100 * lines + 100);
    size_t used = (size_t)sprintf(text, "user,item,rating,timestamp\r\n");
    for (size_t i = 0; i < lines; i++)
        used += (size_t)sprintf(
            text + used, i % 7 ? "u%zu,i%zu,%zu,%zu\n" : "\"u,\"\"%zu\",\"i\r\n%zu\",%zu,%zu\r\n",
            i % 1009, i * i % 3001, i % 6, 978300760 + i);
    *size = used;
    return text;
}

static diffmm_dataset *read_file(struct path path)
{
    diffmm_dataset *dataset = dataset_of(NULL, 0);
    expect_success(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text));
    return dataset;
}

static void expect_same(const diffmm_dataset *a, const diffmm_dataset *b)
{
    const struct diffmm__draft *x = a->draft, *y = b->draft;
    size_t count = x->pairs[0].count;
    ck_assert_uint_gt(count, 0);
    ck_assert_uint_eq(count, y->pairs[0].count);
    ck_assert_mem_eq(x->pairs[0].row, y->pairs[0].row, count * sizeof(int32_t));
    ck_assert_mem_eq(x->pairs[0].column, y->pairs[0].column, count * sizeof(int32_t));
    ck_assert_mem_eq(x->pairs[0].rating, y->pairs[0].rating, count * sizeof(double));
    ck_assert_mem_eq(x->pairs[0].time, y->pairs[0].time, count * sizeof(int64_t));
    ck_assert_uint_eq(x->item_ids.count, y->item_ids.count);
    ck_assert_mem_eq(x->item_ids.text, y->item_ids.text,
                     (size_t)x->item_ids.offsets[x->item_ids.count]);
}

/* Several windows of unpacked text, and several members or frames; whichever way, the same data. */
START_TEST(compressed_tables_are_the_same)
{
    make_folder();
    size_t size;
    char *text = make_table(40000, &size);
    ck_assert_uint_gt(size, 3 << 18);
    diffmm_dataset *plain = read_file(folder_write(&folder, "t.csv", text, size));
    struct packed gzip = {0}, zstd = {0};
    for (size_t at = 0; at < size; at += size / 3 + 1) {
        size_t part = size - at < size / 3 + 1 ? size - at : size / 3 + 1;
        pack_gzip(&gzip, text + at, part);
        pack_zstd(&zstd, text + at, part);
    }
#ifdef DIFFMM__HAVE_ZLIB
    diffmm_dataset *unzipped = read_file(folder_write(&folder, "t.csv.gz", gzip.bytes, gzip.size));
    expect_same(plain, unzipped);
    diffmm_dataset_destroy(unzipped);
#endif
#ifdef DIFFMM__HAVE_ZSTD
    diffmm_dataset *unpacked = read_file(folder_write(&folder, "t.csv.zst", zstd.bytes, zstd.size));
    expect_same(plain, unpacked);
    diffmm_dataset_destroy(unpacked);
#endif
    packed_end(&gzip);
    packed_end(&zstd);
    free(text);
    diffmm_dataset_destroy(plain);
    end_folder();
}
END_TEST

/* Cut at every length and damaged at every byte: an error, or what can be told to be right. */
static void spoil(const struct packed *packed, const char *name)
{
    for (size_t i = 0; i < packed->size; i++)
        for (int damage = 0; damage < 2; damage++) {
            unsigned char *copy = malloc(packed->size);
            memcpy(copy, packed->bytes, packed->size);
            copy[i] ^= damage ? 0x10 : 0;
            struct path path = folder_write(&folder, name, copy, damage ? packed->size : i);
            diffmm_dataset *dataset = dataset_of(NULL, 0);
            diffmm_status status =
                diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text);
            if (!damage)
                ck_assert_int_ne(status, DIFFMM_OK);
            if (status)
                ck_assert_uint_eq(diffmm_dataset_users(dataset), 0);
            diffmm_dataset_destroy(dataset);
            free(copy);
        }
}

START_TEST(damaged_files_are_errors)
{
    make_folder();
    static const char text[] = "user,item\nu,i\nv,j\nw,k\n";
    struct packed packed = {0};
#ifdef DIFFMM__HAVE_ZLIB
    pack_gzip(&packed, text, sizeof text - 1);
    spoil(&packed, "t.csv.gz");
    struct path path = folder_write(&folder, "u.csv.gz", packed.bytes, packed.size - 9);
    diffmm_dataset *dataset = dataset_of(NULL, 0);
    expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text),
                   DIFFMM_ERROR_FORMAT, "u.csv.gz: the gzip file is damaged at byte");
    diffmm_dataset_destroy(dataset);
    packed_end(&packed);
#endif
#ifdef DIFFMM__HAVE_ZSTD
    pack_zstd(&packed, text, sizeof text - 1);
    spoil(&packed, "t.csv.zst");
    packed_end(&packed);
#endif
    end_folder();
}
END_TEST

#ifdef DIFFMM__HAVE_ZSTD
/* Reads a frame that asks for a window of 2^window_log bytes (RFC 8878, section 3.1.1.1.2),
 * and behind it a skippable frame of `padding` bytes. */
static diffmm_status read_frame(int window_log, size_t padding, diffmm_dataset *dataset)
{
    static const char text[] = "user,item\nu,i\n";
    enum { size = sizeof text - 1, smallest_window_log = 10, raw_last_block = 1 };
    const unsigned char skipped[] = {0x50, 0x2a, 0x4d, 0x18};
    const unsigned char frame[] = {0x28,
                                   0xb5,
                                   0x2f,
                                   0xfd, /* the magic number, of a frame */
                                   0,    /* no checksum, no size of the content */
                                   (unsigned char)((window_log - smallest_window_log) << 3),
                                   (unsigned char)(raw_last_block | size << 3),
                                   0,
                                   0};
    size_t first = sizeof frame + size, second = sizeof skipped + sizeof(uint32_t);
    unsigned char *bytes = calloc(1, first + second + padding);
    memcpy(bytes, frame, sizeof frame);
    memcpy(bytes + sizeof frame, text, size);
    memcpy(bytes + first, skipped, sizeof skipped);
    for (int i = 0; i < 4; i++)
        bytes[first + sizeof skipped + (size_t)i] = (unsigned char)(padding >> 8 * i);
    struct path path = folder_write(&folder, "t.csv.zst", bytes, first + second + padding);
    free(bytes);
    return diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text);
}
#endif

/* The memory that a file may ask for goes by its size. */
START_TEST(a_small_file_may_not_ask_for_a_large_window)
{
#ifdef DIFFMM__HAVE_ZSTD
    make_folder();
    static const struct {
        int window_log;
        size_t padding;
        bool read;
    } frames[] = {{10, 0, true},  {25, 0, true},       {26, 0, false},
                  {27, 0, false}, {27, 4 << 20, true}, {28, 4 << 20, false}};
    for (size_t f = 0; f < sizeof frames / sizeof *frames; f++) {
        diffmm_dataset *dataset = dataset_of(NULL, 0);
        diffmm_status status = read_frame(frames[f].window_log, frames[f].padding, dataset);
        if (frames[f].read)
            expect_success(status);
        else
            expect_failure(status, DIFFMM_ERROR_FORMAT, "t.csv.zst: the zstd file is damaged at");
        expect_split(dataset, DIFFMM_TRAIN, frames[f].read ? "u>i" : "");
        diffmm_dataset_destroy(dataset);
    }
    end_folder();
#endif
}
END_TEST

/* A small file that unpacks to one endless line must not take memory for all of it. */
START_TEST(an_endless_line_is_refused)
{
    make_folder();
#ifdef DIFFMM__HAVE_ZLIB
    enum { line = 1 << 20 };
    char *text = malloc(line);
    memset(text, 'x', line);
    struct packed packed = {0};
    pack_gzip(&packed, "user,item\n", 10);
    for (int i = 0; i < 20; i++)
        pack_gzip(&packed, text, line);
    struct path path = folder_write(&folder, "t.csv.gz", packed.bytes, packed.size);
    diffmm_dataset *dataset = dataset_of(NULL, 0);
    expect_failure(diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path.text),
                   DIFFMM_ERROR_FORMAT, "t.csv.gz:2: the record is longer than 16777216 bytes");
    diffmm_dataset_destroy(dataset);
    packed_end(&packed);
    free(text);
#endif
    end_folder();
}
END_TEST

START_TEST(a_table_opens_with_what_lies_beside_it)
{
    make_folder();
    const diffmm_table_format format = {
        .struct_size = sizeof format, .user = "who", .item = "what"};
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    struct path table = folder_write_text(&folder, "clicks.log", "what;who\ny;a\nx;b\n");
    folder_write_text(&folder, "item_ids.txt", "x\ny\n");
    expect_success(diffmm_dataset_open_table(context, table.text, &format, &dataset));
    expect_split(dataset, DIFFMM_TRAIN, "a>y b>x");
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 0), "x");
    diffmm_dataset_destroy(dataset);
    expect_failure(diffmm_dataset_open_table(context, table.text, NULL, &dataset),
                   DIFFMM_ERROR_FORMAT, "the header has no column 'user'");
    expect_failure(diffmm_dataset_open_table(context, folder.path, NULL, &dataset), DIFFMM_ERROR_IO,
                   folder.path);
    diffmm_context_destroy(context);
    end_folder();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tables_are_read_as_the_caller_says,
                                  what_cannot_be_so_is_refused,
                                  compressed_tables_are_the_same,
                                  damaged_files_are_errors,
                                  an_endless_line_is_refused,
                                  a_small_file_may_not_ask_for_a_large_window,
                                  a_table_opens_with_what_lies_beside_it};
    return run_tests("table_format", tests, sizeof tests / sizeof *tests);
}
