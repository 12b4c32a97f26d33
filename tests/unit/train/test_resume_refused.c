/* SPDX-License-Identifier: BSD-2-Clause */
/* What a checkpoint is refused for: other data, other settings, another kind of file, spoilt
 * content; and memory that ends. */
#include <math.h>

#include <diffmm/recommend.h>

#include "files/safetensors.h"
#include "support/failing.h"
#include "support/folder.h"
#include "support/trainer_state.h"

static struct training t; /* one epoch of a small training, with all that a checkpoint can hold */
static struct folder folder;
static char path[128], other[128];

static const char *const list[] = {
    "embedding_size", "3", "hidden_sizes", "4", "fusion_ratio", "0.5", "keep_rate", "0.4", NULL};

static void begin(void)
{
    folder = folder_begin();
    folder_file(&folder, "run.ckpt", path);
    folder_file(&folder, "other.ckpt", other);
    training_begin(&t, list);
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_trainer_checkpoint(t.trainer, path));
}

static void end(void)
{
    training_end(&t);
    folder_end(&folder);
}

static void expect_refused(diffmm_dataset *dataset, const diffmm_options *options, const char *file,
                           diffmm_status status, const char *part)
{
    diffmm_trainer *trainer = NULL;
    expect_failure(diffmm_trainer_resume(dataset, file, options, &trainer), status, part);
    ck_assert_ptr_null(trainer);
}

START_TEST(bad_arguments)
{
    const diffmm_status invalid = DIFFMM_ERROR_INVALID_ARGUMENT;
    diffmm_trainer *out = NULL;
    diffmm_report report = {.struct_size = 3};
    char data[64] = {0};
    size_t size = 77, needed;
    begin();
    expect_failure(diffmm_trainer_checkpoint(NULL, path), invalid, "trainer");
    expect_failure(diffmm_trainer_checkpoint(t.trainer, NULL), invalid, "path");
    expect_failure(diffmm_trainer_checkpoint(t.trainer, "/nowhere/at/all"), DIFFMM_ERROR_IO,
                   "/nowhere/at");
    expect_failure(diffmm_trainer_checkpoint_memory(NULL, data, 64, &size), invalid, "trainer");
    expect_failure(diffmm_trainer_checkpoint_memory(t.trainer, data, 64, NULL), invalid, "size");
    expect_success(diffmm_trainer_checkpoint_memory(t.trainer, NULL, 0, &needed));
    expect_failure(diffmm_trainer_checkpoint_memory(t.trainer, data, 64, &size), invalid,
                   "capacity is 64 bytes");
    ck_assert(size == 77 && data[0] == 0 && needed > 64);
    expect_failure(diffmm_trainer_resume(NULL, path, NULL, &out), invalid, "dataset");
    expect_failure(diffmm_trainer_resume(t.dataset, NULL, NULL, &out), invalid, "path");
    expect_failure(diffmm_trainer_resume(t.dataset, path, NULL, NULL), invalid, "out");
    expect_refused(t.dataset, NULL, other, DIFFMM_ERROR_IO, other);
    expect_failure(diffmm_trainer_resume_memory(NULL, data, 64, NULL, &out), invalid, "dataset");
    expect_failure(diffmm_trainer_resume_memory(t.dataset, NULL, 64, NULL, &out), invalid, "data");
    expect_failure(diffmm_trainer_resume_memory(t.dataset, data, 64, NULL, NULL), invalid, "out");
    expect_failure(diffmm_trainer_resume_memory(t.dataset, data, 64, NULL, &out),
                   DIFFMM_ERROR_FORMAT, "data");
    expect_failure(diffmm_trainer_report(NULL, &report), invalid, "trainer");
    expect_failure(diffmm_trainer_report(t.trainer, NULL), invalid, "out");
    expect_failure(diffmm_trainer_report(t.trainer, &report), invalid, "struct_size");
    ck_assert_ptr_null(out);
    end();
}
END_TEST

/* The same data set but for one thing. */
enum difference {
    USERS,
    ITEMS,
    TRAIN_PAIR,
    TRAIN_PAIR_MORE,
    TEST_PAIR,
    FEATURE,
    DIMENSIONS,
    NAME,
    ONE_MODALITY,
    DIFFERENCES
};

static diffmm_dataset *differing(enum difference what)
{
    static float features[2][61 * 13];
    size_t items = what == ITEMS ? 61 : 60;
    diffmm_dataset *dataset;
    expect_success(diffmm_dataset_create(t.context, &dataset));
    expect_success(diffmm_dataset_reserve(dataset, what == USERS ? 71 : 70, items));
    for (int split = DIFFMM_TRAIN; split <= DIFFMM_TEST; split++)
        for (int32_t u = 0; u < 68; u++) {
            const int32_t *row;
            int32_t user[60], item[60];
            size_t count;
            expect_success(diffmm_dataset_row(t.dataset, (diffmm_split)split, u, &row, &count));
            for (size_t i = 0; i < count; i++) {
                user[i] = u;
                item[i] = row[i];
            }
            /* The last item, which nobody has, in place of another. */
            if (u == 9 && split == (what == TEST_PAIR ? DIFFMM_TEST : DIFFMM_TRAIN) &&
                (what == TEST_PAIR || what == TRAIN_PAIR))
                item[0] = 59;
            expect_success(
                diffmm_dataset_add_interactions(dataset, (diffmm_split)split, count, user, item));
        }
    if (what == TRAIN_PAIR_MORE)
        expect_success(diffmm_dataset_add_interactions(dataset, DIFFMM_TRAIN, 1, (int32_t[]){69},
                                                       (int32_t[]){59}));
    for (size_t m = 0; m < (what == ONE_MODALITY ? 1 : 2); m++) {
        size_t dimensions = m == 0 ? 12 : what == DIMENSIONS ? 8 : 7;
        for (size_t i = 0; i < items * dimensions; i++)
            features[m][i] = sinf((float)(m + 1) * (float)i) + 0.3F;
        if (what == FEATURE && m == 1)
            features[m][7 * 60 - 1] = nextafterf(features[m][7 * 60 - 1], 9);
        const char *name = m == 0 ? "image" : what == NAME ? "sound" : "text";
        expect_success(diffmm_dataset_add_modality_array(dataset, name, items, dimensions,
                                                         features[m], dimensions));
    }
    return dataset;
}

START_TEST(other_data)
{
    static const char *const parts[] = {"made with 70 users, the data set has 71",
                                        "made with 60 items, the data set has 61",
                                        "other interactions in split 'train'",
                                        "interactions in split 'train', the data set has",
                                        "other interactions in split 'test'",
                                        "other features of modality 'text'",
                                        "'text' of 7 features, in the data set it is 'text' of 8",
                                        "in the data set it is 'sound'",
                                        "made with 2 modalities, the data set has 1"};
    diffmm_trainer *trainer;
    begin();
    for (int what = 0; what < DIFFERENCES; what++) {
        diffmm_dataset *dataset = differing((enum difference)what);
        expect_refused(dataset, NULL, path, DIFFMM_ERROR_INVALID_ARGUMENT, parts[what]);
        ck_assert_ptr_nonnull(strstr(diffmm_error_message(), path));
        diffmm_dataset_destroy(dataset);
    }
    diffmm_dataset *same = differing(DIFFERENCES);
    expect_success(diffmm_trainer_resume(same, path, NULL, &trainer));
    diffmm_dataset_destroy(same);
    expect_same_trainers(t.trainer, trainer);
    diffmm_trainer_destroy(trainer);
    end();
}
END_TEST

START_TEST(other_settings)
{
    static const struct {
        const char *name, *value, *part;
    } cases[] = {{"learning_rate", "0.02", "learning_rate 0.01 and cannot go on with 0.02"},
                 {"seed", "6", "seed 5 and cannot go on with 6"},
                 {"batch", "63", "batch 64"},
                 {"cutoffs", "20,10", "cutoffs 20"},
                 {"select", "test", "select valid"},
                 {"diffusion.enabled", "false", "diffusion.enabled true"},
                 {"modality.image.projection", "linear",
                  "modality.image.projection leaky and cannot go on with linear"}};
    diffmm_trainer *trainer;
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        diffmm_options *options = settings(t.context, training_settings);
        set_all(options, list);
        expect_success(diffmm_options_set(options, cases[i].name, cases[i].value));
        expect_refused(t.dataset, options, path, DIFFMM_ERROR_INVALID_ARGUMENT, cases[i].part);
        diffmm_options_destroy(options);
    }
    /* A limit that is too low for the trainer; and one setting said twice, to the same end. */
    expect_success(diffmm_options_set(t.options, "memory_limit", "1000"));
    expect_refused(t.dataset, t.options, path, DIFFMM_ERROR_NO_MEMORY, "memory_limit");
    expect_success(diffmm_options_set(t.options, "memory_limit", "0"));
    expect_success(diffmm_options_set(t.options, "modality.image.projection", "leaky"));
    expect_success(diffmm_trainer_resume(t.dataset, path, t.options, &trainer));
    diffmm_trainer_destroy(trainer);
    end();
}
END_TEST

START_TEST(another_kind_of_file)
{
    diffmm_model *model = NULL;
    diffmm_scorer *scorer = NULL;
    begin();
    expect_success(diffmm_model_save(t.model, other));
    expect_refused(t.dataset, NULL, other, DIFFMM_ERROR_FORMAT,
                   "not a training checkpoint: the metadata's format is 'diffmm-model'");
    expect_failure(diffmm_model_load(t.context, path, &model), DIFFMM_ERROR_FORMAT,
                   "not a model file: the metadata's format is 'diffmm-checkpoint'");
    expect_failure(diffmm_scorer_open(t.context, path, &scorer), DIFFMM_ERROR_FORMAT,
                   "not a model file");
    ck_assert(model == NULL && scorer == NULL);
    end();
}
END_TEST

START_TEST(diverged)
{
    begin();
    size_t size;
    unsigned char *before = read_bytes(path, &size), *after;
    float *moment = t.trainer->model->modalities[1].diffusion->second_moment, kept = moment[5];
    moment[5] = INFINITY;
    expect_failure(diffmm_trainer_checkpoint(t.trainer, path), DIFFMM_ERROR_NUMERIC,
                   "'adam.second.denoiser.text.");
    moment[5] = kept;
    after = read_bytes(path, &size); /* the old file is whole */
    ck_assert_mem_eq(before, after, size);
    free(after);
    free(before);
    end();
}
END_TEST

START_TEST(truncated)
{
    begin();
    size_t size;
    unsigned char *content = read_bytes(path, &size);
    for (size_t kept = 0; kept < size; kept += kept < 64 ? 1 : 397) {
        write_bytes(other, content, kept);
        expect_refused(t.dataset, NULL, other, DIFFMM_ERROR_FORMAT, other);
    }
    free(content);
    end();
}
END_TEST

/* One bit of a byte turned: refused, or a training that is as sound as another. */
static void expect_no_harm(unsigned char *content, size_t size, size_t at, int bit)
{
    diffmm_trainer *trainer = NULL;
    content[at] ^= (unsigned char)(1 << bit);
    diffmm_status status = diffmm_trainer_resume_memory(t.dataset, content, size, NULL, &trainer);
    content[at] ^= (unsigned char)(1 << bit);
    ck_assert_msg(status == DIFFMM_OK || status == DIFFMM_ERROR_FORMAT ||
                      status == DIFFMM_ERROR_VERSION || status == DIFFMM_ERROR_INVALID_ARGUMENT ||
                      status == DIFFMM_ERROR_NO_MEMORY,
                  "byte %zu: %s", at, diffmm_error_message());
    ck_assert((status == DIFFMM_OK) == (trainer != NULL));
    if (trainer && at % 5 == 0) {
        status = diffmm_trainer_epoch(trainer, NULL);
        ck_assert(status == DIFFMM_OK || status == DIFFMM_ERROR_NUMERIC ||
                  status == DIFFMM_ERROR_STATE);
    }
    diffmm_trainer_destroy(trainer);
}

/* In the length, the header, and at both ends and the middle of every tensor. */
START_TEST(flipped)
{
    traps_off(); /* a bit of an exponent makes a parameter huge */
    begin();
    size_t size;
    unsigned char *content = read_bytes(path, &size);
    uint64_t length;
    memcpy(&length, content, sizeof length);
    size_t data = 8 + (size_t)length;
    for (size_t at = 0; at < data; at += at < 16 ? 1 : 3)
        expect_no_harm(content, size, at, (int)(at % 7));
    struct diffmm__safetensors *file;
    expect_success(diffmm__safetensors_open(t.context, path, &file));
    for (size_t i = 0; i < diffmm__safetensors_count(file); i++) {
        struct diffmm__tensor first, tensor;
        diffmm__safetensors_at(file, 0, &first);
        diffmm__safetensors_at(file, i, &tensor);
        size_t bytes =
            tensor.rows * (tensor.columns ? tensor.columns : 1) * diffmm__dtype_size(tensor.dtype);
        if (bytes == 0)
            continue;
        const unsigned char *place = memmem(content + data, size - data, tensor.data, bytes);
        ck_assert_ptr_nonnull(place);
        size_t begins = (size_t)(place - content);
        for (int bit = 0; bit < 8; bit += 3) {
            expect_no_harm(content, size, begins, bit);
            expect_no_harm(content, size, begins + bytes / 2, bit);
            expect_no_harm(content, size, begins + bytes - 1, bit);
        }
    }
    diffmm__safetensors_close(file);
    free(content);
    end();
}
END_TEST

struct work {
    diffmm_dataset *dataset;
    const diffmm_trainer *trainer;
    void *data;
    size_t size;
};

static diffmm_status save(void *argument)
{
    const struct work *work = argument;
    return diffmm_trainer_checkpoint(work->trainer, path);
}

static diffmm_status load(void *argument)
{
    const struct work *work = argument;
    diffmm_trainer *trainer = NULL;
    diffmm_status status = diffmm_trainer_resume_memory(work->dataset, work->data, work->size,
                                                        work->trainer->model->options, &trainer);
    ck_assert((status == DIFFMM_OK) == (trainer != NULL));
    diffmm_trainer_destroy(trainer);
    return status;
}

START_TEST(without_memory)
{
    struct failing failing = {.fail = 0};
    struct training own;
    begin();
    diffmm_context *context = failing_context(&failing, 1);
    training_on(&own, context, training_data(context), list);
    expect_success(diffmm_trainer_epoch(own.trainer, NULL));
    struct work work = {.dataset = own.dataset, .trainer = own.trainer};
    ck_assert_uint_gt(fail_each_allocation(&failing, save, &work), 20);
    unsigned char *content = read_bytes(path, &work.size);
    work.data = content;
    ck_assert_uint_gt(fail_each_allocation(&failing, load, &work), 300);
    /* Off its alignment every tensor is copied. */
    unsigned char *shifted = malloc(work.size + 1);
    memcpy(shifted + 1, content, work.size);
    work.data = shifted + 1;
    ck_assert_uint_gt(fail_each_allocation(&failing, load, &work), 300);
    free(shifted);
    free(content);
    training_end(&own);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {bad_arguments, other_data, other_settings, another_kind_of_file,
                                  diverged,      truncated,  flipped,        without_memory};
    return run_tests("train/resume_refused", tests, sizeof tests / sizeof *tests) != 0;
}
