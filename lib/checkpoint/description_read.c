/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "checkpoint/description.h"

diffmm_status diffmm__read_format(const struct diffmm__safetensors *file, const char *wanted,
                                  const char *kind)
{
    const char *path = diffmm__safetensors_path(file);
    const char *format = diffmm__safetensors_metadata(file, "format");
    const char *version = diffmm__safetensors_metadata(file, "version");
    if (!format || strcmp(format, wanted) != 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: not %s: the metadata's format is '%s', not '%s'", path, kind,
                            format ? format : "", wanted);
    if (!version || strcmp(version, "1") != 0)
        return diffmm__fail(DIFFMM_ERROR_VERSION,
                            "%s: %s of format version '%s'; this library reads version '1'", path,
                            kind, version ? version : "");
    return DIFFMM_OK;
}

diffmm_status diffmm__read_count(const struct diffmm__safetensors *file, const char *key,
                                 size_t *out)
{
    const char *text = diffmm__safetensors_metadata(file, key);
    int64_t value;
    if (!text || !diffmm__read_integer(text, &value) || value < 1 || value > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata's %s is '%s', not a count",
                            diffmm__safetensors_path(file), key, text ? text : "");
    *out = (size_t)value;
    return DIFFMM_OK;
}

diffmm_status diffmm__read_json(const struct diffmm__safetensors *file, const char *key,
                                json_t **out)
{
    const char *path = diffmm__safetensors_path(file);
    const char *text = diffmm__safetensors_metadata(file, key);
    return text ? diffmm__json_parse(text, strlen(text), path, out)
                : diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata has no %s", path, key);
}

diffmm_status diffmm__read_options(diffmm_context *context, const struct diffmm__safetensors *file,
                                   diffmm_options **out)
{
    const char *path = diffmm__safetensors_path(file);
    const char *text = diffmm__safetensors_metadata(file, "options");
    if (!text)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata has no options", path);
    diffmm_status status = diffmm__options_from_json(context, text, out);
    return status && status != DIFFMM_ERROR_NO_MEMORY
               ? diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %s", path, diffmm_error_message())
               : status;
}

diffmm_status diffmm__bad_modality(const char *path, size_t index, const char *why)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: modality %zu of the metadata %s", path, index,
                        why);
}

diffmm_status diffmm__read_modality(const char *path, const json_t *entry, size_t index,
                                    char name[64], size_t *dimensions)
{
    const char *given = json_string_value(json_object_get(entry, "name"));
    const json_t *count = json_object_get(entry, "dimensions");
    size_t length = given ? strlen(given) : 0;
    if (length == 0 || length >= 64)
        return diffmm__bad_modality(path, index, "has no name of 1 to 63 bytes");
    if (!json_is_integer(count) || json_integer_value(count) < 1)
        return diffmm__bad_modality(path, index, "has no dimensions");
    memcpy(name, given, length + 1);
    *dimensions = (size_t)json_integer_value(count);
    return DIFFMM_OK;
}

static diffmm_status read_modality(const char *path, const json_t *entry, size_t index,
                                   struct diffmm__model_modality *out)
{
    const char *projection = json_string_value(json_object_get(entry, "projection"));
    diffmm_status status = diffmm__read_modality(path, entry, index, out->name, &out->dimensions);
    if (status)
        return status;
    if (!projection || (strcmp(projection, "leaky") != 0 && strcmp(projection, "linear") != 0))
        return diffmm__bad_modality(path, index,
                                    "has a projection that is neither leaky nor linear");
    out->projection =
        strcmp(projection, "linear") == 0 ? DIFFMM__PROJECTION_LINEAR : DIFFMM__PROJECTION_LEAKY;
    return DIFFMM_OK;
}

static diffmm_status fill_modalities(const char *path, const json_t *list,
                                     struct diffmm__model_modality *modalities)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        diffmm_status status = read_modality(path, json_array_get(list, i), i, &modalities[i]);
        if (status)
            return status;
        for (size_t j = 0; j < i; j++)
            if (strcmp(modalities[i].name, modalities[j].name) == 0)
                return diffmm__bad_modality(path, i, "has the name of another");
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__read_modalities(const diffmm_context *context,
                                      const struct diffmm__safetensors *file,
                                      struct diffmm__model_modality **modalities, size_t *count)
{
    const char *path = diffmm__safetensors_path(file);
    struct diffmm__model_modality *made = NULL;
    json_t *list;
    diffmm_status status = diffmm__read_json(file, "modalities", &list);
    if (status)
        return status;
    if (!json_is_array(list))
        status =
            diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata's modalities are not a list", path);
    if (!status && !(made = diffmm__allocate_zero(context, json_array_size(list), sizeof *made)))
        status = DIFFMM_ERROR_NO_MEMORY;
    if (!status)
        status = fill_modalities(path, list, made);
    if (status) {
        diffmm__release(context, made);
    } else {
        *modalities = made;
        *count = json_array_size(list);
    }
    json_decref(list);
    return status;
}

static bool unpack_metrics(const json_t *list, size_t *count, diffmm_metrics *out)
{
    *count = json_array_size(list);
    if (!json_is_array(list) || *count > DIFFMM__MAX_LIST)
        return false;
    for (size_t i = 0; i < *count; i++) {
        const json_t *entry = json_array_get(list, i);
        const json_t *cutoff = json_object_get(entry, "cutoff");
        const json_t *users = json_object_get(entry, "users");
        const json_t *recall = json_object_get(entry, "recall");
        const json_t *precision = json_object_get(entry, "precision");
        const json_t *ndcg = json_object_get(entry, "ndcg");
        if (!json_is_integer(cutoff) || !json_is_integer(users) || !json_is_number(recall) ||
            !json_is_number(precision) || !json_is_number(ndcg) || json_integer_value(cutoff) < 0 ||
            json_integer_value(users) < 0)
            return false;
        out[i] = (diffmm_metrics){.cutoff = (size_t)json_integer_value(cutoff),
                                  .users = (size_t)json_integer_value(users),
                                  .recall = json_number_value(recall),
                                  .precision = json_number_value(precision),
                                  .ndcg = json_number_value(ndcg)};
    }
    return true;
}

diffmm_status diffmm__read_evaluated(const struct diffmm__safetensors *file, const char *key,
                                     struct diffmm__evaluated *out)
{
    struct diffmm__evaluated found = {0};
    size_t tests = 0;
    json_t *object;
    if (!diffmm__safetensors_metadata(file, key))
        return DIFFMM_OK;
    diffmm_status status = diffmm__read_json(file, key, &object);
    if (status)
        return status;
    const json_t *epoch = json_object_get(object, "epoch");
    bool fine =
        json_is_integer(epoch) && json_integer_value(epoch) >= 0 &&
        unpack_metrics(json_object_get(object, "valid"), &found.cutoff_count, found.valid) &&
        unpack_metrics(json_object_get(object, "test"), &tests, found.test) &&
        tests == found.cutoff_count;
    found.epoch = fine ? (size_t)json_integer_value(epoch) : 0;
    json_decref(object);
    if (!fine)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the metadata's %s is not an epoch with its metrics",
                            diffmm__safetensors_path(file), key);
    *out = found;
    return DIFFMM_OK;
}
