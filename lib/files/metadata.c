/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/metadata.h"

#include <string.h>

#include "base/index.h"
#include "base/json_parse.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "base/status.h"
#include "base/streams.h"
#include "options/options_json.h"

diffmm_status diffmm__metadata_check_format(const struct diffmm__safetensors *file,
                                            const char *wanted, const char *kind)
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

diffmm_status diffmm__metadata_count(const struct diffmm__safetensors *file, const char *key,
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

static diffmm_status find_text(const struct diffmm__safetensors *file, const char *key,
                               const char **out)
{
    *out = diffmm__safetensors_metadata(file, key);
    return *out ? DIFFMM_OK
                : diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: the metadata has no %s",
                               diffmm__safetensors_path(file), key);
}

diffmm_status diffmm__metadata_json(const struct diffmm__safetensors *file, const char *key,
                                    struct diffmm__json *out)
{
    const char *text;
    diffmm_status status = find_text(file, key, &text);
    return status ? status
                  : diffmm__json_parse(diffmm__safetensors_context(file), text, strlen(text),
                                       diffmm__safetensors_path(file), out);
}

diffmm_status diffmm__metadata_options(const struct diffmm__safetensors *file, diffmm_options **out)
{
    const char *text;
    diffmm_status status = find_text(file, "options", &text);
    return status
               ? status
               : diffmm__safetensors_blame(
                     file, diffmm__options_from_json(diffmm__safetensors_context(file), text, out));
}

diffmm_status diffmm__metadata_options_some(const struct diffmm__safetensors *file, size_t count,
                                            const char *const *names, diffmm_options **out)
{
    const char *text;
    diffmm_status status = find_text(file, "options", &text);
    return status ? status
                  : diffmm__safetensors_blame(
                        file, diffmm__options_from_json_some(diffmm__safetensors_context(file),
                                                             text, count, names, out));
}

diffmm_status diffmm__metadata_bad_modality(const struct diffmm__safetensors *file, size_t index,
                                            const char *why)
{
    return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: modality %zu of the metadata %s",
                        diffmm__safetensors_path(file), index, why);
}

diffmm_status diffmm__metadata_modality(const struct diffmm__safetensors *file,
                                        const struct diffmm__json_value *entry, size_t index,
                                        char name[64], size_t *dimensions)
{
    const char *given = diffmm__json_string(diffmm__json_get(entry, "name"));
    size_t length = given ? strlen(given) : 0, count;
    if (length == 0 || length >= 64)
        return diffmm__metadata_bad_modality(file, index, "has no name of 1 to 63 bytes");
    if (!diffmm__json_size(diffmm__json_get(entry, "dimensions"), &count) || count < 1 ||
        count > INT32_MAX)
        return diffmm__metadata_bad_modality(file, index, "has no dimensions");
    memcpy(name, given, length + 1);
    *dimensions = count;
    return DIFFMM_OK;
}

static diffmm_status read_modality(const struct diffmm__safetensors *file,
                                   const struct diffmm__json_value *entry, size_t index,
                                   struct diffmm__model_modality *out)
{
    const char *projection = diffmm__json_string(diffmm__json_get(entry, "projection"));
    diffmm_status status =
        diffmm__metadata_modality(file, entry, index, out->name, &out->dimensions);
    if (status)
        return status;
    if (!projection || (strcmp(projection, "leaky") != 0 && strcmp(projection, "linear") != 0))
        return diffmm__metadata_bad_modality(file, index,
                                             "has a projection that is neither leaky nor linear");
    out->projection =
        strcmp(projection, "linear") == 0 ? DIFFMM__PROJECTION_LINEAR : DIFFMM__PROJECTION_LEAKY;
    return DIFFMM_OK;
}

static diffmm_status fill_modalities(const struct diffmm__safetensors *file,
                                     const struct diffmm__json_value *list,
                                     struct diffmm__index *names,
                                     struct diffmm__model_modality *modalities)
{
    diffmm_status status = DIFFMM_OK;
    const struct diffmm__json_value *entry = diffmm__json_first(list);
    for (size_t i = 0, known; entry && !status; i++, entry = diffmm__json_next(entry)) {
        status = read_modality(file, entry, i, &modalities[i]);
        if (!status && diffmm__index_find(names, modalities[i].name, &known))
            status = diffmm__metadata_bad_modality(file, i, "has the name of another");
        if (!status)
            status = diffmm__index_add(names, modalities[i].name, i);
    }
    return status;
}

static diffmm_status list_modalities(const struct diffmm__safetensors *file,
                                     const struct diffmm__json_value *list,
                                     struct diffmm__model_modality **modalities, size_t *count)
{
    const diffmm_context *context = diffmm__safetensors_context(file);
    if (!diffmm__json_is(list, DIFFMM__JSON_ARRAY) ||
        diffmm__json_count(list) > DIFFMM__MOST_MODALITIES)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the metadata's modalities are not a list of up to %d",
                            diffmm__safetensors_path(file), (int)DIFFMM__MOST_MODALITIES);
    struct diffmm__index names = {.context = context};
    struct diffmm__model_modality *made =
        diffmm__allocate_zero(context, diffmm__json_count(list), sizeof *made);
    diffmm_status status =
        made ? fill_modalities(file, list, &names, made) : DIFFMM_ERROR_NO_MEMORY;
    diffmm__index_end(&names);
    if (status) {
        diffmm__release(context, made);
        return status;
    }
    *modalities = made;
    *count = diffmm__json_count(list);
    return DIFFMM_OK;
}

diffmm_status diffmm__metadata_modalities(const struct diffmm__safetensors *file,
                                          struct diffmm__model_modality **modalities, size_t *count)
{
    struct diffmm__json json;
    diffmm_status status = diffmm__metadata_json(file, "modalities", &json);
    if (status)
        return status;
    status = list_modalities(file, json.values, modalities, count);
    diffmm__json_end(&json);
    return status;
}

static bool unpack_metric(const struct diffmm__json_value *entry, diffmm_metrics *out)
{
    return diffmm__json_size(diffmm__json_get(entry, "cutoff"), &out->cutoff) &&
           diffmm__json_size(diffmm__json_get(entry, "users"), &out->users) &&
           diffmm__json_real(diffmm__json_get(entry, "recall"), &out->recall) &&
           diffmm__json_real(diffmm__json_get(entry, "precision"), &out->precision) &&
           diffmm__json_real(diffmm__json_get(entry, "ndcg"), &out->ndcg);
}

static bool unpack_metrics(const struct diffmm__json_value *list, size_t *count,
                           diffmm_metrics *out)
{
    *count = diffmm__json_count(list);
    if (!diffmm__json_is(list, DIFFMM__JSON_ARRAY) || *count > DIFFMM__MAX_LIST)
        return false;
    for (const struct diffmm__json_value *at = diffmm__json_first(list); at;
         at = diffmm__json_next(at))
        if (!unpack_metric(at, out++))
            return false;
    return true;
}

static bool unpack_evaluated(const struct diffmm__json_value *object, struct diffmm__evaluated *out)
{
    size_t tests;
    return diffmm__json_size(diffmm__json_get(object, "epoch"), &out->epoch) &&
           unpack_metrics(diffmm__json_get(object, "valid"), &out->cutoff_count, out->valid) &&
           unpack_metrics(diffmm__json_get(object, "test"), &tests, out->test) &&
           tests == out->cutoff_count;
}

diffmm_status diffmm__metadata_evaluated(const struct diffmm__safetensors *file, const char *key,
                                         struct diffmm__evaluated *out)
{
    struct diffmm__evaluated found = {0};
    struct diffmm__json json;
    if (!diffmm__safetensors_metadata(file, key))
        return DIFFMM_OK;
    diffmm_status status = diffmm__metadata_json(file, key, &json);
    if (status)
        return status;
    bool fine = unpack_evaluated(json.values, &found);
    diffmm__json_end(&json);
    if (!fine)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: the metadata's %s is not an epoch with its metrics",
                            diffmm__safetensors_path(file), key);
    *out = found;
    return DIFFMM_OK;
}
