/* SPDX-License-Identifier: BSD-2-Clause */
#include <diffmm/diffmm.h>

#include "support/bytes.h"
#include "support/context.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/pickle_writer.h"

/* A pickled coo matrix with ones at (row[i], column[i]). */
static struct path write_pickle(const struct folder *folder, const char *name, int64_t rows,
                                int64_t columns, size_t count, const unsigned char *row,
                                const unsigned char *column)
{
    static const unsigned char ones[] = {1, 1, 1, 1};
    struct pickle_writer w = {.protocol = 3, .old_modules = true};
    ck_assert_uint_le(count, sizeof ones);
    pickle_begin(&w, false);
    pickle_shape(&w, rows, columns);
    pickle_field(&w, "row", "u1", "|", count, row, count);
    pickle_field(&w, "col", "u1", "|", count, column, count);
    pickle_field(&w, "data", "u1", "|", count, ones, count);
    pickle_op(&w, "ub.");
    return folder_write(folder, name, w.bytes.data, w.bytes.size);
}

static void write_features(const struct folder *folder, const char *name, const char *shape,
                           size_t count)
{
    struct bytes bytes = {.size = 0};
    float values[256];
    for (size_t i = 0; i < count; i++)
        values[i] = (float)i;
    bytes_add_npy(&bytes, "<f4", shape, 0, values, 4 * count);
    folder_write(folder, name, bytes.data, bytes.size);
}

static const unsigned char row[] = {0, 0, 2}, column[] = {1, 3, 0}, held_row[] = {1},
                           held_column[] = {2};

START_TEST(released_layout)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    write_pickle(&folder, "trnMat.pkl", 3, 4, 3, row, column);
    write_pickle(&folder, "valMat.pkl", 3, 4, 1, held_row, held_column);
    write_pickle(&folder, "tstMat.pkl", 5, 4, 1, held_row, held_column);
    write_features(&folder, "text_feat.npy", "(4, 2)", 8);
    write_features(&folder, "audio_feat.npy", "(4, 3)", 12);
    expect_success(diffmm_dataset_open(context, folder.path, &dataset));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 5);
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 4);
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 2);
    ck_assert_str_eq(diffmm_dataset_modality_name(dataset, 0), "audio");
    ck_assert_str_eq(diffmm_dataset_modality_name(dataset, 1), "text");
    ck_assert_uint_eq(diffmm_dataset_modality_dimensions(dataset, 0), 3);
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TRAIN), 3);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_VALID), 1);
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TEST), 1);
    const int32_t *items;
    size_t count;
    expect_success(diffmm_dataset_row(dataset, DIFFMM_TRAIN, 0, &items, &count));
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(items[0], 1);
    ck_assert_int_eq(items[1], 3);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

START_TEST(only_the_training_matrix_must_exist)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = NULL;
    expect_failure(diffmm_dataset_open(context, folder.path, &dataset), DIFFMM_ERROR_IO,
                   "trnMat.pkl");
    write_pickle(&folder, "valMat.pkl", 3, 4, 1, held_row, held_column);
    expect_failure(diffmm_dataset_open(context, folder.path, &dataset), DIFFMM_ERROR_IO,
                   folder.path);
    ck_assert_ptr_null(dataset);
    write_pickle(&folder, "trnMat.pkl", 3, 4, 3, row, column);
    expect_success(diffmm_dataset_open(context, folder.path, &dataset));
    ck_assert_uint_eq(diffmm_dataset_modalities(dataset), 0);
    /* Not sealed: more may be added. */
    expect_success(diffmm_dataset_reserve(dataset, 10, 4));
    ck_assert_uint_eq(diffmm_dataset_users(dataset), 10);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

START_TEST(a_split_is_there_once)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset = NULL;
    write_pickle(&folder, "trnMat.pkl", 3, 4, 3, row, column);
    write_pickle(&folder, "valMat.pkl", 3, 4, 1, held_row, held_column);
    folder_write_text(&folder, "valMat.npz", "another");
    expect_failure(diffmm_dataset_open(context, folder.path, &dataset), DIFFMM_ERROR_FORMAT,
                   "holds both valMat.pkl and valMat.npz");
    ck_assert_ptr_null(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

START_TEST(a_file_with_features_and_ids_beside_it)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    int32_t item;
    write_features(&folder, "cover_feat.npy", "(3, 2)", 6);
    folder_write_text(&folder, "item_ids.txt", "x\r\ny\nz");
    struct path path =
        folder_write_text(&folder, "clicks.tsv", "user\titem\tsplit\nu\tz\t\nu\tx\ttest\n");
    expect_success(diffmm_dataset_open(context, path.text, &dataset));
    expect_success(diffmm_dataset_seal(dataset));
    ck_assert_uint_eq(diffmm_dataset_items(dataset), 3);
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 0), "x");
    ck_assert_str_eq(diffmm_dataset_item_id(dataset, 1), "y");
    expect_success(diffmm_dataset_find_item(dataset, "z", &item));
    ck_assert_int_eq(item, 2);
    ck_assert_str_eq(diffmm_dataset_modality_name(dataset, 0), "cover");
    ck_assert_uint_eq(diffmm_dataset_interactions(dataset, DIFFMM_TEST), 1);
    diffmm_dataset_destroy(dataset);
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

static void check_ids(const char *ids, size_t size, diffmm_status wanted, const char *message)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    folder_write(&folder, "item_ids.txt", ids, size);
    struct path path = folder_write_text(&folder, "clicks.csv", "user,item\nu,a\n");
    expect_failure(diffmm_dataset_open(context, path.text, &dataset), wanted, message);
    diffmm_context_destroy(context);
    folder_end(&folder);
}

START_TEST(broken_id_lists)
{
    check_ids("a\n\nb\n", 5, DIFFMM_ERROR_FORMAT, "item_ids.txt:2: the line is empty");
    check_ids("\r\na\n", 4, DIFFMM_ERROR_FORMAT, "item_ids.txt:1: the line is empty");
    check_ids("a\0b\n", 4, DIFFMM_ERROR_FORMAT, "item_ids.txt:1: the line has a NUL");
    check_ids("a\nb\na\n", 6, DIFFMM_ERROR_FORMAT, "ids[2] is 'a'");
    check_ids("\xff\n", 2, DIFFMM_ERROR_FORMAT, "not UTF-8");
    check_ids("", 0, DIFFMM_ERROR_FORMAT, "item_ids.txt");
    check_ids("b\n", 2, DIFFMM_ERROR_FORMAT, "item 'a' is not among");
}
END_TEST

START_TEST(wrong_paths_and_files)
{
    struct folder folder = folder_begin();
    diffmm_context *context = new_context(0);
    diffmm_dataset *dataset;
    struct path path = folder_path(&folder, "nowhere");
    expect_failure(diffmm_dataset_open(context, path.text, &dataset), DIFFMM_ERROR_IO, path.text);
    expect_failure(diffmm_dataset_open(context, path.text, &dataset), DIFFMM_ERROR_IO,
                   "No such file");
    path = folder_write_text(&folder, "data.json", "{}");
    expect_failure(diffmm_dataset_open(context, path.text, &dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "data.json");
    path = folder_write_text(&folder, "clicks.tsv", "user\titem\nu\ti\n");
    write_features(&folder, "no good_feat.npy", "(1, 1)", 1);
    expect_failure(diffmm_dataset_open(context, path.text, &dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "no good_feat.npy");
    expect_failure(diffmm_dataset_open(NULL, path.text, &dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "context");
    expect_failure(diffmm_dataset_open(context, NULL, &dataset), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "path");
    expect_failure(diffmm_dataset_open(context, path.text, NULL), DIFFMM_ERROR_INVALID_ARGUMENT,
                   "out");
    write_pickle(&folder, "trnMat.pkl", 3, 4, 3, row, column);
    folder_write_text(&folder, "tstMat.pkl",
                      "\x80\x03"
                      "cos\nsystem\n");
    expect_failure(diffmm_dataset_open(context, folder.path, &dataset), DIFFMM_ERROR_FORMAT,
                   "os.system");
    diffmm_context_destroy(context);
    folder_end(&folder);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {released_layout,       only_the_training_matrix_must_exist,
                                  a_split_is_there_once, a_file_with_features_and_ids_beside_it,
                                  broken_id_lists,       wrong_paths_and_files};
    return run_tests("directory", tests, sizeof tests / sizeof *tests);
}
