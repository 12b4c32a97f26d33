/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/modality.h"

#include <stdint.h>
#include <string.h>

#include "base/handle.h"
#include "base/memory.h"
#include "base/sizes.h"
#include "base/status.h"
#include "base/streams.h"
#include "base/text.h"
#include "dataset/npy.h"
#include "linalg/vectors.h"

/* Items that a loader is asked for at once. */
enum { loader_block = 256 };

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

static diffmm_status check_new(const diffmm_dataset *dataset, const char *name, size_t dimensions)
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

/* `path` is copied, not the modality's. */
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

/* Rows of features from a caller. */
static diffmm_status check_extent(const char *name, size_t rows, size_t stride)
{
    diffmm_status status = diffmm__check_array("rows", rows, "stride", stride, sizeof(float));
    return status ? diffmm__fail(status, "modality '%s': %s", name, diffmm_error_message())
                  : status;
}

diffmm_status diffmm_dataset_add_modality(diffmm_dataset *dataset, const char *name,
                                          size_t dimensions, diffmm_feature_loader loader,
                                          void *user_data)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_new(dataset, name, dimensions);
    if (status)
        return status;
    if (!loader)
        return diffmm__null("loader");
    return append(dataset, name, NULL,
                  (struct diffmm__modality){
                      .dimensions = dimensions, .loader = loader, .loader_data = user_data});
}

diffmm_status diffmm_dataset_add_modality_array(diffmm_dataset *dataset, const char *name,
                                                size_t items, size_t dimensions,
                                                const float *features, size_t stride)
{
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_new(dataset, name, dimensions);
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
    status = check_extent(name, items, stride);
    if (status)
        return status;
    return append(
        dataset, name, NULL,
        (struct diffmm__modality){
            .dimensions = dimensions, .rows = items, .features = features, .stride = stride});
}

/* Takes over the values, which are released on failure too. */
static struct diffmm__features *own_features(const diffmm_context *context, float *values)
{
    struct diffmm__features *features = diffmm__allocate(context, 1, sizeof *features);
    if (!features) {
        diffmm__release(context, values);
        return NULL;
    }
    atomic_init(&features->references, 1);
    features->values = values;
    return features;
}

static void release_features(const diffmm_context *context, struct diffmm__features *features)
{
    if (!features || atomic_fetch_sub_explicit(&features->references, 1, memory_order_acq_rel) != 1)
        return;
    diffmm__release(context, features->values);
    diffmm__release(context, features);
}

diffmm_status diffmm__dataset_own_modality(diffmm_dataset *dataset, const char *name, size_t items,
                                           size_t dimensions, float *features, const char *path)
{
    struct diffmm__features *owned = own_features(dataset->context, features);
    if (!owned)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = check_new(dataset, name, dimensions);
    if (!status)
        status = append(dataset, name, path,
                        (struct diffmm__modality){.dimensions = dimensions,
                                                  .rows = items,
                                                  .features = features,
                                                  .stride = dimensions,
                                                  .owned = owned});
    if (status)
        release_features(dataset->context, owned);
    return status;
}

diffmm_status diffmm__dataset_share_modality(diffmm_dataset *dataset,
                                             const struct diffmm__modality *source)
{
    diffmm_status status = append(dataset, source->name, source->path, *source);
    if (!status && source->owned)
        atomic_fetch_add_explicit(&source->owned->references, 1, memory_order_relaxed);
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
    if (modality->loader)
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

static void copy_rows(size_t rows, size_t dimensions, const float *from, size_t stride, float *to)
{
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * dimensions, from + r * stride, dimensions * sizeof *to);
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
    struct diffmm__modality *modality = find_modality(dataset, name);
    size_t rows = modality->rows, dimensions = modality->dimensions;
    float *all = diffmm__allocate(dataset->context, rows + count, dimensions * sizeof *all);
    if (!all)
        return DIFFMM_ERROR_NO_MEMORY;
    copy_rows(rows, dimensions, modality->features, modality->stride, all);
    copy_rows(count, dimensions, features, stride, all + rows * dimensions);
    struct diffmm__features *owned = own_features(dataset->context, all);
    if (!owned)
        return DIFFMM_ERROR_NO_MEMORY;
    release_features(dataset->context, modality->owned);
    modality->owned = owned;
    modality->features = all;
    modality->stride = dimensions;
    modality->rows = rows + count;
    return DIFFMM_OK;
}

static diffmm_status check_array(const struct diffmm__npy *array, const char *path)
{
    if (array->kind != 'f')
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: features are float16, float32 or float64, not of kind '%c'", path,
                            array->kind);
    if (array->dimensions != 2)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: features have 2 dimensions (items x features), not %zu", path,
                            array->dimensions);
    if (array->count == 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu x %zu features are none", path,
                            array->shape[0], array->shape[1]);
    if (array->shape[0] > INT32_MAX || array->shape[1] > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu x %zu features are too many", path,
                            array->shape[0], array->shape[1]);
    return DIFFMM_OK;
}

static diffmm_status read_mapped(diffmm_dataset *dataset, const char *name, const char *path,
                                 const struct diffmm__mapping *mapping)
{
    struct diffmm__npy array;
    diffmm_status status = diffmm__npy_parse(mapping->data, mapping->size, path, &array);
    if (!status)
        status = check_array(&array, path);
    if (status)
        return status;
    float *features = diffmm__allocate(dataset->context, array.count, sizeof *features);
    if (!features)
        return DIFFMM_ERROR_NO_MEMORY;
    status = diffmm__npy_to_float(&array, path, features);
    if (status) {
        diffmm__release(dataset->context, features);
        return status;
    }
    return diffmm__dataset_own_modality(dataset, name, array.shape[0], array.shape[1], features,
                                        path);
}

diffmm_status diffmm_dataset_read_modality(diffmm_dataset *dataset, const char *name,
                                           const char *path)
{
    struct diffmm__mapping mapping;
    DIFFMM__CALL call;
    diffmm_status status = diffmm__call_changes(&call, dataset, "dataset");
    if (!status)
        status = check_new(dataset, name, 1);
    if (status)
        return status;
    if (!path)
        return diffmm__null("path");
    status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = read_mapped(dataset, name, path, &mapping);
    diffmm__file_unmap(&mapping);
    return status;
}

void diffmm__modality_end(const diffmm_context *context, struct diffmm__modality *modality)
{
    release_features(context, modality->owned);
    diffmm__release(context, modality->path);
}

static diffmm_status check_finite(const struct diffmm__modality *modality, size_t items,
                                  const float *features, size_t stride)
{
    for (size_t i = 0; i < items; i++) {
        size_t feature = diffmm__first_not_finite(modality->dimensions, features + i * stride);
        if (feature < modality->dimensions)
            return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                                "modality '%s': feature %zu of item %zu is not finite",
                                modality->name, feature, i);
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__modality_check(const struct diffmm__modality *modality, size_t items)
{
    if (!modality->features)
        return DIFFMM_OK;
    if (modality->rows != items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s': %zu rows%s%s, but the data set has %zu items",
                            modality->name, modality->rows, modality->path ? " in " : "",
                            modality->path ? modality->path : "", items);
    return check_finite(modality, items, modality->features, modality->stride);
}

/* Ask a loader for `items` items from `first` on, block by block. */
static diffmm_status load(const struct diffmm__modality *modality, size_t first, size_t items,
                          float *out)
{
    for (size_t done = 0; done < items; done += loader_block) {
        size_t count = items - done < loader_block ? items - done : loader_block;
        int result = modality->loader(first + done, count, out + done * modality->dimensions,
                                      modality->loader_data);
        if (result)
            return diffmm__fail(DIFFMM_ERROR_CALLBACK,
                                "modality '%s': its loader returned %d for items %zu to %zu",
                                modality->name, result, first + done, first + done + count - 1);
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__dataset_features(const diffmm_dataset *dataset, size_t index,
                                       const float **features, size_t *stride, float **scratch)
{
    const struct diffmm__modality *modality = &dataset->modalities[index];
    size_t items = diffmm_dataset_items(dataset);
    if (modality->features) {
        diffmm_status status = diffmm__modality_check(modality, items);
        if (status)
            return status;
        *features = modality->features;
        *stride = modality->stride;
        return DIFFMM_OK;
    }
    size_t count = diffmm__size_product(items, modality->dimensions);
    if (count == SIZE_MAX)
        return diffmm__fail(DIFFMM_ERROR_NO_MEMORY,
                            "modality '%s': %zu x %zu features exceed the address space",
                            modality->name, items, modality->dimensions);
    float *block = diffmm__allocate(dataset->context, count, sizeof *block);
    if (!block)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = load(modality, 0, items, block);
    if (!status)
        status = check_finite(modality, items, block, modality->dimensions);
    if (status) {
        diffmm__release(dataset->context, block);
        return status;
    }
    *scratch = block;
    *features = block;
    *stride = modality->dimensions;
    return DIFFMM_OK;
}

diffmm_status diffmm_dataset_features(const diffmm_dataset *dataset, size_t index, size_t first,
                                      size_t count, float *out)
{
    DIFFMM__CALL call = diffmm__call_reads(dataset);
    if (!dataset)
        return diffmm__null("dataset");
    if (!dataset->sealed)
        return diffmm__fail(DIFFMM_ERROR_STATE, "the data set is not sealed yet");
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
    const struct diffmm__modality *modality = &dataset->modalities[index];
    if (!modality->features)
        return load(modality, first, count, out);
    copy_rows(count, modality->dimensions, modality->features + first * modality->stride,
              modality->stride, out);
    return DIFFMM_OK;
}
