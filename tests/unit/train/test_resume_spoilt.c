/* SPDX-License-Identifier: BSD-2-Clause */
/* Checkpoints taken apart and put together with one part spoilt: each is refused by name. */
#include <math.h>

#include "files/safetensors.h"
#include "files/safetensors_write.h"
#include "options/options.h"
#include "options/options_json.h"
#include "support/folder.h"
#include "support/trainer_state.h"

enum { metadata_count = 13, most_tensors = 160 };

static struct training t;
static struct folder folder;
static char path[128], spoilt[128];

static const char *const keys[metadata_count] = {
    "format",  "version", "library",   "users",    "items", "d",   "modalities",
    "options", "data",    "evaluated", "training", "last",  "best"};

struct parts {
    struct diffmm__safetensors *file;
    struct diffmm__metadata metadata[metadata_count];
    struct diffmm__tensor tensors[most_tensors];
    size_t count;
};

static struct parts parts;

static void begin(void)
{
    folder = folder_begin();
    folder_file(&folder, "run.ckpt", path);
    folder_file(&folder, "spoilt.ckpt", spoilt);
    training_begin(&t, (const char *const[]){"embedding_size", "3", "hidden_sizes", "4",
                                             "fusion_ratio", "0.5", "generate.every", "2",
                                             "rebuild_k", "3", "generate.weights", "scores", NULL});
    expect_success(diffmm_trainer_epoch(t.trainer, NULL));
    expect_success(diffmm_trainer_checkpoint(t.trainer, path));
    expect_success(diffmm__safetensors_open(t.context, path, &parts.file));
    for (size_t i = 0; i < metadata_count; i++) {
        const char *value = diffmm__safetensors_metadata(parts.file, keys[i]);
        ck_assert_msg(value != NULL, "%s", keys[i]);
        parts.metadata[i] = (struct diffmm__metadata){keys[i], value};
    }
    parts.count = diffmm__safetensors_count(parts.file);
    ck_assert_uint_le(parts.count, most_tensors);
    for (size_t i = 0; i < parts.count; i++)
        diffmm__safetensors_at(parts.file, i, &parts.tensors[i]);
}

static void end(void)
{
    diffmm__safetensors_close(parts.file);
    training_end(&t);
    folder_end(&folder);
}

static void expect_refused(diffmm_status status, const char *part)
{
    diffmm_trainer *trainer = NULL;
    expect_success(diffmm__safetensors_write(t.context, spoilt, parts.metadata, metadata_count,
                                             parts.tensors, parts.count));
    expect_failure(diffmm_trainer_resume(t.dataset, spoilt, NULL, &trainer), status, part);
    ck_assert_ptr_nonnull(strstr(diffmm_error_message(), spoilt));
    ck_assert_ptr_null(trainer);
}

static struct diffmm__metadata *metadata(const char *key)
{
    size_t i = 0;
    while (strcmp(keys[i], key) != 0)
        i++;
    return &parts.metadata[i];
}

static void expect_metadata_refused(const char *key, const char *value, const char *part)
{
    struct diffmm__metadata *entry = metadata(key), kept = *entry;
    entry->value = value;
    expect_refused(DIFFMM_ERROR_FORMAT, part);
    *entry = kept;
}

#define METRIC(cutoff)                                                                             \
    "[{\"cutoff\":" #cutoff ",\"users\":1,\"recall\":0,\"precision\":0,\"ndcg\":1}]"
#define EPOCH(epoch, cutoff)                                                                       \
    "{\"epoch\":" #epoch ",\"valid\":" METRIC(cutoff) ",\"test\":" METRIC(cutoff) "}"
#define TRAINING(steps, denoisers, loss)                                                           \
    "{\"steps\":" steps ",\"denoiser_steps\":" denoisers ",\"seconds\":[1,2,3,4],\"loss\":" loss   \
    ",\"denoiser_loss\":[1,2],\"contrastive_flops\":5}"

START_TEST(figures)
{
    begin();
    expect_metadata_refused("training", "[]", "training has not the steps");
    expect_metadata_refused("training", "7", "JSON");
    expect_metadata_refused("training", TRAINING("-1", "[1,2]", "[1,2,3,4]"), "training");
    expect_metadata_refused("training", TRAINING("1", "[1]", "[1,2,3,4]"), "training");
    expect_metadata_refused("training", TRAINING("1", "[1,-2]", "[1,2,3,4]"), "training");
    expect_metadata_refused("training", TRAINING("1", "[1,2]", "[1,2,3]"), "training");
    expect_metadata_refused("training", TRAINING("1", "[1,2]", "[1,2,3,\"4\"]"), "training");
    expect_metadata_refused("last", EPOCH(1, 19), "last is not an epoch of this training");
    expect_metadata_refused("last", EPOCH(0, 20), "best is not an epoch of this training");
    expect_metadata_refused("best", EPOCH(2, 20), "best is not an epoch of this training");
    expect_metadata_refused("best", EPOCH(0, 20), "best is not an epoch of this training");
    expect_metadata_refused("best", EPOCH(1, 10), "best is not an epoch of this training");
    expect_metadata_refused(
        "best", "{\"epoch\":1,\"valid\":" METRIC(20) ",\"test\":" METRIC(20) ",\"loss\":\"1\"}",
        "best has a loss that is no number");
    expect_metadata_refused("evaluated", EPOCH(2, 20), "evaluated is not an epoch");
    expect_metadata_refused("evaluated", EPOCH(-2, 20), "evaluated is not an epoch");
    end();
}
END_TEST

START_TEST(data)
{
    begin();
    expect_metadata_refused("data", "{}", "no pairs and hash of split 'train'");
    expect_metadata_refused("data", "{\"train\":{\"pairs\":1}}", "split 'train'");
    char text[1024];
    snprintf(text, sizeof text, "%s", metadata("data")->value);
    char *features = strstr(text, "\"features\"");
    memcpy(features, "\"feetures\"", 10);
    expect_metadata_refused("data", text, "no hash of modality 'image'");
    expect_metadata_refused("users", "x", "users is 'x'");
    expect_metadata_refused("modalities", "[{}]", "modality 0");
    end();
}
END_TEST

/* Settings with one changed: found out before memory for them is asked for. */
START_TEST(settings_of_another_size)
{
    static const struct {
        const char *name, *value, *part;
    } cases[] = {{"hidden_sizes", "65536,65536", "bytes of parameters and moments"},
                 {"embedding_size", "65536", "embedding_size is 65536, but the metadata's d is 3"},
                 {"hidden_sizes", "3", "denoiser.image."},
                 {"embedding_size", "2", "embedding_size is 2, but"},
                 {"rebuild_k", "61", "rebuild_k is 61"},
                 {"cutoffs", "20,30", "last is not an epoch"},
                 {"noise_max", "1000", "noise_max"},
                 {"average", "0.5", "training has not the steps and figures"},
                 {"modality.sound.projection", "linear", "sound"}};
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        diffmm_options *options;
        expect_success(diffmm__options_copy(t.context, diffmm_model_options(t.model), &options));
        expect_success(diffmm_options_set(options, cases[i].name, cases[i].value));
        char *json = diffmm__options_to_json(options);
        expect_metadata_refused("options", json, cases[i].part);
        diffmm__release(t.context, json);
        diffmm_options_destroy(options);
    }
    end();
}
END_TEST

START_TEST(absent_and_mistyped_parts)
{
    begin();
    for (size_t i = 0; i < metadata_count; i++) {
        struct diffmm__metadata kept = parts.metadata[i];
        parts.metadata[i].key = "other";
        if (strcmp(kept.key, "library") != 0 && strcmp(kept.key, "evaluated") != 0)
            expect_refused(strcmp(kept.key, "version") == 0 ? DIFFMM_ERROR_VERSION
                                                            : DIFFMM_ERROR_FORMAT,
                           strcmp(kept.key, "version") == 0 ? "version ''" : kept.key);
        parts.metadata[i] = kept;
    }
    for (size_t i = 0; i < parts.count; i++) {
        struct diffmm__tensor kept = parts.tensors[i];
        /* Without its pointers, the observed graph is one that is not there. */
        bool optional = strncmp(kept.name, "observed.", 9) == 0 && strstr(kept.name, ".pointers");
        parts.tensors[i].name = "other";
        if (!optional)
            expect_refused(DIFFMM_ERROR_FORMAT, kept.name);
        parts.tensors[i] = kept;
        parts.tensors[i].dtype = kept.dtype == DIFFMM__F32   ? DIFFMM__I32
                                 : kept.dtype == DIFFMM__I32 ? DIFFMM__F32
                                                             : DIFFMM__F64;
        expect_refused(DIFFMM_ERROR_FORMAT, kept.name);
        parts.tensors[i] = kept;
        if (kept.rows > 1) {
            parts.tensors[i].rows--;
            expect_refused(DIFFMM_ERROR_FORMAT, strstr(kept.name, ".columns")
                                                    ? ".values' is not a vector of"
                                                    : kept.name);
            parts.tensors[i] = kept;
        }
    }
    end();
}
END_TEST

/* Element `at` of a tensor becomes `value`. */
static void expect_number_refused(const char *name, size_t at, double value, const char *part)
{
    size_t i = 0;
    while (i < parts.count && strcmp(parts.tensors[i].name, name) != 0)
        i++;
    ck_assert_msg(i < parts.count, "no tensor %s", name);
    struct diffmm__tensor kept = parts.tensors[i];
    size_t width = diffmm__dtype_size(kept.dtype);
    size_t count = kept.rows * (kept.columns ? kept.columns : 1);
    ck_assert_uint_lt(at, count);
    unsigned char *copy = malloc(count * width);
    memcpy(copy, kept.data, count * width);
    float real = (float)value;
    int32_t integer = kept.dtype == DIFFMM__I32 ? (int32_t)value : 0;
    int64_t wide = kept.dtype == DIFFMM__I64 ? (int64_t)value : 0;
    memcpy(copy + at * width,
           kept.dtype == DIFFMM__F32   ? (void *)&real
           : kept.dtype == DIFFMM__I32 ? (void *)&integer
                                       : (void *)&wide,
           width);
    parts.tensors[i].data = copy;
    expect_refused(DIFFMM_ERROR_FORMAT, part);
    parts.tensors[i] = kept;
    free(copy);
}

START_TEST(numbers)
{
    static const char *const floats[] = {"user_embedding",
                                         "adam.first.item_embedding",
                                         "adam.second.modality_logits",
                                         "denoiser.text.time.weight",
                                         "adam.second.denoiser.image.time.bias",
                                         "final.item",
                                         "best.modality.text.projection.weight",
                                         "best.final.user",
                                         "graph.image.values",
                                         "observed.text.values"};
    begin();
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        expect_number_refused(floats[i], 0, i % 2 ? (double)NAN : (double)INFINITY, floats[i]);
    expect_number_refused("adam.second.user_embedding", 5, -1e-30,
                          "'adam.second.user_embedding' is negative at 5");
    expect_number_refused("graph.image.pointers", 0, 1, "does not run from 0");
    expect_number_refused("graph.image.pointers", 7, -1, "graph.image.pointers[6] is");
    expect_number_refused("graph.image.pointers", 7, 9e18,
                          "graph.image.pointers[7] is 9000000000000000000, and the next is");
    expect_number_refused("graph.image.pointers", 130, 9e18, "does not run from 0");
    expect_number_refused("observed.text.pointers", 130, -9e18, "does not run from 0");
    expect_number_refused("graph.text.columns", 0, -1,
                          "graph.text.columns[0] is -1, but there are 130 nodes");
    expect_number_refused("observed.image.columns", 0, 130,
                          "observed.image.columns[0] is 130, but there are 130 nodes");
    expect_number_refused("observed.image.columns", 3, 0,
                          "observed.image.columns[3] is 0, not above the one before it");
    expect_number_refused("generated.text.weights", 6, -1,
                          "'generated.text.weights' is negative at 6");
    expect_number_refused("generated.text.weights", 6, (double)NAN, "generated.text.weights");
    expect_number_refused("generated.text.items", 6, -1,
                          "generated.text.items[6] is -1, but there are 60 items");
    expect_number_refused("generated.image.items", 209, 60,
                          "generated.image.items[209] is 60, but there are 60 items");
    expect_number_refused("generated.image.items", 4, 0,
                          "generated.image.items[4] is 0, not above the one before it");
    end();
}
END_TEST

/* What a later library may add is passed over. */
START_TEST(further_parts)
{
    static const float value[1] = {1};
    diffmm_trainer *trainer;
    begin();
    parts.tensors[parts.count++] =
        (struct diffmm__tensor){.name = "further", .dtype = DIFFMM__F32, .rows = 1, .data = value};
    metadata("library")->key = "further";
    expect_success(diffmm__safetensors_write(t.context, spoilt, parts.metadata, metadata_count,
                                             parts.tensors, parts.count));
    expect_success(diffmm_trainer_resume(t.dataset, spoilt, NULL, &trainer));
    expect_same_trainers(t.trainer, trainer);
    diffmm_trainer_destroy(trainer);
    end();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        figures, data, settings_of_another_size, absent_and_mistyped_parts, numbers, further_parts};
    return run_tests("train/resume_spoilt", tests, sizeof tests / sizeof *tests) != 0;
}
