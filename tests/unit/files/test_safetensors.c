/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include "files/safetensors.h"
#include "files/safetensors_write.h"
#include "support/failure.h"
#include "support/folder.h"

static diffmm_context *context;
static struct folder folder;
static char path[128];

static void begin(void)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    folder = folder_begin();
    folder_file(&folder, "file.safetensors", path);
}

static void end(void)
{
    folder_end(&folder);
    diffmm_context_destroy(context);
}

static const float floats[] = {1, 2.5f, -3, 4, 5, 6};
static const double doubles[] = {0.1, -2};
static const int32_t integers[] = {7, -8, 9};
static const int64_t longs[] = {INT64_MIN, INT64_MAX};
static const unsigned char bytes[] = {1, 2, 3, 4, 5};

static const struct diffmm__tensor tensors[] = {
    {.name = "bytes", .dtype = DIFFMM__U8, .rows = 5, .data = bytes},
    {.name = "floats", .dtype = DIFFMM__F32, .rows = 2, .columns = 3, .data = floats},
    {.name = "doubles", .dtype = DIFFMM__F64, .rows = 2, .columns = 1, .data = doubles},
    {.name = "none", .dtype = DIFFMM__I32, .rows = 0, .data = NULL},
    {.name = "integers", .dtype = DIFFMM__I32, .rows = 3, .data = integers},
    {.name = "longs", .dtype = DIFFMM__I64, .rows = 2, .data = longs},
};
enum { tensor_count = sizeof tensors / sizeof *tensors };

static const struct diffmm__metadata metadata[] = {{"format", "test"},
                                                   {"text", "\"quoted\" \xc3\xa9"}};

static void write_all(void)
{
    expect_success(diffmm__safetensors_write(context, path, metadata, 2, tensors, tensor_count));
}

static const size_t sizes[] = {5, sizeof floats, sizeof doubles, 0, sizeof integers, sizeof longs};

START_TEST(what_is_written_is_read)
{
    struct diffmm__safetensors *file;
    begin();
    write_all();
    expect_success(diffmm__safetensors_open(context, path, &file));
    ck_assert_uint_eq(diffmm__safetensors_count(file), tensor_count);
    ck_assert_str_eq(diffmm__safetensors_metadata(file, "format"), "test");
    ck_assert_str_eq(diffmm__safetensors_metadata(file, "text"), metadata[1].value);
    ck_assert_ptr_null(diffmm__safetensors_metadata(file, "other"));
    for (size_t i = 0; i < tensor_count; i++) {
        struct diffmm__tensor found;
        expect_success(diffmm__safetensors_find(file, tensors[i].name, tensors[i].dtype, &found));
        ck_assert_str_eq(found.name, tensors[i].name);
        ck_assert_uint_eq(found.rows, tensors[i].rows);
        ck_assert_uint_eq(found.columns, tensors[i].columns);
        ck_assert_uint_eq((uintptr_t)found.data % diffmm__dtype_size(found.dtype), 0);
        if (sizes[i])
            ck_assert_mem_eq(found.data, tensors[i].data, sizes[i]);
    }
    diffmm__safetensors_close(file);
    end();
}
END_TEST

START_TEST(the_layout_is_as_the_format_wants_it)
{
    size_t size;
    begin();
    write_all();
    unsigned char *content = read_bytes(path, &size);
    uint64_t length;
    memcpy(&length, content, 8);
    ck_assert_uint_eq((8 + length) % 64, 0);
    ck_assert_int_eq(content[8], '{');
    size_t data = 8 + (size_t)length;
    /* No holes; eight-byte types first, bytes last. */
    ck_assert_uint_eq(size - data,
                      5 + sizeof floats + sizeof doubles + sizeof integers + sizeof longs);
    ck_assert_mem_eq(content + data, doubles, sizeof doubles);
    ck_assert_mem_eq(content + data + sizeof doubles, longs, sizeof longs);
    ck_assert_mem_eq(content + data + sizeof doubles + sizeof longs, floats, sizeof floats);
    ck_assert_mem_eq(content + size - 5, bytes, 5);
    ck_assert_ptr_nonnull(memmem(content, data, "\"shape\":[2,3],\"data_offsets\":[32,56]", 36));
    ck_assert_ptr_nonnull(memmem(content, data, "\"__metadata__\":{\"format\":\"test\"", 30));
    free(content);
    end();
}
END_TEST

START_TEST(finding_names_what_is_missing)
{
    struct diffmm__safetensors *file;
    struct diffmm__tensor found = {.rows = 77};
    begin();
    write_all();
    expect_success(diffmm__safetensors_open(context, path, &file));
    expect_failure(diffmm__safetensors_find(file, "absent", DIFFMM__F32, &found),
                   DIFFMM_ERROR_FORMAT, "no tensor 'absent'");
    expect_failure(diffmm__safetensors_find(file, "floats", DIFFMM__F64, &found),
                   DIFFMM_ERROR_FORMAT, "'floats' has dtype F32, not F64");
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), path));
    ck_assert_uint_eq(found.rows, 77);
    diffmm__safetensors_close(file);
    diffmm__safetensors_close(NULL);
    end();
}
END_TEST

/* A file of the given header and `data_size` zero bytes. */
static void write_header(const char *header, size_t data_size)
{
    static unsigned char content[4096];
    uint64_t length = strlen(header);
    memset(content, 0, sizeof content);
    memcpy(content, &length, 8);
    memcpy(content + 8, header, (size_t)length);
    write_bytes(path, content, 8 + (size_t)length + data_size);
}

static void expect_refused(const char *part)
{
    struct diffmm__safetensors *file = NULL;
    expect_failure(diffmm__safetensors_open(context, path, &file), DIFFMM_ERROR_FORMAT, part);
    ck_assert_ptr_null(file);
}

START_TEST(malformed_headers_are_refused)
{
    static const struct {
        const char *header;
        size_t data;
        const char *part;
    } cases[] = {
        {"", 0, "JSON"},
        {"[]", 0, "not a JSON object"},
        {"{", 0, "JSON"},
        {"{\"a\":1}", 0, "'a' has no dtype"},
        {"{\"a\":{\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "'a' has no dtype"},
        {"{\"a\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "'a' has no dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,4]}}", 4, "'a' has no shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,4]}}", 4, "'a' has no shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{\"a\":0,\"b\":4}}}", 4,
         "'a' has no data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4,
         "'a' has no data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1e0],\"data_offsets\":[0,4]}}", 4,
         "'a' has a dimension"},
        {"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
         "duplicate key 'dtype'"},
        {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}", 0, "duplicate key 'k'"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate key '__metadata__'"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "'a' has no shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,2],\"data_offsets\":[0,4]}}", 4,
         "'a' has 4 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,4,0],\"data_offsets\":[0,0]}}",
         0, "'a' has 0 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
         "'a' has a dimension"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4,
         "'a' has a dimension"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "'a' has no data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4,
         "'a' has no data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4,
         "'a' has no data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4,
         "'a' has no data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4,
         "within the file's 4 data bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "'a' has 4 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]}}", 4,
         "'a' has 4 bytes"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967297],\"data_offsets\":[0,4]}}", 4,
         "'a' has 4 bytes"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}", 4,
         "'a' has a dimension"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
         "'a' starts at data byte 4"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8,
         "end at data byte 4, but the file has 8"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
         12, "'b' starts at data byte 4"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
         1, "duplicate"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ is not an object"},
        {"{\"__metadata__\":{\"k\":1}}", 0, "metadata 'k' is not text"},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_header(cases[i].header, cases[i].data);
        expect_refused(cases[i].part);
        ck_assert_ptr_nonnull(strstr(diffmm_error_message(), "file.safetensors"));
    }
    end();
}
END_TEST

START_TEST(other_writers_are_understood)
{
    struct diffmm__safetensors *file;
    struct diffmm__tensor found;
    begin();
    /* Misaligned, out of order, a scalar, no metadata, blanks. */
    write_header(" { \"b\" : {\"dtype\":\"I64\",\"shape\":[1,1],\"data_offsets\":[1,9]}, "
                 "\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]} } ",
                 9);
    expect_success(diffmm__safetensors_open(context, path, &file));
    ck_assert_ptr_null(diffmm__safetensors_metadata(file, "format"));
    expect_success(diffmm__safetensors_find(file, "a", DIFFMM__U8, &found));
    ck_assert(found.rows == 1 && found.columns == 0);
    expect_success(diffmm__safetensors_find(file, "b", DIFFMM__I64, &found));
    ck_assert(found.rows == 1 && found.columns == 1);
    ck_assert_uint_eq((uintptr_t)found.data % 8, 0);
    ck_assert_int_eq(*(const int64_t *)found.data, 0);
    diffmm__safetensors_close(file);
    write_header("{}", 0);
    expect_success(diffmm__safetensors_open(context, path, &file));
    ck_assert_uint_eq(diffmm__safetensors_count(file), 0);
    diffmm__safetensors_close(file);
    end();
}
END_TEST

/* Types of today's writers and of tomorrow's, sizes that no type of ours has, more dimensions, no
 * columns, further members: the file is read, and what is asked for is found. */
START_TEST(foreign_tensors_are_passed_over)
{
    static const char *const foreign[] = {
        "{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"I16\",\"shape\":[2,1],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"U16\",\"shape\":[1,2],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"BOOL\",\"shape\":[2,2],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"F4\",\"shape\":[8],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"C64\",\"shape\":[0],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"OF_TOMORROW\",\"shape\":[3,5,7,9],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"\",\"shape\":[],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"F32\",\"shape\":[1,1,1],\"data_offsets\":[0,4]}",
        "{\"dtype\":\"U8\",\"shape\":[1,1,2,2],\"data_offsets\":[0,4]}",
    };
    char header[512];
    begin();
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        struct diffmm__safetensors *file;
        struct diffmm__tensor found = {.name = NULL};
        snprintf(header, sizeof header,
                 "{\"a\":%s,\"none\":{\"dtype\":\"F32\",\"shape\":[3,0],\"data_offsets\":[4,4]},"
                 "\"b\":{\"shape\":[1],\"further\":[{\"x\":1e3},null],\"dtype\":\"I32\","
                 "\"data_offsets\":[4,8]}}",
                 foreign[i]);
        write_header(header, 8);
        expect_success(diffmm__safetensors_open(context, path, &file));
        ck_assert_uint_eq(diffmm__safetensors_count(file), 3);
        expect_success(diffmm__safetensors_find(file, "b", DIFFMM__I32, &found));
        ck_assert(found.rows == 1 && found.columns == 0);
        ck_assert(diffmm__safetensors_has(file, "a"));
        expect_failure(diffmm__safetensors_find(file, "a", DIFFMM__F32, &found),
                       DIFFMM_ERROR_FORMAT, "'a'");
        expect_failure(diffmm__safetensors_find(file, "none", DIFFMM__F32, &found),
                       DIFFMM_ERROR_FORMAT, "'none' has 2 dimensions");
        ck_assert_str_eq(found.name, "b");
        diffmm__safetensors_close(file);
    }
    end();
}
END_TEST

START_TEST(every_truncation_is_refused)
{
    size_t size;
    begin();
    write_all();
    unsigned char *content = read_bytes(path, &size);
    for (size_t kept = 0; kept < size; kept++) {
        write_bytes(path, content, kept);
        expect_refused("file.safetensors");
    }
    uint64_t lengths[] = {size - 7, size, UINT64_MAX, UINT64_MAX - 7, 1ULL << 63};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memcpy(content, &lengths[i], 8);
        write_bytes(path, content, size);
        expect_refused("header's length");
    }
    free(content);
    end();
}
END_TEST

START_TEST(flipped_header_bytes_never_do_harm)
{
    size_t size;
    begin();
    write_all();
    unsigned char *content = read_bytes(path, &size);
    uint64_t length;
    memcpy(&length, content, 8);
    for (size_t at = 0; at < 8 + (size_t)length; at++)
        for (int bit = 0; bit < 8; bit += 3) {
            struct diffmm__safetensors *file = NULL;
            content[at] ^= (unsigned char)(1 << bit);
            write_bytes(path, content, size);
            content[at] ^= (unsigned char)(1 << bit);
            diffmm_status status = diffmm__safetensors_open(context, path, &file);
            ck_assert(status == DIFFMM_OK || status == DIFFMM_ERROR_FORMAT);
            ck_assert((status == DIFFMM_OK) == (file != NULL));
            unsigned sum = 0;
            for (size_t i = 0; file && i < diffmm__safetensors_count(file); i++) {
                struct diffmm__tensor tensor;
                diffmm__safetensors_at(file, i, &tensor);
                size_t all = tensor.rows * (tensor.columns ? tensor.columns : 1) *
                             diffmm__dtype_size(tensor.dtype);
                for (size_t b = 0; b < all; b++)
                    sum += ((const unsigned char *)tensor.data)[b];
            }
            ck_assert_uint_lt(sum, 1u << 20); /* all of it could be read */
            diffmm__safetensors_close(file);
        }
    free(content);
    end();
}
END_TEST

START_TEST(bad_names_and_places_are_refused)
{
    const struct diffmm__tensor twice[] = {tensors[0], tensors[0]};
    const struct diffmm__tensor reserved = {
        .name = "__metadata__", .dtype = DIFFMM__U8, .rows = 5, .data = bytes};
    struct diffmm__safetensors *file = NULL;
    begin();
    expect_failure(diffmm__safetensors_write(context, path, NULL, 0, twice, 2),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "two tensors are called 'bytes'");
    expect_failure(diffmm__safetensors_write(context, path, NULL, 0, &reserved, 1),
                   DIFFMM_ERROR_INVALID_ARGUMENT, "__metadata__");
    expect_failure(
        diffmm__safetensors_write(context, "/nowhere/at/all", metadata, 2, tensors, tensor_count),
        DIFFMM_ERROR_IO, "/nowhere/at");
    expect_failure(diffmm__safetensors_open(context, path, &file), DIFFMM_ERROR_IO,
                   "file.safetensors");
    expect_failure(diffmm__safetensors_open(context, folder.path, &file), DIFFMM_ERROR_IO,
                   folder.path);
    ck_assert_ptr_null(file);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        what_is_written_is_read,         the_layout_is_as_the_format_wants_it,
        finding_names_what_is_missing,   malformed_headers_are_refused,
        other_writers_are_understood,    foreign_tensors_are_passed_over,
        every_truncation_is_refused,     flipped_header_bytes_never_do_harm,
        bad_names_and_places_are_refused};
    return run_tests("safetensors", tests, sizeof tests / sizeof *tests) != 0;
}
