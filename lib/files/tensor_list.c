/* SPDX-License-Identifier: BSD-2-Clause */
#include "files/tensor_list.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/numbers.h"
#include "base/status.h"

diffmm_status diffmm__tensor_list_begin(const diffmm_context *context, const char *owner,
                                        size_t most, struct diffmm__tensor_list *list)
{
    *list = (struct diffmm__tensor_list){.arena = diffmm__arena_on(context), .owner = owner};
    list->tensors = diffmm__arena_take(&list->arena, most, sizeof *list->tensors);
    return list->tensors ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}

void diffmm__tensor_list_end(struct diffmm__tensor_list *list)
{
    diffmm__arena_end(&list->arena);
}

const char *diffmm__tensor_list_name(struct diffmm__tensor_list *list, const char *format, ...)
{
    enum { most = 192 };
    va_list values;
    char *name = diffmm__arena_take(&list->arena, most, 1);
    if (!name)
        return NULL;
    va_start(values, format);
    vsnprintf(name, most, format, values);
    va_end(values);
    return name;
}

diffmm_status diffmm__tensor_list_add_tensor(struct diffmm__tensor_list *list,
                                             const struct diffmm__tensor *tensor)
{
    if (!tensor->name)
        return DIFFMM_ERROR_NO_MEMORY;
    size_t width = tensor->columns > 1 ? tensor->columns : 1;
    if (tensor->dtype == DIFFMM__F32 && !tensor->source &&
        !diffmm__all_finite(tensor->rows * width, tensor->data))
        return diffmm__fail(DIFFMM_ERROR_NUMERIC, "%s: '%s' holds NaN or infinity", list->owner,
                            tensor->name);
    struct diffmm__tensor *added = &list->tensors[list->count++];
    *added = *tensor;
    added->columns = tensor->columns > 1 ? tensor->columns : 0;
    return DIFFMM_OK;
}

diffmm_status diffmm__tensor_list_add(struct diffmm__tensor_list *list, const char *name,
                                      enum diffmm__dtype dtype, size_t rows, size_t columns,
                                      const void *data)
{
    return diffmm__tensor_list_add_tensor(
        list, &(struct diffmm__tensor){
                  .name = name, .dtype = dtype, .rows = rows, .columns = columns, .data = data});
}
