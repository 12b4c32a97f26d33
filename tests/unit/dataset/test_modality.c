/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <diffmm/diffmm.h>

#include "base/memory.h"
#include "dataset/modalities.h"
#include "support/bytes.h"
#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"

/* A data set of `items` items and one training interaction. */
static diffmm_dataset *new_dataset(diffmm_context *context, size_t items)
{
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(
        diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, (int32_t[]){0}, (int32_t[]){0}));
    expect_success(diffmm_dataset_reserve(dataset, 1, items));
    return dataset;
}

START_TEST(arrays_are_borrowed)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 2);
    const float features[] = {1, 2, 3, 99, 4, 5, 6}, *got;
    size_t stride;
    float *scratch = NULL;
    expect_success(diffmm_dataset_add_modality_array(dataset, "image", 2, 3, features, 4));
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm__modalities_features(dataset, 0, &got, &stride, &scratch));
    ck_assert_ptr_eq(got, features);
    ck_assert_uint_eq(stride, 4);
    ck_assert_ptr_null(scratch);
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 1);
    ck_assert_str_eq(diffmm_dataset_modality_name(dataset, 0), "image");
    ck_assert_ptr_null(diffmm_dataset_modality_name(dataset, 1));
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(dataset, 0), 3);
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(dataset, 1), 0);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

struct store {
    size_t dimensions, calls, asked, fail_at, bad_item;
};

static int load(size_t first, size_t count, float *out, void *user_data)
{
    struct store *store = user_data;
    ck_assert_uint_gt(count, 0);
    if (++store->calls == store->fail_at)
        return 7;
    store->asked += count;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < store->dimensions; j++)
            out[i * store->dimensions + j] =
                first + i == store->bad_item ? INFINITY : (float)((first + i) * 10 + j);
    return 0;
}

START_TEST(loaders_are_asked_for_blocks)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 1000);
    struct store store = {.dimensions = 3, .bad_item = SIZE_MAX};
    const float *got = NULL;
    size_t stride;
    float *scratch = NULL;
    expect_success(diffmm_dataset_add_modality(dataset, "text", 3, load, &store));
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm__modalities_features(dataset, 0, &got, &stride, &scratch));
    ck_assert_uint_eq(store.asked, 1000);
    ck_assert_uint_gt(store.calls, 1);
    ck_assert_uint_eq(stride, 3);
    ck_assert_ptr_eq(got, scratch);
    for (size_t i = 0; i < 1000; i++)
        for (size_t j = 0; j < 3; j++)
            ck_assert(got[i * 3 + j] == (float)(i * 10 + j));
    diffmm__release(context, scratch);

    scratch = NULL;
    store.fail_at = store.calls + 2;
    expect_failure(diffmm__modalities_features(dataset, 0, &got, &stride, &scratch),
                   DIFFMM_ERROR_CALLBACK, "modality 'text': its loader returned 7");
    store.bad_item = 700;
    store.fail_at = 0;
    expect_failure(diffmm__modalities_features(dataset, 0, &got, &stride, &scratch),
                   DIFFMM_ERROR_NUMERIC, "modality 'text': feature 0 of item 700");
    ck_assert_ptr_null(scratch);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

/* Also where the last block is a whole one, no loader is asked for no items. */
START_TEST(loaders_are_asked_for_whole_blocks)
{
    for (size_t items = 1; items <= 1024; items *= 2) {
        diffmm_context *context = new_context(0);
        diffmm_dataset *dataset = new_dataset(context, items);
        struct store store = {.dimensions = 2, .bad_item = SIZE_MAX};
        const float *got = NULL;
        size_t stride;
        float *scratch = NULL;
        expect_success(diffmm_dataset_add_modality(dataset, "text", 2, load, &store));
        expect_success(diffmm_dataset_seal(dataset));
        expect_success(diffmm__modalities_features(dataset, 0, &got, &stride, &scratch));
        ck_assert_uint_eq(store.asked, items);
        ck_assert(got[2 * items - 1] == (float)((items - 1) * 10 + 1));
        diffmm__release(context, scratch);
        diffmm_dataset_destroy(dataset);
        diffmm_context_destroy(context);
    }
}
END_TEST

START_TEST(files_of_every_float_type)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 2);
    /* 1.5, -2, 0.25; 4, 8, 16 in float16, Fortran order; and in big-endian float64. */
    const unsigned char half[] = {0x00, 0x3e, 0x00, 0x44, 0x00, 0xc0,
                                  0x00, 0x48, 0x00, 0x34, 0x00, 0x4c};
    const float wanted[] = {1.5f, -2, 0.25f, 4, 8, 16};
    const unsigned char wide[6][2] = {{0x3f, 0xf8}, {0xc0, 0x00}, {0x3f, 0xd0},
                                      {0x40, 0x10}, {0x40, 0x20}, {0x40, 0x30}};
    unsigned char doubles[48] = {0};
    for (int i = 0; i < 6; i++)
        memcpy(doubles + 8 * i, wide[i], 2);
    struct bytes bytes[3] = {{.size = 0}, {.size = 0}, {.size = 0}};
    bytes_add_npy(&bytes[0], "<f2", "(2, 3)", 1, half, sizeof half);
    bytes_add_npy(&bytes[1], "<f4", "(2, 3)", 0, wanted, sizeof wanted);
    bytes_add_npy(&bytes[2], ">f8", "(2, 3)", 0, doubles, sizeof doubles);
    const char *names[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        struct path path = folder_write(&folder, "x.npy", bytes[i].data, bytes[i].size);
        expect_success(diffmm_dataset_read_modality(dataset, names[i], path.text));
    }
    expect_success(diffmm_dataset_seal(dataset));
    for (size_t i = 0; i < 3; i++) {
        const float *got;
        size_t stride;
        float *scratch = NULL;
        expect_success(diffmm__modalities_features(dataset, i, &got, &stride, &scratch));
        ck_assert_uint_eq(stride, 3);
        ck_assert_mem_eq(got, wanted, sizeof wanted);
    }
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

static void check_file(const char *type, const char *shape, size_t size, diffmm_status wanted,
                       const char *message)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 2);
    struct bytes bytes = {.size = 0};
    const unsigned char zeros[64] = {0};
    bytes_add_npy(&bytes, type, shape, 0, zeros, size);
    struct path path = folder_write(&folder, "bad.npy", bytes.data, bytes.size);
    expect_failure(diffmm_dataset_read_modality(dataset, "m", path.text), wanted, message);
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), path.text));
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 0);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}

START_TEST(files_of_every_integer_type)
{
    static const char *const types[] = {"|i1", "|u1", "<i2", ">u2", "<i4",
                                        ">i4", "<u4", "<i8", ">u8", "|b1"};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        struct folder folder = folder_begin();
        diffmm_context *context = new_context(0);
        diffmm_dataset *dataset = new_dataset(context, 2);
        size_t size = (size_t)(types[t][2] - '0');
        unsigned char values[4 * 8] = {0};
        struct bytes bytes = {.size = 0};
        float got[4];
        for (size_t i = 0; i < 4; i++) /* 0, 1, 0, 1 */
            values[i * size + (types[t][0] == '>' ? size - 1 : 0)] = i % 2;
        if (types[t][1] == 'i')
            memset(values + 2 * size, 0xff, size); /* -1 */
        bytes_add_npy(&bytes, types[t], "(2, 2)", 0, values, 4 * size);
        struct path path = folder_write(&folder, "x.npy", bytes.data, bytes.size);
        expect_success(diffmm_dataset_read_modality(dataset, "x", path.text));
        expect_success(diffmm_dataset_seal(dataset));
        expect_success(diffmm_dataset_features(dataset, 0, 0, 2, got));
        ck_assert(got[0] == 0 && got[1] == 1 && got[3] == 1);
        ck_assert_msg(got[2] == (types[t][1] == 'i' ? -1 : 0), "%s: %g", types[t], (double)got[2]);
        diffmm_dataset_destroy(dataset);
        diffmm_context_destroy(context);
        folder_end(&folder);
    }
}
END_TEST

static const float mapped_rows[] = {1, 2, 3, 4, 5, 6};

static struct path write_mapped(const struct folder *folder)
{
    struct bytes bytes = {.size = 0};
    bytes_add_aligned_npy(&bytes, "<f4", "(2, 3)", mapped_rows, sizeof mapped_rows);
    return folder_write(folder, "x.npy", bytes.data, bytes.size);
}

/* Features stay in the file, which may go meanwhile, also for a data set that is extended. */
START_TEST(files_are_mapped)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 2), *extended;
    struct path path = write_mapped(&folder);
    float got[6];
    expect_success(diffmm_dataset_map_modality(dataset, "x", path.text));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_ptr_null(dataset->modalities[0].owned->values);
    ck_assert_uint_eq(diffmm__modality_bytes(&dataset->modalities[0]), 0);
    const unsigned char *data = dataset->modalities[0].owned->mapping.data;
    ck_assert_ptr_eq(dataset->modalities[0].features, data + 128);
    ck_assert_int_eq(remove(path.text), 0);
    expect_success(diffmm_dataset_extend(dataset, &extended));
    diffmm_dataset_destroy(dataset);
    expect_success(diffmm_dataset_seal(extended));
    expect_success(diffmm_dataset_features(extended, 0, 0, 2, got));
    ck_assert_mem_eq(got, mapped_rows, sizeof got);
    diffmm_dataset_destroy(extended);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

/* They stay in the file, whatever the order in which a list has them. */
START_TEST(mapped_rows_with_ids)
{
    static const char *const lists[] = {"0\n1\n", "1\n0\n"};
    for (int other = 0; other < 2; other++) {
        struct folder folder = folder_begin();
        diffmm_context *context = new_context(0);
        diffmm_dataset *dataset = new_dataset(context, 2);
        struct path path = write_mapped(&folder);
        float got[6];
        folder_write_text(&folder, "x.ids.txt", lists[other]);
        expect_success(diffmm_dataset_map_modality(dataset, "x", path.text));
        expect_success(diffmm_dataset_seal(dataset));
        expect_success(diffmm_dataset_features(dataset, 0, 0, 2, got));
        ck_assert(got[0] == (other ? 4 : 1) && got[5] == (other ? 3 : 6));
        ck_assert_ptr_null(dataset->modalities[0].owned->values);
        ck_assert_int_eq(diffmm__modality_is_stored(&dataset->modalities[0]), other);
        diffmm_dataset_destroy(dataset);
        diffmm_context_destroy(context);
        folder_end(&folder);
    }
}
END_TEST

START_TEST(tensors_are_mapped)
{
    static const char header[] =
        "{\"e\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
        "\"h\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[24,36]}}    ";
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 2);
    struct bytes bytes = {.size = 0};
    float got[6];
    bytes_add_number(&bytes, sizeof header / 4 * 4, 8);
    bytes_add(&bytes, header, sizeof header / 4 * 4);
    bytes_add(&bytes, mapped_rows, sizeof mapped_rows);
    bytes_add(&bytes, mapped_rows, 12);
    struct path path = folder_write(&folder, "x.safetensors", bytes.data, bytes.size), half = path;
    strcat(path.text, ":e");
    strcat(half.text, ":h");
    expect_success(diffmm_dataset_map_modality(dataset, "half", half.text));
    expect_success(diffmm_dataset_map_modality(dataset, "x", path.text));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_ptr_null(dataset->modalities[0].owned->values);
    expect_success(diffmm_dataset_features(dataset, 1, 0, 2, got));
    ck_assert_mem_eq(got, mapped_rows, sizeof got);
    expect_success(diffmm_dataset_features(dataset, 0, 0, 2, got));
    ck_assert(got[0] == 0.0F && got[1] == 1.875F && got[2] == 0.0F && got[3] == 2.0F);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

/* What is appended follows the rows of the file, in their order; and what is not finite is found. */
START_TEST(halves_in_another_order)
{
    static const uint16_t one = 0x3c00, two = 0x4000, infinite = 0x7c00;
    for (int bad = 0; bad < 2; bad++) {
        const uint16_t rows[] = {one, two, bad ? infinite : one, one};
        struct folder folder = folder_begin();
        diffmm_context *context = new_context(0);
        diffmm_dataset *dataset = new_dataset(context, 2), *extended;
        struct bytes bytes = {.size = 0};
        float got[6];
        bytes_add_aligned_npy(&bytes, "<f2", "(2, 2)", rows, sizeof rows);
        struct path path = folder_write(&folder, "x.npy", bytes.data, bytes.size);
        folder_write_text(&folder, "x.ids.txt", "1\n0\n");
        expect_success(diffmm_dataset_map_modality(dataset, "x", path.text));
        if (bad) {
            expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_NUMERIC,
                           "modality 'x': feature 0 of item 0 is not finite");
        } else {
            expect_success(diffmm_dataset_seal(dataset));
            expect_success(diffmm_dataset_extend(dataset, &extended));
            diffmm_dataset_destroy(dataset);
            dataset = extended;
            expect_success(diffmm_dataset_reserve(dataset, 1, 3));
            expect_success(
                diffmm_dataset_append_features(dataset, "x", 1, (const float[]){5, 6}, 2));
            expect_success(diffmm_dataset_seal(dataset));
            expect_success(diffmm_dataset_features(dataset, 0, 0, 3, got));
            ck_assert_mem_eq(got, ((const float[]){1, 1, 1, 2, 5, 6}), sizeof got);
        }
        diffmm_dataset_destroy(dataset);
        diffmm_context_destroy(context);
        folder_end(&folder);
    }
}
END_TEST

START_TEST(files_that_cannot_be_mapped)
{
    static const struct {
        const char *file, *type;
        int fortran_order;
        const char *message;
    } cases[] = {{"x.npy", "<f8", 0, "neither float32 nor float16"},
                 {"x.npy", "<i4", 0, "neither float32 nor float16"},
                 {"x.npy", ">f4", 0, "big-endian"},
                 {"x.npy", "<f4", 1, "in Fortran order"},
                 {"x.npy", "<f4", 0, "not aligned"}, /* the header is 67 bytes long */
                 {"x.vec", "<f4", 0, "only .npy and .safetensors"},
                 {"x.npz", "<f4", 0, "only .npy and .safetensors"}};
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 2);
    static const double wide[6] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes bytes = {.size = 0};
        bytes_add_npy(&bytes, cases[i].type, "(2, 3)", cases[i].fortran_order, wide, sizeof wide);
        struct path path = folder_write(&folder, cases[i].file, bytes.data, bytes.size);
        expect_failure(diffmm_dataset_map_modality(dataset, "x", path.text),
                       DIFFMM_ERROR_UNSUPPORTED, cases[i].message);
    }
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 0);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

START_TEST(files_that_are_no_features)
{
    check_file("|S4", "(2, 3)", 24, DIFFMM_ERROR_FORMAT, "features are numbers, not of kind 'S'");
    check_file("<f4", "(6,)", 24, DIFFMM_ERROR_FORMAT, "2 dimensions");
    check_file("<f4", "(2, 3, 1)", 24, DIFFMM_ERROR_FORMAT, "not 3");
    check_file("<f4", "(2, 0)", 0, DIFFMM_ERROR_FORMAT, "2 x 0");
    check_file("<f4", "(2, 4)", 24, DIFFMM_ERROR_FORMAT, "only 24 remain");
    check_file("<f4", "(1000000000000, 4)", 24, DIFFMM_ERROR_FORMAT, "only 24 remain");
}
END_TEST

START_TEST(wrong_arguments)
{
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 2);
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    const float x[4] = {0};
    char long_name[65];
    memset(long_name, 'a', 64);
    long_name[64] = 0;
    expect_failure(diffmm_dataset_add_modality_array(NULL, "m", 2, 2, x, 2), invalid, "dataset");
    expect_failure(diffmm_dataset_add_modality_array(dataset, NULL, 2, 2, x, 2), invalid, "name");
    expect_failure(diffmm_dataset_add_modality_array(dataset, "", 2, 2, x, 2), invalid, "1 to 63");
    expect_failure(diffmm_dataset_add_modality_array(dataset, long_name, 2, 2, x, 2), invalid,
                   "64");
    expect_failure(diffmm_dataset_add_modality_array(dataset, "a b", 2, 2, x, 2), invalid, "'a b'");
    expect_failure(diffmm_dataset_add_modality_array(dataset, "m.n", 2, 2, x, 2), invalid, "'m.n'");
    expect_failure(diffmm_dataset_add_modality_array(dataset, "m", 0, 2, x, 2), invalid, "0 items");
    expect_failure(diffmm_dataset_add_modality_array(dataset, "m", SIZE_MAX, 2, x, 2), invalid,
                   "items");
    expect_failure(diffmm_dataset_add_modality_array(dataset, "m", 2, 0, x, 2), invalid,
                   "0 features");
    expect_failure(diffmm_dataset_add_modality_array(dataset, "m", 2, 2, NULL, 2), invalid,
                   "features");
    expect_failure(diffmm_dataset_add_modality_array(dataset, "m", 2, 2, x, 1), invalid,
                   "stride 1");
    expect_failure(diffmm_dataset_add_modality(NULL, "m", 2, load, NULL), invalid, "dataset");
    expect_failure(diffmm_dataset_add_modality(dataset, "m", 0, load, NULL), invalid, "0 features");
    expect_failure(diffmm_dataset_add_modality(dataset, "m", 2, NULL, NULL), invalid, "loader");
    expect_failure(diffmm_dataset_read_modality(NULL, "m", "x.npy"), invalid, "dataset");
    expect_failure(diffmm_dataset_read_modality(dataset, "m", NULL), invalid, "path");
    expect_failure(diffmm_dataset_read_modality(dataset, "?", "x.npy"), invalid, "'?'");
    expect_failure(diffmm_dataset_read_modality(dataset, "m", "/nonexistent/x.npy"),
                   DIFFMM_ERROR_IO, "/nonexistent/x.npy");
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 0);
    long_name[63] = 0;
    expect_success(diffmm_dataset_add_modality_array(dataset, long_name, 2, 2, x, 2));
    expect_failure(diffmm_dataset_add_modality(dataset, long_name, 2, load, NULL), invalid,
                   "already");
    expect_success(diffmm_dataset_seal(dataset));
    expect_failure(diffmm_dataset_add_modality(dataset, "n", 2, load, NULL), DIFFMM_ERROR_STATE,
                   "sealed");
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
}
END_TEST

START_TEST(rows_must_be_as_many_as_items)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = new_dataset(context, 3);
    struct bytes bytes = {.size = 0};
    const float x[4] = {0};
    bytes_add_npy(&bytes, "<f4", "(2, 2)", 0, x, sizeof x);
    struct path path = folder_write(&folder, "cover_clip.npy", bytes.data, bytes.size);
    char message[300];
    expect_success(diffmm_dataset_read_modality(dataset, "cover", path.text));
    snprintf(message, sizeof message,
             "modality 'cover': 2 rows in %s, but the data set has 3 items", path.text);
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT, message);
    diffmm_dataset_destroy(dataset);
    dataset = new_dataset(context, 1);
    expect_success(diffmm_dataset_add_modality_array(dataset, "cover", 2, 2, x, 2));
    expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "modality 'cover': 2 rows, but the data set has 1 items");
    /* Completed, it can be sealed. */
    expect_success(diffmm_dataset_reserve(dataset, 0, 2));
    expect_success(diffmm_dataset_seal(dataset));
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

START_TEST(features_must_be_finite)
{
    diffmm_context *context = new_context(0);
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        diffmm_dataset *dataset = new_dataset(context, 3);
        float x[9] = {0};
        x[2] = bad[i]; /* between the rows: no feature */
        x[7] = bad[i];
        expect_success(diffmm_dataset_add_modality_array(dataset, "image", 3, 2, x, 3));
        expect_failure(diffmm_dataset_seal(dataset), DIFFMM_ERROR_NUMERIC,
                       "modality 'image': feature 1 of item 2");
        x[7] = 3.4e38f;
        expect_success(diffmm_dataset_seal(dataset));
        diffmm_dataset_destroy(dataset);
    }
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {arrays_are_borrowed,
                                  loaders_are_asked_for_blocks,
                                  loaders_are_asked_for_whole_blocks,
                                  files_of_every_float_type,
                                  files_of_every_integer_type,
                                  files_are_mapped,
                                  mapped_rows_with_ids,
                                  tensors_are_mapped,
                                  halves_in_another_order,
                                  files_that_cannot_be_mapped,
                                  files_that_are_no_features,
                                  wrong_arguments,
                                  rows_must_be_as_many_as_items,
                                  features_must_be_finite};
    return run_tests("modality", tests, sizeof tests / sizeof *tests);
}
