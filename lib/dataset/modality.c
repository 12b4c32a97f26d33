/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/modality.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include "base/status.h"

/* Items that a loader is asked for at once. */
enum { loader_block = 256 };

/* Takes over the values, and releases them on failure too. */
static struct diffmm__features *create_features(const diffmm_context *context, float *values)
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

void diffmm__modality_end(const diffmm_context *context, struct diffmm__modality *modality)
{
    release_features(context, modality->owned);
    diffmm__release(context, modality->path);
}

void diffmm__modality_share(const struct diffmm__modality *modality)
{
    if (modality->owned)
        atomic_fetch_add_explicit(&modality->owned->references, 1, memory_order_relaxed);
}

diffmm_status diffmm__modality_own(const diffmm_context *context, struct diffmm__modality *modality,
                                   size_t rows, float *values)
{
    struct diffmm__features *owned = create_features(context, values);
    if (!owned)
        return DIFFMM_ERROR_NO_MEMORY;
    release_features(context, modality->owned);
    modality->owned = owned;
    modality->features = values;
    modality->stride = modality->dimensions;
    modality->rows = rows;
    return DIFFMM_OK;
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
    if (!modality->features)
        return DIFFMM_OK;
    if (modality->rows != items)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "modality '%s': %zu rows%s%s, but the data set has %zu items",
                            modality->name, modality->rows, modality->path ? " in " : "",
                            modality->path ? modality->path : "", items);
    return check_finite(modality, items, modality->features, modality->stride);
}

/* Asks the loader for `items` items from `first` on, block by block. */
static diffmm_status ask_loader(const struct diffmm__modality *modality, size_t first, size_t items,
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

diffmm_status diffmm__modality_load(const struct diffmm__modality *modality, size_t first,
                                    size_t count, float *out)
{
    if (modality->loader)
        return ask_loader(modality, first, count, out);
    copy_rows(count, modality->dimensions, modality->features + first * modality->stride,
              modality->stride, out);
    return DIFFMM_OK;
}

diffmm_status diffmm__modality_features(const diffmm_context *context,
                                        const struct diffmm__modality *modality, size_t items,
                                        const float **features, size_t *stride, float **scratch)
{
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
    float *block = diffmm__allocate(context, count, sizeof *block);
    if (!block)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm_status status = ask_loader(modality, 0, items, block);
    if (!status)
        status = check_finite(modality, items, block, modality->dimensions);
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
    return modality->owned
               ? diffmm__allocation_bytes(modality->rows * modality->dimensions, sizeof(float))
               : 0;
}
