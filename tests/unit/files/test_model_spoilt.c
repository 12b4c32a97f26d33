/* SPDX-License-Identifier: BSD-2-Clause */
/* Model files in which single parts are spoilt. */
#include <math.h>

#include <diffmm/recommend.h>

#include "files/safetensors.h"
#include "files/safetensors_write.h"
#include "support/failure.h"
#include "support/model_file.h"

enum { most_tensors = 20, metadata_count = 8 };

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
        {3, "7", "'final.user' is 6 x 4, not 7 x 4", true},
        {3, "0", "users is '0'", true},
        {3, "-6", "users is '-6'", true},
        {3, "6.0", "users is '6.0'", true},
        {3, "99999999999", "users is '99999999999'", true},
        {4, "3", "'final.item' is 9 x 4, not 3 x 4", true},
        {5, "3", "'final.user' is 6 x 4, not 6 x 3", true},
        {5, "", "d is ''", true},
        {6, "{}", "not a list", true},
        {6, "[]", "'modality_logits' is 2 x 1, not 0 x 1", false},
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

START_TEST(spoilt_marks_are_refused)
{
    unsigned char marks[64];
    begin(true);
    small_held_out(model);
    struct parts parts = take_apart();
    struct diffmm__tensor *spoilt = tensor(&parts, "seen.train"), kept = *spoilt;
    memcpy(marks, kept.data, kept.rows);
    spoilt->data = marks;
    marks[2] = 2;
    expect_spoilt(&parts, "tensor 'seen.train' has 2 at 2, neither 0 nor 1", true);
    marks[2] = 255;
    expect_spoilt(&parts, "tensor 'seen.train' has 255 at 2", true);
    marks[2] = 1;
    spoilt->rows = kept.rows - 1;
    expect_spoilt(&parts, "'seen.train' has", true);
    spoilt->rows = 1;
    spoilt->columns = kept.rows;
    expect_spoilt(&parts, "'seen.train' is not a vector", true);
    *spoilt = kept;
    spoilt->dtype = DIFFMM__I32;
    spoilt->rows = kept.rows / 4;
    expect_spoilt(&parts, "'seen.train'", true);
    diffmm__safetensors_close(parts.file);
    end();
}
END_TEST

/* What stands in a model file goes into messages and into other languages' strings. */
START_TEST(ids_that_are_no_text_are_refused)
{
    static const struct {
        const char *id, *part; /* seven bytes of the first id, with its NUL */
    } cases[] = {
        {"\xff"
         "ser0-",
         "user id 0 is not UTF-8"},
        {"user0\xc3", "user id 0 is not UTF-8"},
        {"\xed\xa0\x80"
         "abc",
         "user id 0 is not UTF-8"},
        {"\xc0\x80"
         "abcd",
         "user id 0 is not UTF-8"},
        {"use\0-0", "user id 0 does not end"},
        {"\0ser0-", "user id 0 does not end"},
    };
    begin(true);
    struct parts parts = take_apart();
    struct diffmm__tensor *text = tensor(&parts, "ids.user.text"), kept = *text;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char copy[256];
        memcpy(copy, kept.data, kept.rows);
        memcpy(copy, cases[i].id, 7);
        text->data = copy;
        expect_spoilt(&parts, cases[i].part, true);
    }
    *text = kept;
    struct diffmm__tensor *offsets = tensor(&parts, "ids.user.offsets");
    char shorter[256];
    int64_t ends[users + 1];
    memcpy(ends, offsets->data, sizeof ends);
    for (size_t u = 1; u <= users; u++)
        ends[u] -= 6;
    shorter[0] = '\0';
    memcpy(shorter + 1, (const char *)kept.data + 7, kept.rows - 7);
    text->data = shorter;
    text->rows = kept.rows - 6;
    offsets->data = ends;
    expect_spoilt(&parts, "user id 0 is empty", true);
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
    ck_assert_mem_eq(back->final, model->final, (users + items) * d * sizeof *back->final);
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

int main(void)
{
    const TTest *const tests[] = {spoilt_metadata_is_refused,
                                  absent_metadata_is_refused,
                                  absent_and_mistyped_tensors_are_refused,
                                  spoilt_numbers_are_refused,
                                  spoilt_rows_are_refused,
                                  spoilt_marks_are_refused,
                                  repeated_names_and_items_are_refused,
                                  ids_that_are_no_text_are_refused,
                                  further_tensors_and_metadata_do_no_harm,
                                  truncated_and_flipped_files_never_do_harm};
    return run_tests("model_spoilt", tests, sizeof tests / sizeof *tests) != 0;
}
