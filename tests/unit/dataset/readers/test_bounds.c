/* SPDX-License-Identifier: BSD-2-Clause */
/* Files made to cost much: memory is bounded by a small multiple of the file's size (of .npz: of
 * what its members hold unpacked), work is linear in it. Each file is read by a child, whose time
 * on a processor the system limits: quadratic work for files of these sizes takes minutes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/counting.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/zip_writer.h"

#ifdef DIFFMM__HAVE_LIBZIP
#include <zip.h>
#endif

enum { seconds = 60 }; /* of a processor; linear work takes a few, under sanitisers too */

/* Bytes of any number, put together piece by piece. */
struct long_bytes {
    unsigned char *data;
    size_t size, capacity;
};

static void put(struct long_bytes *bytes, const void *data, size_t size)
{
    if (bytes->size + size > bytes->capacity) {
        bytes->capacity = 2 * (bytes->size + size);
        bytes->data = realloc(bytes->data, bytes->capacity);
        ck_assert_ptr_nonnull(bytes->data);
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static void put_text(struct long_bytes *bytes, const char *text)
{
    put(bytes, text, strlen(text));
}

enum reader { INTERACTIONS, MODALITY, FOLDER };

/* Read the file in a child of limited time: its status, and the most memory that it took. */
struct outcome {
    diffmm_status status;
    size_t peak;
};

static struct outcome read_here(enum reader reader, const char *path)
{
    struct counter memory = {0};
    diffmm_context *context = counting_context(&memory, 1);
    diffmm_dataset *dataset = NULL;
    size_t before = memory.now;
    memory.peak = before;
    struct outcome outcome = {DIFFMM_OK, 0};
    if (reader != FOLDER)
        expect_success(diffmm_dataset_create(context, &dataset));
    if (reader == FOLDER)
        outcome.status = diffmm_dataset_open(context, path, &dataset);
    else if (reader == MODALITY)
        outcome.status = diffmm_dataset_read_modality(dataset, "m", path);
    else
        outcome.status = diffmm_dataset_read_interactions(dataset, DIFFMM_TRAIN, path);
    diffmm_dataset_destroy(dataset);
    outcome.peak = memory.peak - before;
    diffmm_context_destroy(context);
    return outcome;
}

static struct outcome read_limited(enum reader reader, const char *path)
{
    int ends[2];
    struct outcome outcome;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds});
        outcome = read_here(reader, path);
        ssize_t written = write(ends[1], &outcome, sizeof outcome);
        _exit(written != (ssize_t)sizeof outcome);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], &outcome, sizeof outcome);
    close(ends[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(got == (ssize_t)sizeof outcome && status == 0, "%s: the reader ended with %d",
                  path, status);
    return outcome;
}

static void expect(enum reader reader, const char *name, struct long_bytes *bytes,
                   diffmm_status wanted, size_t most)
{
    struct folder folder = folder_begin();
    struct path path = folder_write(&folder, name, bytes->data, bytes->size);
    struct outcome outcome = read_limited(reader, path.text);
    ck_assert_msg(outcome.status == wanted, "%s: %s instead of %s", name,
                  diffmm_status_name(outcome.status), diffmm_status_name(wanted));
    ck_assert_msg(outcome.peak <= most, "%s: %zu bytes of memory for a file of %zu; %zu allowed",
                  name, outcome.peak, bytes->size, most);
    free(bytes->data);
    *bytes = (struct long_bytes){0};
    folder_end(&folder);
}

START_TEST(a_header_of_very_many_columns)
{
    struct long_bytes bytes = {0};
    put_text(&bytes, "user,item");
    for (int i = 0; i < 1000000; i++)
        put_text(&bytes, ",x");
    put_text(&bytes, "\nu,i");
    for (int i = 0; i < 1000000; i++)
        put_text(&bytes, ",");
    expect(INTERACTIONS, "wide.csv", &bytes, DIFFMM_OK, 65536);
}
END_TEST

START_TEST(very_many_ids)
{
    struct long_bytes bytes = {0};
    char line[40];
    put_text(&bytes, "user\titem\n");
    for (int i = 0; i < 300000; i++) {
        snprintf(line, sizeof line, "%d\t%d\n", i, i);
        put_text(&bytes, line);
    }
    expect(INTERACTIONS, "ids.tsv", &bytes, DIFFMM_OK, 32 * bytes.size);
}
END_TEST

START_TEST(very_long_ids)
{
    struct long_bytes bytes = {0};
    put_text(&bytes, "user,item\n\"");
    for (int i = 0; i < 4000000; i++)
        put_text(&bytes, "\"\"");
    put_text(&bytes, "\",\"");
    for (int i = 0; i < 4000000; i++)
        put_text(&bytes, "x");
    put_text(&bytes, "\"\n");
    expect(INTERACTIONS, "long.csv", &bytes, DIFFMM_OK, 4 * bytes.size + 65536);
}
END_TEST

START_TEST(quotes_without_end)
{
    struct long_bytes bytes = {0};
    put_text(&bytes, "user,item\n");
    for (int i = 0; i < 2000000; i++)
        put_text(&bytes, "\"\n\n");
    put_text(&bytes, "\"");
    expect(INTERACTIONS, "open.csv", &bytes, DIFFMM_ERROR_FORMAT, 65536);
}
END_TEST

static void put_array(struct long_bytes *bytes, const char *shape)
{
    struct bytes array = {.size = 0};
    bytes_add_npy(&array, "<f4", shape, 0, "", 0);
    put(bytes, array.data, array.size);
}

START_TEST(arrays_that_claim_much)
{
    static const char *const shapes[] = {"(1000000000000000000, 0)",  "(1000000000000000000, 1)",
                                         "(4294967296, 4294967296)",  "(0, 18446744073709551615)",
                                         "(18446744073709551615, 2)", "(2147483648, 0)"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct long_bytes bytes = {0};
        put_array(&bytes, shapes[i]);
        expect(MODALITY, "a.npy", &bytes, DIFFMM_ERROR_FORMAT, 4096);
    }
}
END_TEST

START_TEST(a_header_of_spaces)
{
    struct long_bytes bytes = {0};
    put(&bytes, "\x93NUMPY\x02\0\0\0\0\1", 12);
    for (int i = 0; i < 1 << 24; i++)
        put_text(&bytes, " ");
    expect(MODALITY, "a.npy", &bytes, DIFFMM_ERROR_FORMAT, 4096);
}
END_TEST

START_TEST(a_pickle_that_goes_round)
{
    struct long_bytes bytes = {0};
    put(&bytes, "\x80\x04(", 3);
    for (int i = 0; i < 3000000; i++)
        put_text(&bytes, "(N0t0");
    expect(INTERACTIONS, "m.pkl", &bytes, DIFFMM_ERROR_FORMAT, 4 << 20);
}
END_TEST

#ifdef DIFFMM__HAVE_LIBZIP

/* Members of an archive of names that many hash functions take for one, and a comment of ends. */
START_TEST(an_archive_of_very_many_members)
{
    enum { members = 50000, bits = 16 };
    struct long_bytes bytes = {0};
    struct bytes nothing = {.size = 0};
    unsigned char end[22] = "PK\5\6";
    for (int i = 0; i < members; i++) {
        struct bytes entry = {.size = 0};
        char name[2 * bits + 1] = "";
        for (int bit = 0; bit < bits; bit++) /* h = 33 h + c gives both pairs the same h */
            strcat(name, i >> bit & 1 ? "Ab" : "BA");
        const struct zip_member member = {.name = name, .content = &nothing};
        bytes_add_number(&entry, 0x02014b50, 4);
        bytes_add_number(&entry, 20, 2);
        zip_description(&entry, &member, name, 0, 0);
        bytes_add_number(&entry, 0, 8);
        bytes_add_number(&entry, 0, 2 + 4);
        bytes_add_text(&entry, name);
        put(&bytes, entry.data, entry.size);
    }
    for (size_t k = 0; k < 4; k++)
        end[12 + k] = (unsigned char)(bytes.size >> 8 * k);
    end[8] = end[10] = members & 255;
    end[9] = end[11] = members >> 8;
    size_t comment = 2900 * sizeof end;
    end[20] = (unsigned char)comment;
    end[21] = (unsigned char)(comment >> 8);
    put(&bytes, end, sizeof end);
    for (int i = 0; i < 2900; i++)
        put(&bytes, end, sizeof end);
    expect(INTERACTIONS, "ends.npz", &bytes, DIFFMM_ERROR_FORMAT, 65536);
}
END_TEST

enum { entries = 4000000 };

/* A member of so many zero bytes after its header. */
static void add_zeros(zip_t *zip, const char *name, const char *type, size_t width, size_t claimed)
{
    struct bytes header = {.size = 0};
    char shape[40];
    snprintf(shape, sizeof shape, "(%zu,)", claimed);
    bytes_add_npy(&header, type, shape, 0, "", 0);
    size_t size = header.size + width * entries;
    unsigned char *data = calloc(1, size);
    memcpy(data, header.data, header.size);
    zip_int64_t index = zip_file_add(zip, name, zip_source_buffer(zip, data, size, 1), 0);
    ck_assert_int_ge(index, 0);
}

static void add_small(zip_t *zip, struct bytes *bytes, const char *name, const char *type,
                      const char *shape, const void *data, size_t size)
{
    bytes_add_npy(bytes, type, shape, 0, data, size);
    ck_assert_int_ge(
        zip_file_add(zip, name, zip_source_buffer(zip, bytes->data, bytes->size, 0), 0), 0);
}

/* Zeros pack a thousandfold. All entries are at (0, 0), of a matrix with or without a row. */
static void expect_bomb(int64_t rows, size_t columns_claimed, size_t most)
{
    static struct bytes small[2];
    const int64_t shape[] = {rows, 1};
    struct folder folder = folder_begin();
    struct path path = folder_path(&folder, "bomb.npz");
    memset(small, 0, sizeof small);
    zip_t *zip = zip_open(path.text, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    ck_assert_ptr_nonnull(zip);
    add_zeros(zip, "row.npy", "|u1", 1, entries);
    add_zeros(zip, "col.npy", "|u1", 1, columns_claimed);
    add_zeros(zip, "data.npy", "|u1", 1, entries);
    add_small(zip, &small[0], "format.npy", "|S3", "()", "coo", 3);
    add_small(zip, &small[1], "shape.npy", "<i8", "(2,)", shape, 16);
    ck_assert_int_eq(zip_close(zip), 0);
    struct outcome outcome = read_limited(INTERACTIONS, path.text);
    diffmm_status wanted =
        rows == 1 && columns_claimed == entries ? DIFFMM_OK : DIFFMM_ERROR_FORMAT;
    ck_assert_int_eq(outcome.status, wanted);
    ck_assert_msg(outcome.peak <= most, "%zu bytes of memory, %zu allowed", outcome.peak, most);
    folder_end(&folder);
}

START_TEST(bombs)
{
    expect_bomb(1, entries - 1, 65536);           /* refused by its headers */
    expect_bomb(0, entries, 8 * entries + 65536); /* refused at its first entry */
    expect_bomb(1, entries, 8 * entries + 65536); /* a matrix of zeros */
}
END_TEST

#endif

int main(void)
{
    const TTest *const tests[] = {a_header_of_very_many_columns,
                                  very_many_ids,
                                  very_long_ids,
                                  quotes_without_end,
                                  arrays_that_claim_much,
                                  a_header_of_spaces,
                                  a_pickle_that_goes_round,
#ifdef DIFFMM__HAVE_LIBZIP
                                  an_archive_of_very_many_members,
                                  bombs
#endif
    };
    return run_tests("bounds", tests, sizeof tests / sizeof *tests);
}
