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
    return features;
}

static void release_features(const diffmm_context *context, struct diffmm__features *features)
{
    if (!features || atomic_fetch_sub_explicit(&features->references, 1, memory_order_acq_rel) != 1)
        return;
    diffmm__release(context, features->values);
    end_mapping(&features->mapping);
    diffmm__release(context, features);
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
    if (modality->owned)
        atomic_fetch_add_explicit(&modality->owned->references, 1, memory_order_relaxed);
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
                         size_t rows, const float *values, struct diffmm__features *owned)
{
    if (!owned)
        return DIFFMM_ERROR_NO_MEMORY;
    release_features(context, modality->owned);
    modality->owned = owned;
    modality->features = values;
    modality->stride = modality->dimensions;
    modality->rows = rows;
    return DIFFMM_OK;
}

diffmm_status diffmm__modality_own(const diffmm_context *context, struct diffmm__modality *modality,
                                   size_t rows, float *values)
{
    return own(context, modality, rows, values,
               create_features(context, values, (struct diffmm__mapping){0}));
}

diffmm_status diffmm__modality_own_mapping(const diffmm_context *context,
                                           struct diffmm__modality *modality, size_t rows,
                                           const float *values, struct diffmm__mapping *mapping)
{
    struct diffmm__mapping taken = *mapping;
    *mapping = (struct diffmm__mapping){0};
    return own(context, modality, rows, values, create_features(context, NULL, taken));
}

static void copy_rows(size_t rows, size_t dimensions, const float *from, size_t stride, float *to)
{
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * dimensions, from + r * stride, dimensions * sizeof *to);
}

diffmm_status diffmm__modality_append(const diffmm_context *context,
                                      struct diffmm__modality *modality, size_t count,
                                      const float *features, size_t stride)
{
    size_t rows = modality->rows, dimensions = modality->dimensions;
    float *all = diffmm__allocate(context, rows + count, dimensions * sizeof *all);
    if (!all)
        return DIFFMM_ERROR_NO_MEMORY;
    copy_rows(rows, dimensions, modality->features, modality->stride, all);
    copy_rows(count, dimensions, features, stride, all + rows * dimensions);
    return diffmm__modality_own(context, modality, rows + count, all);
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
    if (!modality->features || modality->row_ids)
        return DIFFMM_OK;
    if (modality->rows != items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s': %zu rows%s%s, but the data set has %zu items",
                            modality->name, modality->rows, modality->path ? " in " : "",
                            modality->path ? modality->path : "", items);
    return check_finite(modality, items, modality->features, modality->stride);
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

static diffmm_status order_rows(const diffmm_context *context,
                                const struct diffmm__modality *modality, size_t items,
                                const int32_t *row_of_item, struct diffmm__modality *out)
{
    size_t in_place = 0;
    while (in_place < items && row_of_item[in_place] == (int32_t)in_place)
        in_place++;
    if (in_place < items || items != modality->rows)
        return copy_in_order(context, modality, items, row_of_item, out);
    diffmm_status status = check_finite(modality, items, modality->features, modality->stride);
    if (!status && modality->owned)
        atomic_fetch_add_explicit(&modality->owned->references, 1, memory_order_relaxed);
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
    if (!modality->features)
        return ask_host(modality, items, first, count, out);
    copy_rows(count, modality->dimensions, modality->features + first * modality->stride,
              modality->stride, out);
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
    diffmm_status status = ask_host(modality, items, 0, items->count, block);
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
    if (modality->row_ids)
        bytes += diffmm__ids_bytes(&modality->row_ids->ids);
    if (modality->row_of_item)
        bytes += diffmm__allocation_bytes(modality->ordered_items, sizeof(int32_t));
    return bytes;
}
