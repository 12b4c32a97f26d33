/* SPDX-License-Identifier: BSD-2-Clause */
/* Model files of blends, parts of which are spoilt or missing. */
#include "files/blend_read.h"

#include <diffmm/recommend.h>

#include "files/safetensors_write.h"
#include "support/trainer_state.h"

enum { most_tensors = 60, most_metadata = 12, d = 8, rank = 9 };

/* A model's file taken apart; what a tensor is replaced by. */
struct parts {
    struct training t;
    void *data;
    struct diffmm__safetensors *file;
    struct diffmm__metadata metadata[most_metadata];
    struct diffmm__tensor tensors[most_tensors];
    size_t metadata_count, count;
};

static const char *const keys[] = {"format", "version", "library",    "users",   "items",
                                   "d",      "width",   "modalities", "options", "evaluated"};

static void take_apart(const char *const *list, struct parts *parts)
{
    size_t size;
    *parts = (struct parts){.count = 0};
    training_begin(&parts->t, list);
    expect_success(diffmm_trainer_epoch(parts->t.trainer, NULL));
    parts->data = model_bytes(parts->t.trainer, &size);
    const struct diffmm__source source = {.data = parts->data, .size = size};
    expect_success(diffmm__safetensors_open_source(parts->t.context, &source, &parts->file));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (diffmm__safetensors_metadata(parts->file, keys[i]))
            parts->metadata[parts->metadata_count++] = (struct diffmm__metadata){
                keys[i], diffmm__safetensors_metadata(parts->file, keys[i])};
    parts->count = diffmm__safetensors_count(parts->file);
    ck_assert_uint_le(parts->count, most_tensors);
    for (size_t i = 0; i < parts->count; i++)
        diffmm__safetensors_at(parts->file, i, &parts->tensors[i]);
}

static void end(struct parts *parts)
{
    diffmm__safetensors_close(parts->file);
    free(parts->data);
    training_end(&parts->t);
}

static struct diffmm__tensor *tensor(struct parts *parts, const char *name)
{
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(parts->tensors[i].name, name) == 0)
            return &parts->tensors[i];
    ck_abort_msg("no tensor %s", name);
    return NULL;
}

/* Opens the file as it now is; it is the caller's to free. */
static diffmm_status open_parts(const struct parts *parts, void **data, diffmm_scorer **out)
{
    size_t size = 0;
    struct diffmm__target target = {.size = &size};
    expect_success(diffmm__safetensors_write_target(parts->t.context, &target, parts->metadata,
                                                    parts->metadata_count, parts->tensors,
                                                    parts->count));
    *data = malloc(size);
    target.data = *data;
    target.capacity = size;
    expect_success(diffmm__safetensors_write_target(parts->t.context, &target, parts->metadata,
                                                    parts->metadata_count, parts->tensors,
                                                    parts->count));
    return diffmm_scorer_open_memory(parts->t.context, *data, size, out);
}

static void expect_refusal(const struct parts *parts, const char *why)
{
    void *data;
    diffmm_scorer *scorer = NULL;
    expect_failure(open_parts(parts, &data, &scorer), DIFFMM_ERROR_FORMAT, why);
    ck_assert_ptr_null(scorer);
    free(data);
}

/* Without a tensor; its name is written over meanwhile. */
static void without(struct parts *parts, const char *name, const char *why)
{
    struct diffmm__tensor *missing = tensor(parts, name);
    const char *kept = missing->name;
    missing->name = "what.nobody.reads";
    expect_refusal(parts, why);
    missing->name = kept;
}

static void with_values(struct parts *parts, const char *name, const float *values, const char *why)
{
    struct diffmm__tensor *spoilt = tensor(parts, name);
    const void *kept = spoilt->data;
    spoilt->data = values;
    expect_refusal(parts, why);
    spoilt->data = kept;
}

static const char *const settings_of_blend[] = {"denoiser.kind",
                                                "spectral",
                                                "denoiser.rank",
                                                "9",
                                                "denoiser.rows",
                                                "normalized",
                                                "denoiser.linear",
                                                "true",
                                                "diffusion.blend",
                                                "0.5",
                                                NULL};

START_TEST(tensors_that_are_spoilt)
{
    struct parts parts;
    float values[100];
    take_apart(settings_of_blend, &parts);
    without(&parts, "denoiser.image.covariance", "no tensor 'denoiser.image.covariance'");
    without(&parts, "denoiser.text.decoder.0.bias", "no tensor 'denoiser.text.decoder.0.bias'");
    for (size_t i = 0; i < 100; i++)
        values[i] = 1.0F;
    values[60] = 0.0F;
    with_values(&parts, "denoiser.text.weights", values,
                "'denoiser.text.weights' has 0 at 60, not above 0");
    values[60] = -1.0F;
    with_values(&parts, "denoiser.image.weights", values, "has -1 at 60");
    values[60] = NAN;
    traps_off(); /* NaN is compared */
    with_values(&parts, "denoiser.image.weights", values, "NaN or infinity");
    with_values(&parts, "denoiser.image.linear", values, "NaN or infinity");
    with_values(&parts, "denoiser.image.covariance", values, "NaN or infinity");
    with_values(&parts, "final.item.covariance", values, "NaN or infinity");
    tensor(&parts, "denoiser.image.linear")->rows = 8;
    expect_refusal(&parts, "'denoiser.image.linear' is 8 x 9, not 9 x 9");
    tensor(&parts, "denoiser.image.linear")->rows = rank;
    tensor(&parts, "denoiser.text.encoder.0.weight")->columns = 12;
    expect_refusal(&parts, "'denoiser.text.encoder.0.weight' is 16 x 12, not 16 x 13");
    end(&parts);
}
END_TEST

/* A copy of the options, in which one text stands for another of the same length or shorter. */
static void replace_option(const struct parts *parts, const char *old, const char *now, char *out)
{
    for (size_t i = 0; i < parts->metadata_count; i++)
        if (strcmp(parts->metadata[i].key, "options") == 0)
            strcpy(out, parts->metadata[i].value);
    char *place = strstr(out, old);
    ck_assert_ptr_nonnull(place);
    ck_assert_uint_eq(strlen(old), strlen(now));
    memcpy(place, now, strlen(now));
}

START_TEST(options_that_are_not_the_rows)
{
    static const char *const changes[][3] = {
        {"\"denoiser.rank\":\"9\"", "\"denoiser.rank\":\"8\"", "18 columns of 2 denoisers"},
        {"\"spectral\"", "\"full\"    ", "18 columns of 2 denoisers"},
        {"\"steps\":\"5\"", "\"steps\":\"0\"", "steps"},
    };
    struct parts parts;
    char *text = malloc(1 << 16);
    take_apart(settings_of_blend, &parts);
    for (size_t c = 0; c < sizeof changes / sizeof *changes; c++)
        for (size_t i = 0; i < parts.metadata_count; i++) {
            if (strcmp(parts.metadata[i].key, "options") != 0)
                continue;
            const char *kept = parts.metadata[i].value;
            replace_option(&parts, changes[c][0], changes[c][1], text);
            parts.metadata[i].value = text;
            expect_refusal(&parts, changes[c][2]);
            parts.metadata[i].value = kept;
        }
    free(text);
    end(&parts);
}
END_TEST

/* As a version wrote it that could not fold in with a blend. */
START_TEST(a_file_without_what_folding_in_takes)
{
    struct parts parts;
    diffmm_scorer *scorer;
    void *data;
    const int32_t items[] = {3, 5};
    float row[d + 2 * rank], score;
    diffmm_explanation explanation = {.struct_size = sizeof explanation};
    take_apart(settings_of_blend, &parts);
    tensor(&parts, "final.item.covariance")->name = "what.nobody.reads";
    expect_success(open_parts(&parts, &data, &scorer));
    ck_assert_uint_eq(diffmm_scorer_dimensions(scorer), d + 2 * rank);
    expect_success(diffmm_score(scorer, 1, 1, items, &score));
    expect_failure(diffmm_fold_in(scorer, -1, 2, items, row), DIFFMM_ERROR_STATE,
                   "saved without a fold-in state");
    expect_failure(diffmm_explain(scorer, 4, 2, items, 7, &explanation), DIFFMM_ERROR_STATE,
                   "saved without a fold-in state");
    diffmm_scorer_destroy(scorer);
    free(data);
    end(&parts);
}
END_TEST

/* Settings at their defaults are not in the file. */
START_TEST(a_rank_by_default)
{
    struct parts parts;
    diffmm_scorer *scorer;
    void *data;
    const int32_t items[] = {3, 5};
    static float row[d + 2 * 60];
    take_apart((const char *const[]){"denoiser.kind", "spectral", "diffusion.blend", "0.5", NULL},
               &parts);
    expect_success(open_parts(&parts, &data, &scorer));
    expect_success(diffmm_fold_in(scorer, -1, 2, items, row));
    diffmm_scorer_destroy(scorer);
    free(data);
    end(&parts);
}
END_TEST

/* Layers that add nothing are left out of the file. */
START_TEST(layers_that_have_learnt_nothing)
{
    struct parts parts;
    take_apart((const char *const[]){"denoiser.kind", "spectral", "denoiser.rank", "9",
                                     "denoiser.linear", "true", "denoiser_learning_rate", "0",
                                     "diffusion.blend", "0.5", NULL},
               &parts);
    ck_assert(diffmm__safetensors_has(parts.file, "denoiser.image.linear"));
    ck_assert(!diffmm__safetensors_has(parts.file, "denoiser.image.weights"));
    ck_assert(!diffmm__safetensors_has(parts.file, "denoiser.image.encoder.0.weight"));
    end(&parts);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {tensors_that_are_spoilt, options_that_are_not_the_rows,
                                  a_file_without_what_folding_in_takes, a_rank_by_default,
                                  layers_that_have_learnt_nothing};
    return run_tests("blend_read", tests, sizeof tests / sizeof *tests) != 0;
}
