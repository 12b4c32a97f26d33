/* SPDX-License-Identifier: BSD-2-Clause */
/* What files say of themselves. */
#include <diffmm/file.h>

#include "files/safetensors.h"
#include "files/safetensors_write.h"
#include "support/failing.h"
#include "support/folder.h"
#include "support/training.h"

static struct training t;
static struct folder folder;
static char model_path[128], checkpoint_path[128];

static const char *const list[] = {"modality.text.projection", "linear", "cutoffs", "5,20", NULL};

static void begin(size_t epochs)
{
    folder = folder_begin();
    folder_file(&folder, "model.safetensors", model_path);
    folder_file(&folder, "run.ckpt", checkpoint_path);
    training_begin(&t, list);
    for (size_t e = 0; e < epochs; e++)
        expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_trainer_checkpoint(t.trainer, checkpoint_path));
    if (epochs > 0)
        expect_success(diffmm_trainer_restore_best(t.trainer));
    expect_success(diffmm_model_save(t.model, model_path));
}

static void end(void)
{
    training_end(&t);
    folder_end(&folder);
}

static diffmm_file *open_file(const char *path, diffmm_file_info *info)
{
    diffmm_file *file;
    *info = (diffmm_file_info){.struct_size = sizeof *info};
    expect_success(diffmm_file_open(t.context, path, &file));
    expect_success(diffmm_file_describe(file, info));
    return file;
}

/* What both kinds say. */
static void expect_common(const diffmm_file *file, const diffmm_file_info *info)
{
    const char *value = NULL;
    char library[32];
    snprintf(library, sizeof library, "%d.%d.%d", DIFFMM_VERSION_MAJOR, DIFFMM_VERSION_MINOR,
             DIFFMM_VERSION_PATCH);
    ck_assert_int_eq(info->format_version, 1);
    ck_assert_str_eq(info->library, library);
    ck_assert(info->users == 70 && info->items == 60 && info->dimensions == 8);
    ck_assert_uint_eq(info->modality_count, 2);
    ck_assert_str_eq(diffmm_file_modality_name(file, 0), "image");
    ck_assert_str_eq(diffmm_file_modality_name(file, 1), "text");
    ck_assert_ptr_null(diffmm_file_modality_name(file, 2));
    ck_assert_uint_eq(diffmm_file_modality_dimensions(file, 0), 12);
    ck_assert_uint_eq(diffmm_file_modality_dimensions(file, 1), 7);
    ck_assert_uint_eq(diffmm_file_modality_dimensions(file, 2), 0);
    expect_success(diffmm_options_get(diffmm_file_options(file), "learning_rate", &value));
    ck_assert_str_eq(value, "0.01");
    expect_success(
        diffmm_options_get(diffmm_file_options(file), "modality.text.projection", &value));
    ck_assert_str_eq(value, "linear");
}

static void expect_chosen(const diffmm_file_info *info)
{
    const diffmm_metrics *valid, *test;
    size_t epoch;
    expect_success(diffmm_trainer_best(t.trainer, &epoch, &valid, &test));
    ck_assert_uint_eq(info->chosen_epoch, epoch);
    ck_assert_uint_eq(info->cutoff_count, 2);
    ck_assert_mem_eq(info->valid, valid, 2 * sizeof *valid);
    ck_assert_mem_eq(info->test, test, 2 * sizeof *test);
    ck_assert(info->valid[1].cutoff == 20 && info->valid[1].users > 0);
}

START_TEST(a_model_file)
{
    diffmm_file_info info;
    begin(3);
    diffmm_file *file = open_file(model_path, &info);
    write_bytes(model_path, "", 0); /* the file is needed no longer */
    ck_assert_int_eq(info.kind, DIFFMM_FILE_MODEL);
    ck_assert_uint_eq(info.epochs_done, 0);
    expect_common(file, &info);
    expect_chosen(&info);
    diffmm_file_destroy(file);
    end();
}
END_TEST

START_TEST(a_checkpoint)
{
    diffmm_file_info info;
    begin(3);
    diffmm_file *file = open_file(checkpoint_path, &info);
    ck_assert_int_eq(info.kind, DIFFMM_FILE_CHECKPOINT);
    ck_assert_uint_eq(info.epochs_done, 3);
    expect_common(file, &info);
    expect_chosen(&info);
    diffmm_file_destroy(file);
    end();
}
END_TEST

START_TEST(before_any_epoch)
{
    diffmm_file_info info;
    const char *const paths[] = {model_path, checkpoint_path};
    begin(0);
    for (int i = 0; i < 2; i++) {
        diffmm_file *file = open_file(paths[i], &info);
        expect_common(file, &info);
        ck_assert(info.epochs_done == 0 && info.chosen_epoch == 0 && info.cutoff_count == 0);
        diffmm_file_destroy(file);
    }
    end();
}
END_TEST

/* A model tells its epoch until its parameters change, also after a file was written and read. */
START_TEST(a_model_that_changed)
{
    static const float logits[] = {1, 2};
    diffmm_file_info info;
    diffmm_model *back;
    begin(2);
    expect_success(diffmm_model_load(t.context, model_path, &back));
    expect_success(diffmm_model_save(back, model_path));
    diffmm_file *file = open_file(model_path, &info);
    expect_chosen(&info);
    diffmm_file_destroy(file);

    diffmm_model *model = diffmm_trainer_model(t.trainer);
    for (int how = 0; how < 3; how++) {
        static const int32_t zero[] = {0}, one[] = {1};
        expect_success(diffmm_trainer_restore_best(t.trainer));
        expect_success(how == 0 ? diffmm_model_set_parameter(model, "modality_logits", 2, 1, logits)
                       : how == 1 ? diffmm_model_forward(model)
                                  : diffmm_model_objective(model, 1, zero, zero, one, NULL));
        expect_success(diffmm_model_save(model, model_path));
        file = open_file(model_path, &info);
        ck_assert_uint_eq(info.chosen_epoch, 0);
        diffmm_file_destroy(file);
    }
    diffmm_model_destroy(back);
    end();
}
END_TEST

/* Only the header of a file in memory is read: what follows may be anything. */
START_TEST(the_header_alone)
{
    size_t size, begins;
    diffmm_file *file = NULL;
    uint64_t length;
    begin(1);
    unsigned char *content = read_bytes(checkpoint_path, &size);
    memcpy(&length, content, sizeof length);
    begins = 8 + (size_t)length;
    memset(content + begins, 0xff, size - begins);
    unsigned char *shifted = malloc(size + 1);
    memcpy(shifted + 1, content, size);
    expect_success(diffmm_file_open_memory(t.context, shifted + 1, size, &file));
    diffmm_file_info info = {.struct_size = sizeof info};
    expect_success(diffmm_file_describe(file, &info));
    expect_common(file, &info);
    diffmm_file_destroy(file);
    file = NULL;
    /* But the file must be as long as its header says. */
    expect_failure(diffmm_file_open_memory(t.context, content, size - 1, &file),
                   DIFFMM_ERROR_FORMAT, "data: ");
    ck_assert_ptr_null(file);
    free(shifted);
    free(content);
    end();
}
END_TEST

START_TEST(bad_input)
{
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    diffmm_file *file = NULL;
    diffmm_file_info info = {.struct_size = 5};
    begin(1);
    expect_failure(diffmm_file_open(NULL, model_path, &file), invalid, "context");
    expect_failure(diffmm_file_open(t.context, NULL, &file), invalid, "path");
    expect_failure(diffmm_file_open(t.context, model_path, NULL), invalid, "out");
    expect_failure(diffmm_file_open(t.context, "/nowhere", &file), DIFFMM_ERROR_IO, "/nowhere");
    expect_failure(diffmm_file_open_memory(NULL, "", 1, &file), invalid, "context");
    expect_failure(diffmm_file_open_memory(t.context, NULL, 1, &file), invalid, "data");
    expect_failure(diffmm_file_open_memory(t.context, "", 1, NULL), invalid, "out");
    expect_failure(diffmm_file_open_memory(t.context, "", 1, &file), DIFFMM_ERROR_FORMAT, "data");
    ck_assert_ptr_null(file);
    expect_success(diffmm_file_open(t.context, model_path, &file));
    expect_failure(diffmm_file_describe(NULL, &info), invalid, "file");
    expect_failure(diffmm_file_describe(file, NULL), invalid, "out");
    expect_failure(diffmm_file_describe(file, &info), invalid, "struct_size");
    diffmm_file_destroy(file);
    diffmm_file_destroy(NULL);
    ck_assert_ptr_null(diffmm_file_options(NULL));
    ck_assert_ptr_null(diffmm_file_modality_name(NULL, 0));
    ck_assert_uint_eq(diffmm_file_modality_dimensions(NULL, 0), 0);
    end();
}
END_TEST

#define GOOD_EPOCH                                                                                 \
    "{\"epoch\":1,\"valid\":[{\"cutoff\":1,\"users\":1,\"recall\":0,\"precision\":0,\"ndcg\":1}]," \
    "\"test\":["
#define GOOD_METRIC "{\"cutoff\":1,\"users\":1,\"recall\":0,\"precision\":0,\"ndcg\":1}"

START_TEST(spoilt_metadata)
{
    static const struct {
        const char *key, *value, *part;
        diffmm_status status;
    } cases[] = {
        {"format", "other", "neither a model file nor a training checkpoint", DIFFMM_ERROR_FORMAT},
        {"version", "2", "format version '2'; this library reads version '1'",
         DIFFMM_ERROR_VERSION},
        {"users", "0", "users is '0'", DIFFMM_ERROR_FORMAT},
        {"items", "many", "items is 'many'", DIFFMM_ERROR_FORMAT},
        {"d", "-1", "d is '-1'", DIFFMM_ERROR_FORMAT},
        {"modalities", "{}", "not a list", DIFFMM_ERROR_FORMAT},
        {"options", "{\"epoch\":\"3\"}", "epoch", DIFFMM_ERROR_FORMAT},
        {"best", "[]", "best is not an epoch", DIFFMM_ERROR_FORMAT},
        {"best", "[", "JSON", DIFFMM_ERROR_FORMAT},
        {"best", "{\"epoch\":-1,\"valid\":[],\"test\":[]}", "best", DIFFMM_ERROR_FORMAT},
        {"best", GOOD_EPOCH "]}", "best", DIFFMM_ERROR_FORMAT},
        {"best", GOOD_EPOCH GOOD_METRIC "," GOOD_METRIC "]}", "best", DIFFMM_ERROR_FORMAT},
        {"best", GOOD_EPOCH "{\"cutoff\":-1}]}", "best", DIFFMM_ERROR_FORMAT},
        {"last", GOOD_EPOCH "7]}", "last is not an epoch", DIFFMM_ERROR_FORMAT},
        {"best", GOOD_EPOCH GOOD_METRIC "]}", NULL, DIFFMM_OK},
    };
    static const char *const keys[] = {"format", "version",    "library", "users", "items",
                                       "d",      "modalities", "options", "best",  "last"};
    enum { key_count = sizeof keys / sizeof *keys };
    struct diffmm__safetensors *whole;
    struct diffmm__metadata metadata[key_count];
    char spoilt[128];
    begin(1);
    folder_file(&folder, "spoilt.ckpt", spoilt);
    expect_success(diffmm__safetensors_open(t.context, checkpoint_path, &whole));
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        diffmm_file *file = NULL;
        for (size_t k = 0; k < key_count; k++)
            metadata[k] = (struct diffmm__metadata){
                keys[k], strcmp(keys[k], cases[c].key) == 0
                             ? cases[c].value
                             : diffmm__safetensors_metadata(whole, keys[k])};
        expect_success(diffmm__safetensors_write(t.context, spoilt, metadata, key_count, NULL, 0));
        if (cases[c].part)
            expect_failure(diffmm_file_open(t.context, spoilt, &file), cases[c].status,
                           cases[c].part);
        else
            expect_success(diffmm_file_open(t.context, spoilt, &file));
        ck_assert((cases[c].part == NULL) == (file != NULL));
        diffmm_file_destroy(file);
    }
    diffmm__safetensors_close(whole);
    end();
}
END_TEST

static diffmm_status open_both(void *argument)
{
    diffmm_file *file = NULL;
    diffmm_status status = diffmm_file_open(argument, model_path, &file);
    diffmm_file_destroy(file);
    if (status)
        return status;
    status = diffmm_file_open(argument, checkpoint_path, &file);
    if (!status)
        diffmm_file_destroy(file);
    return status;
}

START_TEST(any_allocation_may_fail)
{
    struct failing failing = {0};
    begin(1);
    diffmm_context *own = failing_context(&failing, 1);
    ck_assert_uint_gt(fail_each_allocation(&failing, open_both, own), 20);
    diffmm_context_destroy(own);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_model_file,     a_checkpoint,           before_any_epoch,
                                  the_header_alone, a_model_that_changed,   bad_input,
                                  spoilt_metadata,  any_allocation_may_fail};
    return run_tests("files/file_info", tests, sizeof tests / sizeof *tests) != 0;
}
