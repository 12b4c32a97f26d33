/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/features_safetensors.h"

#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"

static struct path write_file(const struct folder *folder, const char *header, const void *data,
                              size_t size)
{
    struct bytes bytes = {.size = 0};
    bytes_add_number(&bytes, strlen(header), 8);
    bytes_add_text(&bytes, header);
    bytes_add(&bytes, data, size);
    return folder_write(folder, "x_feat.safetensors", bytes.data, bytes.size);
}

/* Items "2", "0" and "1". */
static diffmm_dataset *begin(diffmm_context *context)
{
    static const char *const user[] = {"u", "u", "v"}, *const item[] = {"2", "0", "1"};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
    return dataset;
}

/* One feature of each item, in the order of their numbers after sealing. `tensor` ends the path. */
static void expect_read(const char *header, const void *data, size_t size, const char *tensor,
                        const float *wanted)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = begin(context);
    struct path path = write_file(&folder, header, data, size);
    strcat(path.text, tensor);
    float got[3];
    expect_success(diffmm_dataset_read_modality(dataset, "x", path.text));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(dataset, 0), 1);
    expect_success(diffmm_dataset_features(dataset, 0, 0, 3, got));
    for (size_t i = 0; i < 3; i++)
        ck_assert_msg(got[i] == wanted[i], "%s: feature %zu is %g, not %g", header, i,
                      (double)got[i], (double)wanted[i]);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}

/* 1.5, -2, 0.25 in each type: rows by number. */
START_TEST(types)
{
    static const float single[] = {1.5f, -2, 0.25f};
    static const double wide[] = {1.5, -2, 0.25};
    static const uint16_t half[] = {0x3e00, 0xc000, 0x3400}, brain[] = {0x3fc0, 0xc000, 0x3e80};
    static const int64_t whole[] = {3, -2, 1};
    static const int8_t narrow[] = {3, -2, 1};
    expect_read("{\"e\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]}}", single, 12,
                "", single);
    expect_read("{\"e\":{\"dtype\":\"F64\",\"shape\":[3,1],\"data_offsets\":[0,24]}}", wide, 24, "",
                single);
    expect_read("{\"e\":{\"dtype\":\"F16\",\"shape\":[3,1],\"data_offsets\":[0,6]}}", half, 6, "",
                single);
    expect_read("{\"e\":{\"dtype\":\"BF16\",\"shape\":[3,1],\"data_offsets\":[0,6]}}", brain, 6, "",
                single);
    expect_read("{\"e\":{\"dtype\":\"I64\",\"shape\":[3,1],\"data_offsets\":[0,24]}}", whole, 24,
                "", (float[]){3, -2, 1});
    expect_read("{\"e\":{\"dtype\":\"I8\",\"shape\":[3,1],\"data_offsets\":[0,3]}}", narrow, 3, "",
                (float[]){3, -2, 1});
}
END_TEST

START_TEST(one_of_several_tensors)
{
    static const float data[] = {1, 2, 3, 4, 5, 6};
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]},"
        "\"b.weight\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[12,24]}}";
    static const char with_vector[] =
        "{\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
        "\"w\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[12,24]}}";
    expect_read(header, data, sizeof data, ":a", data);
    expect_read(header, data, sizeof data, ":b.weight", data + 3);
    expect_read(with_vector, data, sizeof data, "", data + 3);
}
END_TEST

/* Whose the rows are: a vector "ids", or the list beside the file. */
START_TEST(ids_of_rows)
{
    static const struct {
        int64_t ids[3];
        float data[3];
    } content = {{1, 7, 2}, {10, 20, 30}};
    expect_read("{\"ids\":{\"dtype\":\"I64\",\"shape\":[3],\"data_offsets\":[0,24]},"
                "\"e\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[24,36]}}",
                &content, 36, "", (float[]){30, 0, 10});

    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    for (int named = 0; named < 2; named++) {
        diffmm_dataset *dataset = begin(context);
        struct path path = write_file(
            &folder, "{\"e.f\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]}}",
            content.data, 12);
        folder_write_text(&folder, "x_feat.ids.txt", "1\n7\n2\n");
        strcat(path.text, named ? ":e.f" : "");
        float got[3];
        expect_success(diffmm_dataset_read_modality(dataset, "x", path.text));
        expect_success(diffmm_dataset_seal(dataset));
        expect_success(diffmm_dataset_features(dataset, 0, 0, 3, got));
        ck_assert(got[0] == 30 && got[1] == 0 && got[2] == 10);
        diffmm_dataset_destroy(dataset);
    }
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

START_TEST(malformed)
{
    static const float data[] = {1, 2, 3, 4, 5, 6};
    static const struct {
        const char *header;
        size_t size;
        const char *tensor, *message;
    } cases[] = {
        {"{\"e\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", 12, "",
         "none of its 1 tensors is a matrix"},
        {"{\"e\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}", 12, ":e",
         "x_feat.safetensors:e: features have 2 dimensions (items x features), not 1"},
        {"{\"e\":{\"dtype\":\"F32\",\"shape\":[3,1,1],\"data_offsets\":[0,12]}}", 12, ":e",
         "not 3"},
        {"{\"e\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]}}", 12, ":f",
         "there is no tensor 'f'"},
        {"{\"e\":{\"dtype\":\"F8_E4M3\",\"shape\":[3,4],\"data_offsets\":[0,12]}}", 12, "",
         "elements of type 'F8_E4M3' are not read"},
        {"{\"e\":{\"dtype\":\"F16\",\"shape\":[3,1],\"data_offsets\":[0,12]}}", 12, "",
         "it has 12 bytes, which do not fit its shape"},
        {"{\"e\":{\"dtype\":\"F16\",\"shape\":[4611686018427387904,8],\"data_offsets\":[0,12]}}",
         12, "", "its shape exceeds the address space"},
        {"{\"e\":{\"dtype\":\"BF16\",\"shape\":[3,3],\"data_offsets\":[0,12]}}", 12, "",
         "needs 18 bytes of data, but only 12 remain"},
        {"{\"e\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]}}", 16, "",
         "the tensors end at data byte 12"},
        {"{\"e\":{\"dtype\":\"F32\",\"shape\":[0,1],\"data_offsets\":[0,0]}}", 0, "",
         "its array of 0 x 1 holds no feature"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[0,12]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[12,24]}}",
         24, "", "which of its 2 matrices are features? add a name to the path"},
        {"{\"ids\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[8,20]}}",
         20, "", "x_feat.safetensors:ids: 2 ids for 3 rows"},
        {"{\"ids\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[3,1],\"data_offsets\":[12,24]}}",
         24, "", "ids are integers or text"},
        {"[]", 0, "", "the header is not a JSON object"},
        {"{", 0, "", "x_feat.safetensors"},
    };
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = begin(context);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct path path = write_file(&folder, cases[i].header, data, cases[i].size);
        strcat(path.text, cases[i].tensor);
        expect_failure(diffmm_dataset_read_modality(dataset, "x", path.text), DIFFMM_ERROR_FORMAT,
                       cases[i].message);
    }
    struct path path = folder_write_text(&folder, "x_feat.safetensors", "1234");
    expect_failure(diffmm_dataset_read_modality(dataset, "x", path.text), DIFFMM_ERROR_FORMAT,
                   "4 bytes are too few");
    path = folder_write_text(&folder, "x_feat.safetensors", "\xff\xff\xff\xff\xff\xff\xff\xff{}");
    expect_failure(diffmm_dataset_read_modality(dataset, "x", path.text), DIFFMM_ERROR_FORMAT,
                   "the header's length is given as");
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 0);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {types, one_of_several_tensors, ids_of_rows, malformed};
    return run_tests("features from safetensors", tests, sizeof tests / sizeof *tests);
}
