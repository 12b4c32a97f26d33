/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/modalities.h"

#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/text.h"
#include "dataset/id.h"

static struct diffmm__modality *find_modality(const diffmm_dataset *dataset, const char *name)
{
    for (size_t m = 0; m < dataset->modality_count; m++)
        if (strcmp(dataset->modalities[m].name, name) == 0)
            return &dataset->modalities[m];
    return NULL;
}

static bool is_name_character(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static diffmm_status check_name(const diffmm_dataset *dataset, const char *name)
{
    if (!name)
        return diffmm__null("name");
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof dataset->modalities->name)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "the modality name '%.*s' has %zu bytes, not 1 to 63",
                            (int)diffmm__text_cut(name, length, 80), name, length);
    for (size_t i = 0; i < length; i++)
        if (!is_name_character(name[i]))
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "the modality name '%s' has a character other than A-Z a-z 0-9 _ -",
                                name);
    if (dataset->modality_count == DIFFMM__MOST_MODALITIES)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s' would be one of more than %d modalities", name,
                            (int)DIFFMM__MOST_MODALITIES);
    if (find_modality(dataset, name))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "the data set already has a modality '%s'", name);
    return DIFFMM_OK;
}

diffmm_status diffmm__modalities_check_new(const diffmm_dataset *dataset, const char *name,
                                           size_t dimensions)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (!status)
        status = check_name(dataset, name);
    if (!status && (dimensions == 0 || dimensions > INT32_MAX))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s': %zu features per item, not 1 to %d", name, dimensions,
                            INT32_MAX);
    return status;
}

/* Adds a modality, with copies of `name` and `path` in place of its own. */
static diffmm_status append(diffmm_dataset *dataset, const char *name, const char *path,
                            struct diffmm__modality modality)
{
    diffmm_status status =
        diffmm__grow(dataset->context, &dataset->modalities, &dataset->modality_capacity,
                     dataset->modality_count, dataset->modality_count + 1, sizeof modality);
    if (status)
        return status;
    memcpy(modality.name, name, strlen(name) + 1);
    modality.path = NULL;
    if (path) {
        modality.path = diffmm__copy_text(dataset->context, path);
        if (!modality.path)
            return DIFFMM_ERROR_NO_MEMORY;
    }
    dataset->modalities[dataset->modality_count++] = modality;
    return DIFFMM_OK;
}

/* Whether rows of features from a caller fit into the address space. */
static diffmm_status check_extent(const char *name, size_t rows, size_t stride)
{
    diffmm_status status = diffmm__size_check_array("rows", rows, "stride", stride, sizeof(float));
    return status ? diffmm__fail(status, "modality '%s': %s", name, diffmm_error_message())
                  : status;
}

/* A modality of `dimensions` features, with a loader of either kind unless `missing`. */
static diffmm_status add_loader(diffmm_dataset *dataset, const char *name, bool missing,
                                struct diffmm__modality modality)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = diffmm__modalities_check_new(dataset, name, modality.dimensions);
    if (status)
        return status;
    return missing ? diffmm__null("loader") : append(dataset, name, NULL, modality);
}

diffmm_status diffmm_dataset_add_modality(diffmm_dataset *dataset, const char *name,
                                          size_t dimensions, diffmm_feature_loader loader,
                                          void *user_data)
{
    return add_loader(dataset, name, !loader,
                      (struct diffmm__modality){
                          .dimensions = dimensions, .loader = loader, .loader_data = user_data});
}

diffmm_status diffmm_dataset_add_modality_by_id(diffmm_dataset *dataset, const char *name,
                                                size_t dimensions, diffmm_feature_lookup loader,
                                                void *user_data)
{
    return add_loader(dataset, name, !loader,
                      (struct diffmm__modality){
                          .dimensions = dimensions, .lookup = loader, .loader_data = user_data});
}

static diffmm_status check_array(const diffmm_dataset *dataset, const char *name, size_t items,
                                 size_t dimensions, const float *features, size_t stride)
{
    diffmm_status status = diffmm__modalities_check_new(dataset, name, dimensions);
    if (status)
        return status;
    if (!features)
        return diffmm__null("features");
    if (items == 0 || items > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "modality '%s': %zu items, not 1 to %d",
                            name, items, INT32_MAX);
    if (stride < dimensions)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s': stride %zu is less than its %zu features", name, stride,
                            dimensions);
    return check_extent(name, items, stride);
}

diffmm_status diffmm_dataset_add_modality_array(diffmm_dataset *dataset, const char *name,
                                                size_t items, size_t dimensions,
                                                const float *features, size_t stride)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_array(dataset, name, items, dimensions, features, stride);
    if (status)
        return status;
    return append(
        dataset, name, NULL,
        (struct diffmm__modality){
            .dimensions = dimensions, .rows = items, .features = features, .stride = stride});
}

diffmm_status diffmm_dataset_add_modality_copy(diffmm_dataset *dataset, const char *name,
                                               size_t items, size_t dimensions,
                                               const float *features, size_t stride)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_array(dataset, name, items, dimensions, features, stride);
    if (status)
        return status;
    struct diffmm__modality modality = {.dimensions = dimensions};
    status = diffmm__modality_append(dataset->context, &modality, items, features, stride);
    if (!status)
        status = append(dataset, name, NULL, modality);
    if (status)
        diffmm__modality_end(dataset->context, &modality);
    return status;
}

static diffmm_status check_naming(const diffmm_dataset *dataset, const char *name, size_t count,
                                  const char *const *ids)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (status)
        return status;
    if (!name || !ids)
        return diffmm__null(name ? "ids" : "name");
    const struct diffmm__modality *modality = find_modality(dataset, name);
    if (!modality)
        return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "the data set has no modality '%s'", name);
    if (modality->row_ids)
        return diffmm__fail(DIFFMM_ERROR_STATE, "modality '%s': its rows have ids already", name);
    if (modality->lookup)
        return diffmm__fail(DIFFMM_ERROR_STATE, "modality '%s': its loader is asked by id", name);
    if (count == 0 || count > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "modality '%s': %zu ids, not 1 to %d",
                            name, count, INT32_MAX);
    if (!modality->loader && count != modality->rows)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "modality '%s': %zu ids for %zu rows",
                            name, count, modality->rows);
    return DIFFMM_OK;
}

static diffmm_status gather_ids(const diffmm_context *context, const char *name, size_t count,
                                const char *const *ids, struct diffmm__ids *out)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t i = 0; i < count && !status; i++) {
        int32_t number;
        status = diffmm__id_check(ids[i], "ids", i);
        if (!status)
            status = diffmm__ids_add(context, out, ids[i], strlen(ids[i]), &number);
        if (!status && (size_t)number != i)
            status = diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                  "modality '%s': ids[%zu] is '%s', as is ids[%d]", name, i, ids[i],
                                  (int)number);
    }
    return status;
}

diffmm_status diffmm_dataset_name_rows(diffmm_dataset *dataset, const char *name, size_t count,
                                       const char *const *ids)
{
    struct diffmm__ids rows = {0};
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_naming(dataset, name, count, ids);
    if (!status)
        status = gather_ids(dataset->context, name, count, ids, &rows);
    if (status) {
        if (dataset)
            diffmm__ids_end(dataset->context, &rows);
        return status;
    }
    return diffmm__modality_name_rows(dataset->context, find_modality(dataset, name), &rows);
}

diffmm_status diffmm__modalities_add_owned(diffmm_dataset *dataset, const char *name,
                                           struct diffmm__feature_rows features, const char *path)
{
    struct diffmm__modality modality = {.dimensions = features.dimensions};
    diffmm_status status =
        features.stored.data
            ? diffmm__modality_own_mapping(dataset->context, &modality, features.rows,
                                           features.stored, &features.mapping)
            : diffmm__modality_own(dataset->context, &modality, features.rows, features.values);
    if (!status && features.ids.count > 0)
        status = diffmm__modality_name_rows(dataset->context, &modality, &features.ids);
    else
        diffmm__ids_end(dataset->context, &features.ids);
    if (!status)
        status = diffmm__modalities_check_new(dataset, name, features.dimensions);
    if (!status)
        status = append(dataset, name, path, modality);
    if (status)
        diffmm__modality_end(dataset->context, &modality);
    return status;
}

diffmm_status diffmm__modalities_add_shared(diffmm_dataset *dataset,
                                            const struct diffmm__modality *source)
{
    diffmm_status status = append(dataset, source->name, source->path, *source);
    if (!status)
        diffmm__modality_share(&dataset->modalities[dataset->modality_count - 1]);
    return status;
}

static diffmm_status check_append(const diffmm_dataset *dataset, const char *name, size_t count,
                                  const float *features, size_t stride)
{
    diffmm_status status = diffmm__dataset_check_open(dataset);
    if (status)
        return status;
    if (!name)
        return diffmm__null("name");
    const struct diffmm__modality *modality = find_modality(dataset, name);
    if (!modality)
        return diffmm__fail(DIFFMM_ERROR_NOT_FOUND, "the data set has no modality '%s'", name);
    if (modality->row_ids && !modality->loader)
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "modality '%s': its rows have ids; rows without ids are appended once "
                            "the data set is sealed and extended",
                            name);
    if (!diffmm__modality_has_rows(modality))
        return diffmm__fail(DIFFMM_ERROR_STATE,
                            "modality '%s': its loader gives the features of all items", name);
    if (!features)
        return diffmm__null("features");
    if (stride < modality->dimensions)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s': stride %zu is less than its %zu features", name, stride,
                            modality->dimensions);
    if (count > INT32_MAX - modality->rows)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s': %zu more rows than %zu are more than %d", name, count,
                            modality->rows, INT32_MAX);
    return check_extent(name, count, stride);
}

diffmm_status diffmm_dataset_append_features(diffmm_dataset *dataset, const char *name,
                                             size_t count, const float *features, size_t stride)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_append(dataset, name, count, features, stride);
    if (status || count == 0)
        return status;
    return diffmm__modality_append(dataset->context, find_modality(dataset, name), count, features,
                                   stride);
}

diffmm_status diffmm__modalities_features(const diffmm_dataset *dataset, size_t index,
                                          const float **features, size_t *stride, float **scratch)
{
    return diffmm__modality_features(dataset->context, &dataset->modalities[index],
                                     &dataset->catalog->item_ids, features, stride, scratch);
}

diffmm_status diffmm_dataset_features(const diffmm_dataset *dataset, size_t index, size_t first,
                                      size_t count, float *out)
{
    DIFFMM__CALL call = diffmm__call_reads(dataset);
    diffmm_status status = diffmm__dataset_check_sealed(dataset);
    if (status)
        return status;
    if (index >= dataset->modality_count)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "index is %zu, but the data set has %zu modalities", index,
                            dataset->modality_count);
    size_t items = diffmm_dataset_items(dataset);
    if (first > items || count > items - first)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "%zu items from %zu on are beyond the %zu items", count, first, items);
    if (!out && count > 0)
        return diffmm__null("out");
    return diffmm__modality_load(&dataset->modalities[index], &dataset->catalog->item_ids, first,
                                 count, out);
}
