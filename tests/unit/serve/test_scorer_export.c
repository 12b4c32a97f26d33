/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported vectors, read back. */
#include <math.h>

#include <diffmm/recommend.h>

#include "dataset/readers/npy_values.h"
#include "files/safetensors.h"
#include "serve/index_rows.h"
#include "support/failing.h"
#include "support/failure.h"
#include "support/folder.h"
#include "support/small_model.h"

enum { users = 7, items = 37, d = 19 };

static struct failing failing;
static struct folder folder;
static diffmm_context *context;
static diffmm_model *model;
static diffmm_scorer *scorer;
static char path[128];

static void begin(bool named)
{
    failing = (struct failing){0};
    context = failing_context(&failing, 1);
    folder = folder_begin();
    model = small_model(context, users, items, d, named);
    expect_success(diffmm_scorer_create(model, &scorer));
}

static void end(void)
{
    diffmm_scorer_destroy(scorer);
    diffmm_model_destroy(model);
    folder_end(&folder);
    diffmm_context_destroy(context);
}

static size_t rows_of(diffmm_side side)
{
    return side == DIFFMM_USERS ? users : items;
}

static const char *id_of(diffmm_side side, size_t row)
{
    return side == DIFFMM_USERS ? diffmm_scorer_user_id(scorer, (int32_t)row)
                                : diffmm_scorer_item_id(scorer, (int32_t)row);
}

/* Export to `name` as .npy and read the vectors back. */
static void npy_vectors(diffmm_side side, const char *name, float *out)
{
    struct diffmm__npy array;
    size_t size;
    folder_file(&folder, name, path);
    expect_success(diffmm_scorer_export(scorer, side, DIFFMM_VECTORS_NPY, path));
    unsigned char *bytes = read_bytes(path, &size);
    expect_success(diffmm__npy_parse(bytes, size, name, &array));
    ck_assert(array.kind == 'f' && array.item_size == 4 && !array.big_endian);
    ck_assert(array.dimensions == 2 && !array.fortran_order);
    ck_assert_uint_eq(array.shape[0], rows_of(side));
    ck_assert_uint_eq(array.shape[1], d);
    ck_assert_uint_eq((size_t)(array.data - bytes) % 64, 0);
    ck_assert_uint_eq((size_t)(array.data - bytes) + array.count * sizeof(float), size);
    expect_success(diffmm__npy_values_as_float(&array, name, out));
    free(bytes);
}

/* The ids beside it: one a line, in the order of the rows. */
static void expect_ids(diffmm_side side, const char *name)
{
    size_t size;
    folder_file(&folder, name, path);
    char *text = (char *)read_bytes(path, &size), *line = text;
    for (size_t row = 0; row < rows_of(side); row++) {
        char *newline = memchr(line, '\n', size - (size_t)(line - text));
        ck_assert_ptr_nonnull(newline);
        *newline = 0;
        ck_assert_str_eq(line, id_of(side, row));
        line = newline + 1;
    }
    ck_assert_ptr_eq(line, text + size);
    free(text);
}

/* Every dot product of exported rows is the score: in the scorer's own order to the bit, in any
 * other within the documented bound. */
static void expect_scores(const float *user_rows, const float *item_rows)
{
    for (size_t u = 0; u < users; u++) {
        float scores[items], again[items];
        expect_success(diffmm_score(scorer, (int32_t)u, items, NULL, scores));
        expect_success(diffmm_score_embedding(scorer, user_rows + u * d, items, NULL, again));
        ck_assert_mem_eq(scores, again, sizeof scores);
        for (size_t i = 0; i < items; i++) {
            float sum = 0, backwards = 0, magnitudes = 0;
            for (size_t k = 0; k < d; k++) {
                float product = user_rows[u * d + k] * item_rows[i * d + k];
                sum += product;
                magnitudes += fabsf(product);
            }
            for (size_t k = d; k-- > 0;)
                backwards += user_rows[u * d + k] * item_rows[i * d + k];
            float bound = 2 * d * 0x1p-24f * magnitudes;
            ck_assert_float_le(fabsf(sum - scores[i]), bound);
            ck_assert_float_le(fabsf(backwards - scores[i]), bound);
        }
    }
}

static void expect_same_rows(const float *user_rows, const float *item_rows)
{
    ck_assert_mem_eq(user_rows, model->final, sizeof(float) * users * d);
    ck_assert_mem_eq(item_rows, model->final + users * d, sizeof(float) * items * d);
    expect_scores(user_rows, item_rows);
}

START_TEST(npy_read_back)
{
    float user_rows[users * d], item_rows[items * d];
    begin(_i);
    npy_vectors(DIFFMM_USERS, "users.npy", user_rows);
    npy_vectors(DIFFMM_ITEMS, "items.vectors", item_rows);
    expect_ids(DIFFMM_USERS, "users.ids.txt");
    expect_ids(DIFFMM_ITEMS, "items.vectors.ids.txt");
    expect_same_rows(user_rows, item_rows);
    end();
}
END_TEST

/* Export as safetensors, read the vectors back and check ids and metadata. */
static void tensor_vectors(diffmm_side side, bool named, float *out)
{
    struct diffmm__safetensors *file;
    struct diffmm__tensor rows, text, offsets;
    bool of_users = side == DIFFMM_USERS;
    char count[24];
    folder_file(&folder, "vectors.safetensors", path);
    expect_success(diffmm_scorer_export(scorer, side, DIFFMM_VECTORS_SAFETENSORS, path));
    expect_success(diffmm__safetensors_open(context, path, &file));
    expect_success(
        diffmm__safetensors_find(file, of_users ? "final.user" : "final.item", DIFFMM__F32, &rows));
    ck_assert(rows.rows == rows_of(side) && rows.columns == d);
    memcpy(out, rows.data, sizeof(float) * rows.rows * d);
    ck_assert_uint_eq(diffmm__safetensors_count(file), named ? 3 : 1);
    if (named) {
        expect_success(diffmm__safetensors_find(file, of_users ? "ids.user.text" : "ids.item.text",
                                                DIFFMM__U8, &text));
        expect_success(diffmm__safetensors_find(
            file, of_users ? "ids.user.offsets" : "ids.item.offsets", DIFFMM__I64, &offsets));
        ck_assert_uint_eq(offsets.rows, rows.rows + 1);
        for (size_t row = 0; row < rows.rows; row++)
            ck_assert_str_eq((const char *)text.data + ((const int64_t *)offsets.data)[row],
                             id_of(side, row));
    }
    snprintf(count, sizeof count, "%zu", rows.rows);
    ck_assert_str_eq(diffmm__safetensors_metadata(file, "format"), "diffmm-vectors");
    ck_assert_str_eq(diffmm__safetensors_metadata(file, "version"), "1");
    ck_assert_str_eq(diffmm__safetensors_metadata(file, of_users ? "users" : "items"), count);
    ck_assert_str_eq(diffmm__safetensors_metadata(file, "d"), "19");
    diffmm__safetensors_close(file);
}

START_TEST(safetensors_read_back)
{
    float user_rows[users * d], item_rows[items * d];
    begin(_i);
    tensor_vectors(DIFFMM_USERS, _i, user_rows);
    tensor_vectors(DIFFMM_ITEMS, _i, item_rows);
    expect_same_rows(user_rows, item_rows);
    end();
}
END_TEST

/* The scorer of a model file exports the same bytes as that of the model. */
START_TEST(from_a_file)
{
    char from_model[128], from_file[128];
    size_t size, other_size;
    diffmm_scorer *served;
    begin(true);
    folder_file(&folder, "model", path);
    folder_file(&folder, "a", from_model);
    folder_file(&folder, "b", from_file);
    expect_success(diffmm_model_save(model, path));
    expect_success(diffmm_scorer_open(context, path, &served));
    for (int format = 0; format < 2; format++) {
        expect_success(
            diffmm_scorer_export(scorer, DIFFMM_ITEMS, (diffmm_vectors_format)format, from_model));
        expect_success(
            diffmm_scorer_export(served, DIFFMM_ITEMS, (diffmm_vectors_format)format, from_file));
        unsigned char *a = read_bytes(from_model, &size), *b = read_bytes(from_file, &other_size);
        ck_assert_uint_eq(size, other_size);
        ck_assert_mem_eq(a, b, size);
        free(a);
        free(b);
    }
    diffmm_scorer_destroy(served);
    end();
}
END_TEST

START_TEST(bad_input)
{
    begin(true);
    folder_file(&folder, "x.npy", path);
    expect_invalid(diffmm_scorer_export(NULL, DIFFMM_ITEMS, DIFFMM_VECTORS_NPY, path), "scorer");
    expect_invalid(diffmm_scorer_export(scorer, DIFFMM_ITEMS, DIFFMM_VECTORS_NPY, NULL), "path");
    expect_invalid(diffmm_scorer_export(scorer, (diffmm_side)2, DIFFMM_VECTORS_NPY, path),
                   "side is 2");
    expect_invalid(diffmm_scorer_export(scorer, DIFFMM_USERS, (diffmm_vectors_format)7, path),
                   "format is 7");
    expect_invalid(
        diffmm_scorer_export_for(scorer, DIFFMM_USERS, (diffmm_index)2, DIFFMM_VECTORS_NPY, path),
        "index is 2");
    expect_invalid(diffmm_scorer_export_for(scorer, DIFFMM_USERS, DIFFMM_INDEX_L2,
                                            (diffmm_vectors_format)7, path),
                   "format is 7");
    ck_assert_int_ne(access(path, F_OK), 0);
    for (int format = 0; format < 2; format++)
        expect_failure(diffmm_scorer_export(scorer, DIFFMM_USERS, (diffmm_vectors_format)format,
                                            "no-such-folder/x.npy"),
                       DIFFMM_ERROR_IO, "no-such-folder");
    end();
}
END_TEST

/* For an index of distances, a .npy file and one of tensors have the same rows (serve/index_rows.c),
 * and the latter says for what it is. */
START_TEST(for_an_index_of_distances)
{
    struct diffmm__index_rows wanted;
    struct diffmm__npy array;
    struct diffmm__safetensors *file;
    struct diffmm__tensor tensor;
    float rows[items * (d + 1)], read[items * (d + 1)];
    size_t size;
    begin(true);
    expect_success(diffmm__index_rows_begin(scorer, DIFFMM_ITEMS, DIFFMM_INDEX_L2, &wanted));
    diffmm__index_rows_copy(&wanted, 0, items, rows);
    folder_file(&folder, "items.npy", path);
    expect_success(
        diffmm_scorer_export_for(scorer, DIFFMM_ITEMS, DIFFMM_INDEX_L2, DIFFMM_VECTORS_NPY, path));
    unsigned char *bytes = read_bytes(path, &size);
    expect_success(diffmm__npy_parse(bytes, size, path, &array));
    ck_assert(array.shape[0] == items && array.shape[1] == d + 1);
    expect_success(diffmm__npy_values_as_float(&array, path, read));
    ck_assert_mem_eq(read, rows, sizeof rows);
    free(bytes);
    expect_ids(DIFFMM_ITEMS, "items.ids.txt");
    folder_file(&folder, "vectors.safetensors", path);
    expect_success(diffmm_scorer_export_for(scorer, DIFFMM_ITEMS, DIFFMM_INDEX_L2,
                                            DIFFMM_VECTORS_SAFETENSORS, path));
    expect_success(diffmm__safetensors_open(context, path, &file));
    expect_success(diffmm__safetensors_find(file, "final.item", DIFFMM__F32, &tensor));
    ck_assert(tensor.rows == items && tensor.columns == d + 1);
    ck_assert_mem_eq(tensor.data, rows, sizeof rows);
    ck_assert_str_eq(diffmm__safetensors_metadata(file, "d"), "20");
    ck_assert_str_eq(diffmm__safetensors_metadata(file, "index"), "l2");
    diffmm__safetensors_close(file);
    /* Without it, nothing has changed. */
    expect_success(diffmm_scorer_export_for(scorer, DIFFMM_ITEMS, DIFFMM_INDEX_INNER_PRODUCT,
                                            DIFFMM_VECTORS_SAFETENSORS, path));
    expect_success(diffmm__safetensors_open(context, path, &file));
    ck_assert_ptr_null(diffmm__safetensors_metadata(file, "index"));
    diffmm__safetensors_close(file);
    end();
}
END_TEST

/* An id with a line break goes into safetensors, but not into a text of lines. */
START_TEST(line_breaks_in_ids)
{
    char *text;
    begin(true);
    text = model->catalog->item_ids.text + model->catalog->item_ids.offsets[5];
    text[1] = '\n';
    folder_file(&folder, "items.npy", path);
    expect_invalid(diffmm_scorer_export(scorer, DIFFMM_ITEMS, DIFFMM_VECTORS_NPY, path), "item 5");
    ck_assert_int_ne(access(path, F_OK), 0);
    float rows[items * d];
    tensor_vectors(DIFFMM_ITEMS, true, rows);
    end();
}
END_TEST

static diffmm_status export_all(void *argument)
{
    (void)argument;
    diffmm_status status = DIFFMM_OK;
    for (int kind = 0; kind < 8 && !status; kind++)
        status = diffmm_scorer_export_for(scorer, (diffmm_side)(kind % 2), (diffmm_index)(kind / 4),
                                          (diffmm_vectors_format)(kind / 2 % 2), path);
    return status;
}

START_TEST(without_memory)
{
    begin(true);
    folder_file(&folder, "x.npy", path);
    ck_assert_uint_ge(fail_each_allocation(&failing, export_all, NULL), 36);
    end();
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("export");
    with_traps(tests);
    tcase_add_loop_test(tests, npy_read_back, 0, 2);
    tcase_add_loop_test(tests, safetensors_read_back, 0, 2);
    tcase_add_test(tests, for_an_index_of_distances);
    tcase_add_test(tests, from_a_file);
    tcase_add_test(tests, bad_input);
    tcase_add_test(tests, line_breaks_in_ids);
    tcase_add_test(tests, without_memory);
    return run_case("export", tests) != 0;
}
