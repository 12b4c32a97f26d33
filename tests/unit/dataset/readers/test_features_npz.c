/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/features_npz.h"

#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/zip_writer.h"

#ifdef DIFFMM__HAVE_LIBZIP

struct array {
    const char *name, *type, *shape;
    const void *data;
    size_t size;
};

static const float rows[] = {1, 2, 3, 4, 5, 6};
static const struct array floats = {"features.npy", "<f4", "(3, 2)", rows, sizeof rows};

static struct path write_archive(const struct folder *folder, size_t count,
                                 const struct array *arrays)
{
    static struct bytes contents[4], out;
    struct zip_member members[4] = {{.name = NULL}};
    for (size_t i = 0; i < count; i++) {
        contents[i].size = 0;
        bytes_add_npy(&contents[i], arrays[i].type, arrays[i].shape, 0, arrays[i].data,
                      arrays[i].size);
        members[i] = (struct zip_member){.name = arrays[i].name, .content = &contents[i]};
    }
    out.size = 0;
    zip_write(&out, members, count);
    return folder_write(folder, "x_feat.npz", out.data, out.size);
}

/* Items "7", "\u00e9" and "-3". */
static diffmm_dataset *begin(diffmm_context *context)
{
    static const char *const user[] = {"u", "u", "v"}, *const item[] = {"7", "\xc3\xa9", "-3"};
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(context, &dataset));
    expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
    return dataset;
}

/* The two features of each of the three items. */
static void expect_features(diffmm_dataset *dataset, const float *wanted)
{
    float got[6];
    expect_success(diffmm_dataset_seal(dataset));
    expect_success(diffmm_dataset_features(dataset, 0, 0, 3, got));
    for (int i = 0; i < 6; i++)
        ck_assert_msg(got[i] == wanted[i], "feature %d is %g, not %g", i, (double)got[i],
                      (double)wanted[i]);
}

static void expect_read(const struct array *ids, const float *wanted)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = begin(context);
    struct path path = write_archive(&folder, 2, (struct array[]){*ids, floats});
    expect_success(diffmm_dataset_read_modality(dataset, "x", path.text));
    expect_features(dataset, wanted);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}

START_TEST(ids_as_integers)
{
    static const int64_t wide[] = {-3, 7, INT64_MIN};
    static const int8_t narrow[] = {7, 100, -3};
    static const unsigned char big[] = {0xff, 0xfd, 0, 7, 0x80, 0}; /* -3, 7, -32768 */
    static const uint64_t large[] = {UINT64_MAX, 7, 0};
    expect_read(&(struct array){"ids.npy", "<i8", "(3,)", wide, sizeof wide},
                (float[]){3, 4, 0, 0, 1, 2});
    expect_read(&(struct array){"ids.npy", "|i1", "(3,)", narrow, sizeof narrow},
                (float[]){1, 2, 0, 0, 5, 6});
    expect_read(&(struct array){"ids.npy", ">i2", "(3,)", big, sizeof big},
                (float[]){3, 4, 0, 0, 1, 2});
    expect_read(&(struct array){"ids.npy", "<u8", "(3,)", large, sizeof large},
                (float[]){3, 4, 0, 0, 0, 0});
}
END_TEST

START_TEST(ids_as_text)
{
    static const uint32_t wide[] = {0xe9, 0, '7', 0, '-', '3'};
    static const unsigned char big[] = {0, 0, 0, 0xe9, 0, 0, 0, '7', 0, 0x01, 0xf6, 0x00};
    static const char bytes[] = "7\0\xc3\xa9-3";
    expect_read(&(struct array){"ids.npy", "<U2", "(3,)", wide, sizeof wide},
                (float[]){3, 4, 1, 2, 5, 6});
    expect_read(&(struct array){"ids.npy", ">U1", "(3,)", big, sizeof big},
                (float[]){3, 4, 1, 2, 0, 0});
    expect_read(&(struct array){"ids.npy", "|S2", "(3,)", bytes, 6}, (float[]){1, 2, 3, 4, 5, 6});
}
END_TEST

/* Without ids, rows are numbers of items; any name will do for the only array. */
START_TEST(no_ids)
{
    static const char *const user[] = {"u", "u", "v"}, *const item[] = {"2", "0", "1"};
    static const char *const names[] = {"whatever.npy", "arr_0.npy", "features"};
    for (int i = 0; i < 3; i++) {
        struct folder folder = folder_begin();
        diffmm_context *context = new_context(0);
        diffmm_dataset *dataset;
        struct array array = floats, other = {"a.npy", "<f4", "(1,)", rows, 4};
        array.name = names[i];
        struct path path = write_archive(&folder, i == 0 ? 1 : 2, (struct array[]){array, other});
        expect_success(diffmm_dataset_create(context, &dataset));
        expect_success(diffmm_dataset_read_modality(dataset, "x", path.text));
        expect_success(diffmm_dataset_add_named_interactions(dataset, DIFFMM_TRAIN, 3, user, item));
        expect_features(dataset, rows);
        diffmm_dataset_destroy(dataset);
        diffmm_context_destroy(context);
        folder_end(&folder);
    }
}
END_TEST

/* More elements than are read at once, in C order; and Fortran order. */
START_TEST(large_arrays)
{
    enum { items = 8, columns = 450 };
    static double values[items * columns];
    for (int i = 0; i < items * columns; i++)
        values[i] = i % 97 - 3;
    for (int fortran = 0; fortran < 2; fortran++) {
        struct folder folder = folder_begin();
        diffmm_context *context = new_context(0);
        diffmm_dataset *dataset;
        static struct bytes content[1], out;
        static float got[items * columns];
        static float narrow[items * columns];
        for (int i = 0; i < items * columns; i++)
            narrow[i] = (float)values[i];
        content->size = out.size = 0;
        bytes_add_npy(content, "<f4", "(8, 450)", fortran, narrow, sizeof narrow);
        zip_write(&out, &(struct zip_member){.name = "f.npy", .content = content}, 1);
        struct path path = folder_write(&folder, "x_feat.npz", out.data, out.size);
        expect_success(diffmm_dataset_create(context, &dataset));
        expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, (int32_t[]){0},
                                                       (int32_t[]){items - 1}));
        expect_success(diffmm_dataset_read_modality(dataset, "x", path.text));
        expect_success(diffmm_dataset_seal(dataset));
        expect_success(diffmm_dataset_features(dataset, 0, 0, items, got));
        for (int i = 0; i < items; i++)
            for (int k = 0; k < columns; k++)
                ck_assert(got[i * columns + k] ==
                          narrow[fortran ? k * items + i : i * columns + k]);
        diffmm_dataset_destroy(dataset);
        diffmm_context_destroy(context);
        folder_end(&folder);
    }
}
END_TEST

START_TEST(refused)
{
    static const uint32_t surrogate[] = {'a', 'b', 0xd800},
                          gap[] = {'a', 0, 'b', 'c', 0, 0, 'd', 0, 0};
    const struct {
        struct array arrays[3];
        size_t count;
        const char *message;
    } cases[] = {
        {{{"ids.npy", "<i4", "(3,)", rows, 12}}, 1, "it holds no array of features"},
        {{{"a.npy", "<f4", "(3, 2)", rows, 24}, {"b.npy", "<f4", "(3, 2)", rows, 24}},
         2,
         "which of its 2 arrays are features?"},
        {{{"features.npy", "<f4", "(6,)", rows, 24}}, 1, "features have 2 dimensions"},
        {{{"features.npy", "|S4", "(3, 2)", rows, 24}}, 1, "features are numbers, not of kind 'S'"},
        {{floats, {"ids.npy", "<i4", "(2,)", rows, 8}}, 2, "x_feat.npz:ids: 2 ids for 3 rows"},
        {{floats, {"ids.npy", "<i4", "(3, 1)", rows, 12}}, 2, "ids have 1 dimension, not 2"},
        {{floats, {"ids.npy", "<f4", "(3,)", rows, 12}}, 2, "ids are integers or text"},
        {{floats, {"ids.npy", "|S1", "(3,)", "aba", 3}}, 2, "element 2 is 'a', as is element 0"},
        {{floats, {"ids.npy", "|S1", "(3,)", "a\0b", 3}}, 2, "element 1 is empty"},
        {{floats,
          {"ids.npy", "|S1", "(3,)",
           "a\xff"
           "b",
           3}},
         2,
         "element 1 is not UTF-8"},
        {{floats, {"ids.npy", "<U1", "(3,)", surrogate, 12}}, 2, "element 2 is not Unicode"},
        {{floats, {"ids.npy", "<U3", "(3,)", gap, 36}}, 2, "element 0 has a NUL"},
    };
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = begin(context);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct path path = write_archive(&folder, cases[i].count, cases[i].arrays);
        expect_failure(diffmm_dataset_read_modality(dataset, "x", path.text), DIFFMM_ERROR_FORMAT,
                       cases[i].message);
    }
    struct path path =
        write_archive(&folder, 2, (struct array[]){floats, {"ids.npy", "|S1", "(3,)", "abc", 3}});
    folder_write_text(&folder, "x_feat.ids.txt", "a\nb\nc\n");
    expect_failure(diffmm_dataset_read_modality(dataset, "x", path.text), DIFFMM_ERROR_FORMAT,
                   "holds the ids of its rows itself");
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 0);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {ids_as_integers, ids_as_text, no_ids, large_arrays, refused};
    return run_tests("features from .npz", tests, sizeof tests / sizeof *tests);
}

#else

START_TEST(unsupported)
{
    diffmm_context *context = new_context(0);
    struct diffmm__feature_rows features;
    expect_failure(diffmm__features_npz_read(context, "x.npz", &features), DIFFMM_ERROR_UNSUPPORTED,
                   "built without libzip");
    diffmm_context_destroy(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {unsupported};
    return run_tests("features from .npz", tests, sizeof tests / sizeof *tests);
}

#endif
