/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/modality.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"

/* Items that a host is asked for at once. */
enum { loader_block = 256 };

static void end_mapping(struct diffmm__mapping *mapping)
{
    if (mapping->data)
        diffmm__file_unmap(mapping);
    *mapping = (struct diffmm__mapping){0};
}

void diffmm__feature_rows_end(const diffmm_context *context, struct diffmm__feature_rows *rows)
{
    diffmm__release(context, rows->values);
    diffmm__ids_end(context, &rows->ids);
    end_mapping(&rows->mapping);
}

/* Takes over values or mapping, and releases them on failure too. */
static struct diffmm__features *create_features(const diffmm_context *context, float *values,
                                                struct diffmm__mapping mapping)
{
    struct diffmm__features *features = diffmm__allocate(context, 1, sizeof *features);
    if (!features) {
        diffmm__release(context, values);
        end_mapping(&mapping);
        return NULL;
    }
    atomic_init(&features->references, 1);
    features->values = values;
    features->mapping = mapping;
    features->base = NULL;
    features->order = NULL;
    return features;
}

static void retain_features(struct diffmm__features *features)
{
    if (features)
        atomic_fetch_add_explicit(&features->references, 1, memory_order_relaxed);
}

static void release_features(const diffmm_context *context, struct diffmm__features *features)
{
    while (features &&
           atomic_fetch_sub_explicit(&features->references, 1, memory_order_acq_rel) == 1) {
        struct diffmm__features *base = features->base;
        diffmm__release(context, features->values);
        diffmm__release(context, features->order);
        end_mapping(&features->mapping);
        diffmm__release(context, features);
        features = base;
    }
}

void diffmm__modality_end(const diffmm_context *context, struct diffmm__modality *modality)
{
    release_features(context, modality->owned);
    diffmm__row_ids_release(context, modality->row_ids);
    diffmm__release(context, modality->row_of_item);
    diffmm__release(context, modality->path);
}

void diffmm__modality_share(struct diffmm__modality *modality)
{
    retain_features(modality->owned);
    diffmm__row_ids_retain(modality->row_ids);
    modality->row_of_item = NULL;
    modality->ordered_items = 0;
}

diffmm_status diffmm__modality_name_rows(const diffmm_context *context,
                                         struct diffmm__modality *modality, struct diffmm__ids *ids)
{
    modality->row_ids = diffmm__row_ids_create(context, ids);
    return modality->row_ids ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

static diffmm_status own(const diffmm_context *context, struct diffmm__modality *modality,
                         size_t rows, const float *values, struct diffmm__stored_rows stored,
                         struct diffmm__features *owned)
{
    if (!owned)
        return DIFFMM_ERROR_NO_MEMORY;
    release_features(context, modality->owned);
    modality->owned = owned;
    modality->features = values;
    modality->stored = stored;
    modality->stride = modality->dimensions;
    modality->rows = rows;
    return DIFFMM_OK;
}

diffmm_status diffmm__modality_own(const diffmm_context *context, struct diffmm__modality *modality,
                                   size_t rows, float *values)
{
    return own(context, modality, rows, values, (struct diffmm__stored_rows){0},
               create_features(context, values, (struct diffmm__mapping){0}));
}

diffmm_status diffmm__modality_own_mapping(const diffmm_context *context,
                                           struct diffmm__modality *modality, size_t rows,
                                           struct diffmm__stored_rows stored,
                                           struct diffmm__mapping *mapping)
{
    struct diffmm__mapping taken = *mapping;
    const float *floats =
        stored.type == DIFFMM__STORED_F32 ? (const float *)(const void *)stored.data : NULL;
    *mapping = (struct diffmm__mapping){0};
    return own(context, modality, rows, floats, stored, create_features(context, NULL, taken));
}

bool diffmm__modality_has_rows(const struct diffmm__modality *modality)
{
    return modality->features || modality->stored.data;
}

bool diffmm__modality_is_stored(const struct diffmm__modality *modality)
{
    return modality->stored.data && !modality->features;
}

static void copy_rows(size_t rows, size_t dimensions, const float *from, size_t stride, float *to)
{
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * dimensions, from + r * stride, dimensions * sizeof *to);
}

/* The features of `count` items from `first` on; a modality without rows has no array. */
static void copy_features(const struct diffmm__modality *modality, size_t first, size_t count,
                          float *out)
{
    if (diffmm__modality_is_stored(modality))
        diffmm__stored_rows_load(&modality->stored, first, count, out);
    else if (count > 0)
        copy_rows(count, modality->dimensions, modality->features + first * modality->stride,
                  modality->stride, out);
}

diffmm_status diffmm__modality_append(const diffmm_context *context,
                                      struct diffmm__modality *modality, size_t count,
                                      const float *features, size_t stride)
{
    size_t rows = modality->rows, dimensions = modality->dimensions;
    float *all = diffmm__allocate(context, rows + count, dimensions * sizeof *all);
    if (!all)
        return DIFFMM_ERROR_NO_MEMORY;
    copy_features(modality, 0, rows, all);
    copy_rows(count, dimensions, features, stride, all + rows * dimensions);
    return diffmm__modality_own(context, modality, rows + count, all);
}

static diffmm_status fail_not_finite(const struct diffmm__modality *modality, size_t item,
                                     size_t feature)
{
    return diffmm__fail(DIFFMM_ERROR_NUMERIC,
                        "modality '%s': feature %zu of item %zu is not finite", modality->name,
                        feature, item);
}

static diffmm_status check_finite(const struct diffmm__modality *modality, size_t items,
                                  const float *features, size_t stride)
{
    for (size_t i = 0; i < items; i++) {
        size_t feature = diffmm__first_not_finite(modality->dimensions, features + i * stride);
        if (feature < modality->dimensions)
            return fail_not_finite(modality, i, feature);
    }
    return DIFFMM_OK;
}

static diffmm_status check_stored(const struct diffmm__modality *modality, size_t items)
{
    enum { most = 256 };
    float part[most];
    for (size_t i = 0; i < items; i++)
        for (size_t first = 0; first < modality->dimensions; first += most) {
            size_t left = modality->dimensions - first, count = left < most ? left : most;
            diffmm__stored_rows_part(&modality->stored, i, first, count, part);
            size_t feature = diffmm__first_not_finite(count, part);
            if (feature < count)
                return fail_not_finite(modality, i, first + feature);
        }
    return DIFFMM_OK;
}

static diffmm_status check_values(const struct diffmm__modality *modality, size_t items)
{
    return diffmm__modality_is_stored(modality)
               ? check_stored(modality, items)
               : check_finite(modality, items, modality->features, modality->stride);
}

diffmm_status diffmm__modality_check(const struct diffmm__modality *modality, size_t items)
{
    if (!diffmm__modality_has_rows(modality) || modality->row_ids)
        return DIFFMM_OK;
    if (modality->rows != items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s': %zu rows%s%s, but the data set has %zu items",
                            modality->name, modality->rows, modality->path ? " in " : "",
                            modality->path ? modality->path : "", items);
    return check_values(modality, items);
}

static diffmm_status copy_in_order(const diffmm_context *context,
                                   const struct diffmm__modality *modality, size_t items,
                                   const int32_t *row_of_item, struct diffmm__modality *out)
{
    size_t dimensions = modality->dimensions;
    float *values = diffmm__allocate(context, items, dimensions * sizeof *values);
    if (!values)
        return DIFFMM_ERROR_NO_MEMORY;
    for (size_t i = 0; i < items; i++) {
        if (row_of_item[i] < 0)
            memset(values + i * dimensions, 0, dimensions * sizeof *values);
        else
            memcpy(values + i * dimensions,
                   modality->features + (size_t)row_of_item[i] * modality->stride,
                   dimensions * sizeof *values);
    }
    diffmm_status status = check_finite(modality, items, values, dimensions);
    if (status) {
        diffmm__release(context, values);
        return status;
    }
    out->owned = NULL;
    return diffmm__modality_own(context, out, items, values);
}

/* Rows of a mapped file stay there; *out has their order. */
static diffmm_status store_order(const diffmm_context *context,
                                 const struct diffmm__modality *modality, size_t items,
                                 const int32_t *row_of_item, struct diffmm__modality *out)
{
    int32_t *order = diffmm__allocate(context, items, sizeof *order);
    struct diffmm__features *owned =
        order ? create_features(context, NULL, (struct diffmm__mapping){0}) : NULL;
    if (!owned) {
        diffmm__release(context, order);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    memcpy(order, row_of_item, items * sizeof *order);
    owned->order = order;
    owned->base = modality->owned;
    retain_features(owned->base);
    out->features = NULL;
    out->stored.order = order;
    out->rows = items;
    out->owned = owned;
    diffmm_status status = check_stored(out, items);
    if (status)
        release_features(context, owned);
    return status;
}

static diffmm_status order_rows(const diffmm_context *context,
                                const struct diffmm__modality *modality, size_t items,
                                const int32_t *row_of_item, struct diffmm__modality *out)
{
    size_t in_place = 0;
    while (in_place < items && row_of_item[in_place] == (int32_t)in_place)
        in_place++;
    if (in_place < items || items != modality->rows)
        return (modality->stored.data ? store_order : copy_in_order)(context, modality, items,
                                                                     row_of_item, out);
    diffmm_status status = check_values(modality, items);
    if (!status)
        retain_features(modality->owned);
    return status;
}

diffmm_status diffmm__modality_order(const diffmm_context *context,
                                     const struct diffmm__modality *modality, size_t items,
                                     int32_t *row_of_item, struct diffmm__modality *out)
{
    struct diffmm__modality ordered = *modality;
    ordered.path = NULL;
    if (modality->loader) {
        diffmm__row_ids_retain(ordered.row_ids);
        ordered.row_of_item = row_of_item;
        ordered.ordered_items = items;
        *out = ordered;
        return DIFFMM_OK;
    }
    ordered.row_ids = NULL;
    diffmm_status status = order_rows(context, modality, items, row_of_item, &ordered);
    diffmm__release(context, row_of_item);
    if (!status)
        *out = ordered;
    return status;
}

void diffmm__modality_replace(const diffmm_context *context, struct diffmm__modality *modality,
                              struct diffmm__modality *other)
{
    other->path = modality->path;
    modality->path = NULL;
    diffmm__modality_end(context, modality);
    *modality = *other;
    *other = (struct diffmm__modality){0};
}

/* Asks the loader for `count` rows from `first` on. */
static diffmm_status ask_rows(const struct diffmm__modality *modality, size_t first, size_t count,
                              float *out)
{
    int result = modality->loader(first, count, out, modality->loader_data);
    if (!result)
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_CALLBACK,
                        "modality '%s': its loader returned %d for %s %zu to %zu", modality->name,
                        result, modality->row_of_item ? "rows" : "items", first, first + count - 1);
}

/* How many of `count` items have rows that follow each other, as the first ones; or have none, as
 * the first one has. */
static size_t run_length(const int32_t *rows, size_t count)
{
    size_t length = 1;
    while (length < count && rows[length] == (rows[0] < 0 ? -1 : rows[0] + (int32_t)length))
        length++;
    return length;
}

/* Asks the loader for the rows of `count` items from `first` on, run by run. */
static diffmm_status ask_rows_of_items(const struct diffmm__modality *modality, size_t first,
                                       size_t count, float *out)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t done = 0; done < count && !status;) {
        const int32_t *rows = modality->row_of_item + first + done;
        size_t run = run_length(rows, count - done);
        float *place = out + done * modality->dimensions;
        if (rows[0] < 0)
            memset(place, 0, run * modality->dimensions * sizeof *place);
        else
            status = ask_rows(modality, (size_t)rows[0], run, place);
        done += run;
    }
    return status;
}

/* Asks the lookup for the rows of at most loader_block items from `first` on. */
static diffmm_status ask_by_id(const struct diffmm__modality *modality,
                               const struct diffmm__ids *items, size_t first, size_t count,
                               float *out)
{
    const char *ids[loader_block];
    for (size_t i = 0; i < count; i++)
        ids[i] = diffmm__ids_text(items, (int32_t)(first + i));
    int result = modality->lookup(count, ids, out, modality->loader_data);
    if (!result)
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_CALLBACK,
                        "modality '%s': its loader returned %d for the ids of items %zu to %zu",
                        modality->name, result, first, first + count - 1);
}

static diffmm_status ask_block(const struct diffmm__modality *modality,
                               const struct diffmm__ids *items, size_t first, size_t count,
                               float *out)
{
    if (modality->lookup)
        return ask_by_id(modality, items, first, count, out);
    return modality->row_of_item ? ask_rows_of_items(modality, first, count, out)
                                 : ask_rows(modality, first, count, out);
}

/* Asks loader or lookup for `count` items from `first` on, block by block. */
static diffmm_status ask_host(const struct diffmm__modality *modality,
                              const struct diffmm__ids *items, size_t first, size_t count,
                              float *out)
{
    diffmm_status status = DIFFMM_OK;
    for (size_t done = 0; done < count && !status; done += loader_block)
        status = ask_block(modality, items, first + done,
                           count - done < loader_block ? count - done : loader_block,
                           out + done * modality->dimensions);
    return status;
}

diffmm_status diffmm__modality_load(const struct diffmm__modality *modality,
                                    const struct diffmm__ids *items, size_t first, size_t count,
                                    float *out)
{
    if (!diffmm__modality_has_rows(modality))
        return ask_host(modality, items, first, count, out);
    copy_features(modality, first, count, out);
    return DIFFMM_OK;
}

diffmm_status diffmm__modality_features(const diffmm_context *context,
                                        const struct diffmm__modality *modality,
                                        const struct diffmm__ids *items, const float **features,
                                        size_t *stride, float **scratch)
{
    if (modality->features) {
        diffmm_status status = diffmm__modality_check(modality, items->count);
        if (status)
            return status;
        *features = modality->features;
        *stride = modality->stride;
        return DIFFMM_OK;
    }
    size_t count = diffmm__size_product(items->count, modality->dimensions);
    if (count == SIZE_MAX)
        return diffmm__fail(DIFFMM_ERROR_NO_MEMORY,
                            "modality '%s': %zu x %zu features exceed the address space",
                            modality->name, items->count, modality->dimensions);
    float *block = diffmm__allocate(context, count, sizeof *block);
    if (!block)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = diffmm__modality_load(modality, items, 0, items->count, block);
    if (!status)
        status = check_finite(modality, items->count, block, modality->dimensions);
    if (status) {
        diffmm__release(context, block);
        return status;
    }
    *scratch = block;
    *features = block;
    *stride = modality->dimensions;
    return DIFFMM_OK;
}

size_t diffmm__modality_bytes(const struct diffmm__modality *modality)
{
    size_t bytes = 0;
    if (modality->owned && modality->owned->values)
        bytes += diffmm__allocation_bytes(modality->rows * modality->dimensions, sizeof(float));
    if (modality->stored.order)
        bytes += diffmm__allocation_bytes(modality->rows, sizeof(int32_t));
    if (modality->row_ids)
        bytes += diffmm__ids_bytes(&modality->row_ids->ids);
    if (modality->row_of_item)
        bytes += diffmm__allocation_bytes(modality->ordered_items, sizeof(int32_t));
    return bytes;
}
