/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/readers/features_npy.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "dataset/readers/npy_values.h"

diffmm_status diffmm__features_npy_check(const struct diffmm__npy *array, const char *path)
{
    if (array->kind == 'S' || array->kind == 'U')
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: features are numbers, not of kind '%c'", path,
                            array->kind);
    if (array->dimensions != 2)
        return diffmm__fail(DIFFMM_ERROR_FORMAT,
                            "%s: features have 2 dimensions (items x features), not %zu", path,
                            array->dimensions);
    if (array->count == 0)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: its array of %zu x %zu holds no feature",
                            path, array->shape[0], array->shape[1]);
    if (array->shape[0] > INT32_MAX || array->shape[1] > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_FORMAT, "%s: %zu x %zu features are too many", path,
                            array->shape[0], array->shape[1]);
    return DIFFMM_OK;
}

static diffmm_status read_mapped(const diffmm_context *context,
                                 const struct diffmm__mapping *mapping, const char *path,
                                 struct diffmm__feature_rows *out)
{
    struct diffmm__npy array;
    diffmm_status status = diffmm__npy_parse(mapping->data, mapping->size, path, &array);
    if (!status)
        status = diffmm__features_npy_check(&array, path);
    if (status)
        return status;
    float *values = diffmm__allocate(context, array.count, sizeof *values);
    if (!values)
        return DIFFMM_ERROR_NO_MEMORY;
    status = diffmm__npy_values_as_float(&array, path, values);
    if (status) {
        diffmm__release(context, values);
        return status;
    }
    *out = (struct diffmm__feature_rows){
        .rows = array.shape[0], .dimensions = array.shape[1], .values = values};
    return DIFFMM_OK;
}

diffmm_status diffmm__features_npy_store(const struct diffmm__npy *array, const char *name,
                                         struct diffmm__stored_rows *out)
{
    bool brief = array->item_size == 2 && (array->kind == 'f' || array->kind == 'B');
    bool single = array->item_size == sizeof(float) && array->kind == 'f';
    bool aligned = brief || (uintptr_t)array->data % sizeof(float) == 0;
    const char *why = !brief && !single   ? "neither float32 nor float16"
                      : array->big_endian ? "big-endian"
                      : array->fortran_order && array->shape[0] > 1 && array->shape[1] > 1
                          ? "in Fortran order"
                      : !aligned ? "not aligned"
                                 : NULL;
    *out = (struct diffmm__stored_rows){.data = array->data,
                                        .type = single               ? DIFFMM__STORED_F32
                                                : array->kind == 'f' ? DIFFMM__STORED_F16
                                                                     : DIFFMM__STORED_BF16,
                                        .dimensions = array->shape[1]};
    if (!why)
        return DIFFMM_OK;
    return diffmm__fail(DIFFMM_ERROR_UNSUPPORTED,
                        "%s: its features are %s, and so cannot be used where they are in the "
                        "file; diffmm_dataset_read_modality() converts them",
                        name, why);
}

diffmm_status diffmm__features_npy_map(const diffmm_context *context, const char *path,
                                       struct diffmm__feature_rows *out)
{
    (void)context;
    struct diffmm__mapping mapping;
    struct diffmm__stored_rows stored;
    struct diffmm__npy array;
    diffmm_status status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = diffmm__npy_parse(mapping.data, mapping.size, path, &array);
    if (!status)
        status = diffmm__features_npy_check(&array, path);
    if (!status)
        status = diffmm__features_npy_store(&array, path, &stored);
    if (status) {
        diffmm__file_unmap(&mapping);
        return status;
    }
    *out = (struct diffmm__feature_rows){
        .rows = array.shape[0], .dimensions = array.shape[1], .stored = stored, .mapping = mapping};
    return DIFFMM_OK;
}

diffmm_status diffmm__features_npy_read(const diffmm_context *context, const char *path,
                                        struct diffmm__feature_rows *out)
{
    struct diffmm__mapping mapping;
    diffmm_status status = diffmm__file_map(path, &mapping);
    if (status)
        return status;
    status = read_mapped(context, &mapping, path, out);
    diffmm__file_unmap(&mapping);
    return status;
}
