/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include <diffmm/recommend.h>

#include "files/safetensors.h"
#include "options/options_json.h"
#include "support/failing.h"
#include "support/failure.h"
#include "support/model_file.h"

static void expect_same_names(const struct diffmm__ids *a, const struct diffmm__ids *b)
{
    ck_assert_uint_eq(a->count, b->count);
    ck_assert(a->numeric == b->numeric);
    for (int32_t i = 0; i < (int32_t)a->count; i++)
        ck_assert_str_eq(diffmm__ids_text(a, i), diffmm__ids_text(b, i));
}

static void expect_same_rows(const struct diffmm__csr *a, const struct diffmm__csr *b)
{
    ck_assert(a->rows == b->rows && a->columns == b->columns);
    if (!a->pointers) {
        ck_assert_ptr_null(b->pointers);
        return;
    }
    ck_assert_mem_eq(a->pointers, b->pointers, (a->rows + 1) * sizeof(int64_t));
    ck_assert_mem_eq(a->indices, b->indices, diffmm__csr_entries(a) * sizeof(int32_t));
}

static void expect_same(const diffmm_model *a, const diffmm_model *b)
{
    ck_assert(a->users == b->users && a->items == b->items && a->d == b->d);
    ck_assert_mem_eq(a->final, b->final, (a->users + a->items) * a->d * sizeof(float));
    ck_assert_uint_eq(a->parameter_count, b->parameter_count);
    for (size_t i = 0; i < a->parameter_count; i++) {
        const struct diffmm__parameter *x = &a->parameters[i], *y = &b->parameters[i];
        ck_assert_str_eq(x->name, y->name);
        ck_assert(x->rows == y->rows && x->columns == y->columns);
        ck_assert_mem_eq(x->values, y->values, x->rows * x->columns * sizeof(float));
    }
    ck_assert_uint_eq(a->modality_count, b->modality_count);
    for (size_t i = 0; i < a->modality_count; i++) {
        const struct diffmm__model_modality *x = &a->modalities[i], *y = &b->modalities[i];
        ck_assert_str_eq(x->name, y->name);
        ck_assert(x->dimensions == y->dimensions && x->projection == y->projection);
        ck_assert_int_eq(x->weight - a->parameters, y->weight - b->parameters);
        ck_assert((x->bias == NULL) == (y->bias == NULL));
    }
    expect_same_rows(&a->catalog->train, &b->catalog->train);
    expect_same_rows(&a->seen, &b->seen);
    expect_same_names(&a->catalog->user_ids, &b->catalog->user_ids);
    expect_same_names(&a->catalog->item_ids, &b->catalog->item_ids);
    char *x = diffmm__options_to_json(a->options), *y = diffmm__options_to_json(b->options);
    ck_assert_str_eq(x, y);
    diffmm__release(context, x);
    diffmm__release(context, y);
    ck_assert_uint_eq(b->settings.embedding_size, b->d);
}

static void there_and_back(bool named, bool held_out)
{
    diffmm_model *back;
    begin(named);
    if (held_out)
        small_held_out(model);
    expect_success(diffmm_model_save(model, path));
    expect_success(diffmm_model_load(context, path, &back));
    expect_same(model, back);
    ck_assert_ptr_null(back->dataset);
    ck_assert_ptr_null(back->workspace);
    ck_assert_ptr_null(back->adjacency);
    /* What was read can be written again, over the old file. */
    expect_success(diffmm_model_save(back, path));
    diffmm_model_destroy(back);
    expect_success(diffmm_model_load(context, path, &back));
    expect_same(model, back);
    diffmm_model_destroy(back);
    end();
}

START_TEST(there_and_back_with_names)
{
    there_and_back(true, false);
}
END_TEST

START_TEST(there_and_back_with_numbers)
{
    there_and_back(false, false);
}
END_TEST

START_TEST(there_and_back_with_held_out_items)
{
    there_and_back(true, true);
}
END_TEST

/* A file of a model without held-out items is what it was before there could be any; one with them
 * has a mark for each item that counts as seen. */
START_TEST(training_items_are_marked_where_others_are_seen)
{
    struct diffmm__safetensors *file;
    struct diffmm__tensor marks;
    begin(true);
    expect_success(diffmm_model_save(model, path));
    expect_success(diffmm__safetensors_open(context, path, &file));
    ck_assert(!diffmm__safetensors_has(file, "seen.train"));
    diffmm__safetensors_close(file);
    small_held_out(model);
    const struct diffmm__csr *train = &model->catalog->train, *seen = &model->seen;
    ck_assert_uint_gt(diffmm__csr_entries(seen), diffmm__csr_entries(train));
    expect_success(diffmm_model_save(model, path));
    expect_success(diffmm__safetensors_open(context, path, &file));
    expect_success(diffmm__safetensors_find(file, "seen.train", DIFFMM__U8, &marks));
    ck_assert_uint_eq(marks.rows, diffmm__csr_entries(seen));
    for (size_t u = 0; u < users; u++)
        for (int64_t e = seen->pointers[u]; e < seen->pointers[u + 1]; e++)
            ck_assert_int_eq(((const unsigned char *)marks.data)[e],
                             diffmm__csr_has(train, u, seen->indices[e]));
    diffmm__safetensors_close(file);
    end();
}
END_TEST

START_TEST(what_cannot_be_saved_leaves_the_old_file)
{
    diffmm_model *back;
    begin(true);
    expect_success(diffmm_model_save(model, path));
    float kept = model->final[0];
    model->final[0] = NAN;
    expect_failure(diffmm_model_save(model, path), DIFFMM_ERROR_NUMERIC, "'final.user'");
    model->final[0] = kept;
    kept = model->parameters[1].values[2];
    model->parameters[1].values[2] = INFINITY;
    expect_failure(diffmm_model_save(model, path), DIFFMM_ERROR_NUMERIC, "'item_embedding'");
    model->parameters[1].values[2] = kept;
    expect_failure(diffmm_model_save(model, "/nowhere/at/all"), DIFFMM_ERROR_IO, "/nowhere/at");
    float *final = model->final;
    model->final = NULL;
    expect_failure(diffmm_model_save(model, path), DIFFMM_ERROR_STATE, "diffmm_model_forward");
    model->final = final;
    expect_success(diffmm_model_load(context, path, &back));
    expect_same(model, back);
    diffmm_model_destroy(back);
    end();
}
END_TEST

START_TEST(bad_arguments_are_named)
{
    diffmm_model *back = NULL;
    begin(true);
    expect_failure(diffmm_model_save(NULL, path), DIFFMM_ERROR_INVALID_ARGUMENT, "model");
    expect_failure(diffmm_model_save(model, NULL), DIFFMM_ERROR_INVALID_ARGUMENT, "path");
    expect_failure(diffmm_model_load(NULL, path, &back), DIFFMM_ERROR_INVALID_ARGUMENT, "context");
    expect_failure(diffmm_model_load(context, NULL, &back), DIFFMM_ERROR_INVALID_ARGUMENT, "path");
    expect_failure(diffmm_model_load(context, path, NULL), DIFFMM_ERROR_INVALID_ARGUMENT, "out");
    expect_failure(diffmm_model_load(context, path, &back), DIFFMM_ERROR_IO, path);
    expect_failure(diffmm_model_load(context, folder.path, &back), DIFFMM_ERROR_IO, folder.path);
    write_bytes(path, "", 0);
    expect_failure(diffmm_model_load(context, path, &back), DIFFMM_ERROR_FORMAT, "too few");
    ck_assert_ptr_null(back);
    end();
}
END_TEST

static diffmm_status save(void *argument)
{
    return diffmm_model_save(argument, path);
}

static diffmm_status load(void *argument)
{
    diffmm_model *back = NULL;
    diffmm_scorer *scorer = NULL;
    diffmm_status status = diffmm_model_load(argument, path, &back);
    if (!status)
        status = diffmm_scorer_create(back, &scorer);
    diffmm_model_destroy(back);
    diffmm_scorer_destroy(scorer);
    if (!status) {
        status = diffmm_scorer_open(argument, path, &scorer);
        if (!status)
            diffmm_scorer_destroy(scorer);
    }
    return status;
}

START_TEST(any_allocation_may_fail)
{
    struct failing failing = {0};
    begin(true);
    diffmm_context *own = failing_context(&failing, 1);
    diffmm_model *mine = small_model(own, users, items, d, true);
    small_held_out(mine);
    ck_assert_uint_gt(fail_each_allocation(&failing, save, mine), 8);
    ck_assert_uint_gt(fail_each_allocation(&failing, load, own), 100);
    diffmm_model_destroy(mine);
    diffmm_context_destroy(own);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {there_and_back_with_names,
                                  there_and_back_with_numbers,
                                  there_and_back_with_held_out_items,
                                  training_items_are_marked_where_others_are_seen,
                                  what_cannot_be_saved_leaves_the_old_file,
                                  bad_arguments_are_named,
                                  any_allocation_may_fail};
    return run_tests("model_file", tests, sizeof tests / sizeof *tests) != 0;
}
