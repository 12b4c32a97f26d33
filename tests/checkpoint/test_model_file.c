/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>

#include <diffmm/recommend.h>

#include "../support/failing.h"
#include "../support/failure.h"
#include "../support/folder.h"
#include "../support/small_model.h"
#include "checkpoint/safetensors.h"

enum { users = 6, items = 9, d = 4, most_tensors = 20, metadata_count = 8 };

static diffmm_context *context;
static struct folder folder;
static char path[128];
static diffmm_model *model;

static void begin(bool named)
{
    expect_success(diffmm_context_create(&(diffmm_context_settings){.threads = 1}, &context));
    folder = folder_begin();
    folder_file(&folder, "model.safetensors", path);
    model = small_model(context, users, items, d, named);
}

static void end(void)
{
    diffmm_model_destroy(model);
    folder_end(&folder);
    diffmm_context_destroy(context);
}

static void expect_same_names(const struct diffmm__names *a, const struct diffmm__names *b)
{
    ck_assert_uint_eq(a->count, b->count);
    ck_assert(a->numeric == b->numeric);
    for (int32_t i = 0; i < (int32_t)a->count; i++)
        ck_assert_str_eq(diffmm__names_text(a, i), diffmm__names_text(b, i));
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
    size_t seen = (size_t)a->catalog->seen.pointers[a->users];
    ck_assert_mem_eq(a->catalog->seen.pointers, b->catalog->seen.pointers,
                     (a->users + 1) * sizeof(int64_t));
    ck_assert_mem_eq(a->catalog->seen.items, b->catalog->seen.items, seen * sizeof(int32_t));
    expect_same_names(&a->catalog->user_names, &b->catalog->user_names);
    expect_same_names(&a->catalog->item_names, &b->catalog->item_names);
    char *x = diffmm__options_to_json(a->options), *y = diffmm__options_to_json(b->options);
    ck_assert_str_eq(x, y);
    diffmm__release(context, x);
    diffmm__release(context, y);
    ck_assert_uint_eq(b->settings.embedding_size, b->d);
}

static void there_and_back(bool named)
{
    diffmm_model *back;
    begin(named);
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
    there_and_back(true);
}
END_TEST

START_TEST(there_and_back_with_numbers)
{
    there_and_back(false);
}
END_TEST

/* The saved model's file taken apart, so that single parts can be spoilt. */
struct parts {
    struct diffmm__safetensors *file;
    struct diffmm__metadata metadata[metadata_count];
    struct diffmm__tensor tensors[most_tensors];
    size_t count;
};

static const char *const keys[metadata_count] = {"format", "version", "library",    "users",
                                                 "items",  "d",       "modalities", "options"};

static struct parts take_apart(void)
{
    struct parts parts = {.count = 0};
    expect_success(diffmm_model_save(model, path));
    expect_success(diffmm__safetensors_open(context, path, &parts.file));
    for (size_t i = 0; i < metadata_count; i++)
        parts.metadata[i] =
            (struct diffmm__metadata){keys[i], diffmm__safetensors_metadata(parts.file, keys[i])};
    parts.count = diffmm__safetensors_count(parts.file);
    ck_assert_uint_le(parts.count, most_tensors);
    for (size_t i = 0; i < parts.count; i++)
        diffmm__safetensors_at(parts.file, i, &parts.tensors[i]);
    return parts;
}

static struct diffmm__tensor *tensor(struct parts *parts, const char *name)
{
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(parts->tensors[i].name, name) == 0)
            return &parts->tensors[i];
    ck_abort_msg("no tensor %s", name);
    return NULL;
}

static void expect_both_refuse(const char *file, diffmm_status status, const char *part,
                               bool scorer_too)
{
    diffmm_model *back = NULL;
    diffmm_scorer *scorer = NULL;
    expect_failure(diffmm_model_load(context, file, &back), status, part);
    ck_assert_ptr_null(back);
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), file));
    if (!scorer_too)
        return;
    expect_failure(diffmm_scorer_open(context, file, &scorer), status, part);
    ck_assert_ptr_null(scorer);
}

static void expect_spoilt(const struct parts *parts, const char *part, bool scorer_too)
{
    char spoilt[128];
    folder_file(&folder, "spoilt.safetensors", spoilt);
    expect_success(diffmm__safetensors_write(context, spoilt, parts->metadata, metadata_count,
                                             parts->tensors, parts->count));
    expect_both_refuse(spoilt,
                       strstr(part, "version '") ? DIFFMM_ERROR_VERSION : DIFFMM_ERROR_FORMAT, part,
                       scorer_too);
}

START_TEST(spoilt_metadata_is_refused)
{
    static const struct {
        size_t key;
        const char *value, *part;
        bool scorer_too;
    } cases[] = {
        {0, "diffmm-checkpoint", "'diffmm-checkpoint', not 'diffmm-model'", true},
        {1, "2", "version '2'; this library reads version '1'", true},
        {3, "7", "'seen.pointers' has 7 elements, not 8", true},
        {3, "0", "users is '0'", true},
        {3, "-6", "users is '-6'", true},
        {3, "6.0", "users is '6.0'", true},
        {3, "99999999999", "users is '99999999999'", true},
        {4, "3", "'seen.items'", true},
        {5, "3", "'final.user' is 6 x 4, not 6 x 3", true},
        {5, "", "d is ''", true},
        {6, "{}", "not a list", false},
        {6, "[", "JSON", false},
        {6, "[1]", "modality 0", false},
        {6, "[{\"name\":\"\",\"dimensions\":5,\"projection\":\"leaky\"}]", "no name", false},
        {6, "[{\"name\":\"image\",\"dimensions\":0,\"projection\":\"leaky\"}]", "no dimensions",
         false},
        {6, "[{\"name\":\"image\",\"dimensions\":5,\"projection\":\"cubic\"}]",
         "neither leaky nor linear", false},
        {6,
         "[{\"name\":\"image\",\"dimensions\":5,\"projection\":\"leaky\"},"
         "{\"name\":\"image\",\"dimensions\":5,\"projection\":\"leaky\"}]",
         "name of another", false},
        {6, "[{\"name\":\"image\",\"dimensions\":5,\"projection\":\"leaky\"}]",
         "'modality_logits' is 2 x 1, not 1 x 1", false},
        {6,
         "[{\"name\":\"image\",\"dimensions\":6,\"projection\":\"leaky\"},"
         "{\"name\":\"text\",\"dimensions\":7,\"projection\":\"linear\"}]",
         "projection.weight' is 5 x 4, not 6 x 4", false},
        {6,
         "[{\"name\":\"sound\",\"dimensions\":5,\"projection\":\"leaky\"},"
         "{\"name\":\"text\",\"dimensions\":7,\"projection\":\"linear\"}]",
         "no tensor 'modality.sound.projection.weight'", false},
        {7, "", "JSON", false},
        {7, "{\"epochs\":\"none\"}", "'epochs'", false},
        {7, "{}", "embedding_size is 64, but the metadata's d is 4", false},
    };
    begin(true);
    struct parts parts = take_apart();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *kept = parts.metadata[cases[i].key].value;
        parts.metadata[cases[i].key].value = cases[i].value;
        expect_spoilt(&parts, cases[i].part, cases[i].scorer_too);
        parts.metadata[cases[i].key].value = kept;
    }
    diffmm__safetensors_close(parts.file);
    end();
}
END_TEST

START_TEST(absent_metadata_is_refused)
{
    begin(true);
    struct parts parts = take_apart();
    for (size_t i = 0; i < metadata_count; i++) {
        if (strcmp(keys[i], "library") == 0)
            continue; /* only told */
        struct diffmm__metadata kept = parts.metadata[i];
        parts.metadata[i].key = "other";
        expect_spoilt(&parts, i == 1 ? "version ''" : keys[i], false);
        parts.metadata[i] = kept;
    }
    diffmm__safetensors_close(parts.file);
    end();
}
END_TEST

START_TEST(absent_and_mistyped_tensors_are_refused)
{
    begin(true);
    struct parts parts = take_apart();
    for (size_t i = 0; i < parts.count; i++) {
        struct diffmm__tensor kept = parts.tensors[i];
        parts.tensors[i].name = "other";
        expect_spoilt(&parts, kept.name, false);
        parts.tensors[i] = kept;
        parts.tensors[i].dtype = kept.dtype == DIFFMM__F32   ? DIFFMM__I32
                                 : kept.dtype == DIFFMM__I32 ? DIFFMM__F32
                                 : kept.dtype == DIFFMM__I64 ? DIFFMM__F64
                                                             : DIFFMM__U8;
        if (kept.dtype != DIFFMM__U8)
            expect_spoilt(&parts, kept.name, false);
        parts.tensors[i] = kept;
    }
    diffmm__safetensors_close(parts.file);
    end();
}
END_TEST

START_TEST(spoilt_numbers_are_refused)
{
    begin(true);
    struct parts parts = take_apart();
    static const char *const floats[] = {"final.user",      "final.item",
                                         "user_embedding",  "item_embedding",
                                         "modality_logits", "modality.text.projection.bias"};
    float values[(users + items) * d];
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        struct diffmm__tensor *spoilt = tensor(&parts, floats[i]), kept = *spoilt;
        size_t count = kept.rows * (kept.columns ? kept.columns : 1);
        memcpy(values, kept.data, count * sizeof *values);
        values[count - 1] = i % 2 ? NAN : INFINITY;
        spoilt->data = values;
        expect_spoilt(&parts, floats[i], i < 2);
        *spoilt = kept;
    }
    diffmm__safetensors_close(parts.file);
    end();
}
END_TEST

START_TEST(spoilt_rows_are_refused)
{
    static const struct {
        const char *tensor;
        size_t at;
        int64_t value;
        const char *part;
    } cases[] = {
        {"seen.pointers", 0, 1, "seen.pointers"},
        {"seen.pointers", 2, -1, "seen.pointers"},
        {"seen.pointers", 2, INT64_MAX, "seen.pointers"},
        {"seen.pointers", 6, INT64_MAX, "seen.pointers"},
        {"seen.pointers", 6, INT64_MIN, "seen.pointers"},
        {"seen.items", 0, -1, "seen.items"},
        {"seen.items", 0, items, "seen.items"},
        {"ids.user.offsets", 0, 1, "user"},
        {"ids.user.offsets", 1, 0, "user"},
        {"ids.user.offsets", 1, -5, "user"},
        {"ids.user.offsets", 1, INT64_MAX, "user"},
        {"ids.item.offsets", 9, INT64_MAX, "ids.item.offsets"},
        {"ids.item.offsets", 9, -1, "ids.item.offsets"},
    };
    begin(true);
    struct parts parts = take_apart();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct diffmm__tensor *spoilt = tensor(&parts, cases[i].tensor), kept = *spoilt;
        int64_t longs[64];
        int32_t integers[64];
        if (kept.dtype == DIFFMM__I64) {
            memcpy(longs, kept.data, kept.rows * sizeof *longs);
            longs[cases[i].at] = cases[i].value;
            spoilt->data = longs;
        } else {
            memcpy(integers, kept.data, kept.rows * sizeof *integers);
            integers[cases[i].at] = (int32_t)cases[i].value;
            spoilt->data = integers;
        }
        expect_spoilt(&parts, cases[i].part, true);
        *spoilt = kept;
    }
    diffmm__safetensors_close(parts.file);
    end();
}
END_TEST

START_TEST(repeated_names_and_items_are_refused)
{
    begin(true);
    struct parts parts = take_apart();
    struct diffmm__tensor *text = tensor(&parts, "ids.user.text"), kept = *text;
    char copy[256];
    memcpy(copy, kept.data, kept.rows);
    memcpy(copy, "user1-", 7);
    text->data = copy;
    expect_spoilt(&parts, "user1-", true);
    copy[6] = 'x'; /* no NUL at the end of the first */
    expect_spoilt(&parts, "user id 0", true);
    *text = kept;
    struct diffmm__tensor *rows = tensor(&parts, "seen.items");
    int32_t same[64];
    for (size_t i = 0; i < rows->rows; i++)
        same[i] = 3;
    rows->data = same;
    expect_spoilt(&parts, "seen.items", true);
    diffmm__safetensors_close(parts.file);
    end();
}
END_TEST

START_TEST(further_tensors_and_metadata_do_no_harm)
{
    static const float value[1] = {1};
    diffmm_model *back;
    char other[128];
    begin(true);
    struct parts parts = take_apart();
    folder_file(&folder, "other.safetensors", other);
    parts.tensors[parts.count++] =
        (struct diffmm__tensor){.name = "further", .dtype = DIFFMM__F32, .rows = 1, .data = value};
    parts.metadata[2].key = "further";
    expect_success(diffmm__safetensors_write(context, other, parts.metadata, metadata_count,
                                             parts.tensors, parts.count));
    expect_success(diffmm_model_load(context, other, &back));
    expect_same(model, back);
    diffmm_model_destroy(back);
    diffmm__safetensors_close(parts.file);
    end();
}
END_TEST

START_TEST(truncated_and_flipped_files_never_do_harm)
{
    size_t size;
    char spoilt[128];
    begin(true);
    folder_file(&folder, "spoilt.safetensors", spoilt);
    expect_success(diffmm_model_save(model, path));
    unsigned char *content = read_bytes(path, &size);
    for (size_t kept = 0; kept < size; kept += kept < 64 ? 1 : 13) {
        write_bytes(spoilt, content, kept);
        expect_both_refuse(spoilt, DIFFMM_ERROR_FORMAT, "spoilt", true);
    }
    for (size_t at = 0; at < size; at++) {
        diffmm_model *back = NULL;
        unsigned char bit = (unsigned char)(1 << at % 8);
        content[at] ^= bit;
        write_bytes(spoilt, content, size);
        content[at] ^= bit;
        diffmm_status status = diffmm_model_load(context, spoilt, &back);
        ck_assert_msg(status == DIFFMM_OK || status == DIFFMM_ERROR_FORMAT ||
                          status == DIFFMM_ERROR_VERSION,
                      "byte %zu: %s", at, diffmm_error_message());
        ck_assert((status == DIFFMM_OK) == (back != NULL));
        diffmm_model_destroy(back);
    }
    free(content);
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
    expect_both_refuse(path, DIFFMM_ERROR_FORMAT, "too few", true);
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
                                  spoilt_metadata_is_refused,
                                  absent_metadata_is_refused,
                                  absent_and_mistyped_tensors_are_refused,
                                  spoilt_numbers_are_refused,
                                  spoilt_rows_are_refused,
                                  repeated_names_and_items_are_refused,
                                  further_tensors_and_metadata_do_no_harm,
                                  truncated_and_flipped_files_never_do_harm,
                                  what_cannot_be_saved_leaves_the_old_file,
                                  bad_arguments_are_named,
                                  any_allocation_may_fail};
    return run_tests("model_file", tests, sizeof tests / sizeof *tests) != 0;
}
