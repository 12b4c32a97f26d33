/* SPDX-License-Identifier: BSD-2-Clause */
/* The fingerprint of a training's data set: written, and held against another. */
#include "train/checkpoint/state_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "dataset/fingerprint.h"
#include "files/metadata.h"
#include "options/settings.h"

static const char *const splits[] = {"train", "valid", "test"};

struct hash_text {
    char text[17];
};

static struct hash_text hash_text(uint64_t hash)
{
    struct hash_text out;
    snprintf(out.text, sizeof out.text, "%016" PRIx64, hash);
    return out;
}

uint64_t diffmm__state_features_hash(const diffmm_model *model, size_t m)
{
    const struct diffmm__model_modality *modality = &model->modalities[m];
    return modality->stored.data
               ? diffmm__fingerprint_stored(model->items, &modality->stored)
               : diffmm__fingerprint_features(model->items, modality->dimensions,
                                              modality->features, modality->stride);
}

static struct hash_text features_hash(const diffmm_model *model, size_t m)
{
    return hash_text(diffmm__state_features_hash(model, m));
}

static json_t *features_json(const diffmm_model *model)
{
    json_t *list = json_array();
    for (size_t m = 0; list && m < model->modality_count; m++)
        if (json_array_append_new(list, json_string(features_hash(model, m).text))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

diffmm_status diffmm__state_describe_data(const diffmm_trainer *trainer,
                                          struct diffmm__description *description)
{
    struct diffmm__fingerprint print;
    json_t *data = json_object();
    diffmm__fingerprint_interactions(trainer->dataset, &print);
    bool fine = data && json_object_set_new(data, "features", features_json(trainer->model)) == 0;
    for (int i = 0; fine && i < 3; i++)
        fine = json_object_set_new(data, splits[i],
                                   json_pack("{s:I, s:s}", "pairs", (json_int_t)print.pairs[i],
                                             "hash", hash_text(print.hashes[i]).text)) == 0;
    if (!fine) {
        json_decref(data);
        data = NULL;
    }
    return diffmm__description_add_json(description, "data", data);
}

static diffmm_status compare_counts(const struct diffmm__safetensors *file, const char *key,
                                    size_t here)
{
    size_t there;
    diffmm_status status = diffmm__metadata_count(file, key, &there);
    if (!status && there != here)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "dataset: %s was made with %zu %s, the data set has %zu",
                            diffmm__safetensors_path(file), there, key, here);
    return status;
}

static diffmm_status compare_split(const char *path, const char *split,
                                   const struct diffmm__json_value *there, size_t pairs,
                                   uint64_t hash)
{
    size_t count;
    const char *text = diffmm__json_string(diffmm__json_get(there, "hash"));
    if (!diffmm__json_size(diffmm__json_get(there, "pairs"), &count) || !text)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the metadata's data has no pairs and hash of split '%s'", path,
                            split);
    if (count != pairs)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "dataset: %s was made with %zu interactions in split '%s', the data "
                            "set has %zu",
                            path, count, split, pairs);
    if (strcmp(text, hash_text(hash).text) != 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "dataset: %s was made with other interactions in split '%s', as many "
                            "though they are",
                            path, split);
    return DIFFMM_OK;
}

/* The modalities that are used, as numbers in the data set; returns how many there are. */
static size_t list_used(const diffmm_dataset *dataset, const diffmm_options *options, size_t *used)
{
    size_t count = 0;
    for (size_t m = 0; m < dataset->modality_count; m++)
        if (diffmm__settings_features(options, dataset->modalities[m].name).enabled)
            used[count++] = m;
    return count;
}

static diffmm_status compare_modalities(const diffmm_dataset *dataset, size_t used_count,
                                        const size_t *used, const struct diffmm__safetensors *file)
{
    const char *path = diffmm__safetensors_path(file);
    struct diffmm__model_modality *there;
    size_t count;
    diffmm_status status = diffmm__metadata_modalities(file, &there, &count);
    if (status)
        return status;
    if (count != used_count)
        status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                              "dataset: %s was made with %zu modalities, the data set has %zu",
                              path, count, used_count);
    for (size_t m = 0; m < count && !status; m++) {
        const struct diffmm__modality *here = &dataset->modalities[used[m]];
        if (strcmp(there[m].name, here->name) != 0 || there[m].dimensions != here->dimensions)
            status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                  "dataset: %s was made with modality %zu '%s' of %zu features, in "
                                  "the data set it is "
                                  "'%s' of %zu",
                                  path, m, there[m].name, there[m].dimensions, here->name,
                                  here->dimensions);
    }
    diffmm__release(dataset->context, there);
    return status;
}

diffmm_status diffmm__state_check_modalities(const diffmm_dataset *dataset,
                                             const diffmm_options *options,
                                             const struct diffmm__safetensors *file)
{
    size_t *used = diffmm__allocate(dataset->context, dataset->modality_count, sizeof *used);
    if (!used)
        return DIFFMM_ERROR_NO_MEMORY;
    size_t count = list_used(dataset, options, used);
    diffmm_status status = compare_modalities(dataset, count, used, file);
    diffmm__release(dataset->context, used);
    return status;
}

diffmm_status diffmm__state_check_data(const diffmm_dataset *dataset,
                                       const struct diffmm__safetensors *file)
{
    struct diffmm__fingerprint print;
    struct diffmm__json data;
    diffmm_status status;
    if ((status = compare_counts(file, "users", dataset->catalog->users)) ||
        (status = compare_counts(file, "items", dataset->catalog->items)) ||
        (status = diffmm__metadata_json(file, "data", &data)))
        return status;
    diffmm__fingerprint_interactions(dataset, &print);
    for (int i = 0; i < 3 && !status; i++)
        status = compare_split(diffmm__safetensors_path(file), splits[i],
                               diffmm__json_get(data.values, splits[i]), print.pairs[i],
                               print.hashes[i]);
    diffmm__json_end(&data);
    return status;
}

diffmm_status diffmm__state_check_features(const diffmm_trainer *trainer,
                                           const struct diffmm__safetensors *file)
{
    const diffmm_model *model = trainer->model;
    const char *path = diffmm__safetensors_path(file);
    struct diffmm__json data;
    diffmm_status status = diffmm__metadata_json(file, "data", &data);
    if (status)
        return status;
    const struct diffmm__json_value *at =
        diffmm__json_first(diffmm__json_get(data.values, "features"));
    for (size_t m = 0; m < model->modality_count && !status; m++, at = diffmm__json_next(at)) {
        const char *there = diffmm__json_string(at);
        if (!there)
            status = diffmm__fail(DIFFMM_ERROR_FORMAT,
                                  "%s: the metadata's data has no hash of modality '%s'", path,
                                  model->modalities[m].name);
        else if (strcmp(there, features_hash(model, m).text) != 0)
            status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                  "dataset: %s was made with other features of modality '%s'", path,
                                  model->modalities[m].name);
    }
    diffmm__json_end(&data);
    return status;
}
