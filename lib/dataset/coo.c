/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/coo.h"

#include <string.h>

#include "base/memory.h"

diffmm_status diffmm__coo_begin(const diffmm_context *context, size_t capacity,
                                struct diffmm__coo *out)
{
    struct diffmm__coo coo = {.row_capacity = capacity, .column_capacity = capacity};
    coo.row = diffmm__allocate(context, capacity, sizeof *coo.row);
    coo.column = coo.row ? diffmm__allocate(context, capacity, sizeof *coo.column) : NULL;
    if (!coo.column) {
        diffmm__coo_end(context, &coo);
        return DIFFMM_ERROR_NO_MEMORY;
    }
    *out = coo;
    return DIFFMM_OK;
}

void diffmm__coo_end(const diffmm_context *context, struct diffmm__coo *coo)
{
    diffmm__release(context, coo->row);
    diffmm__release(context, coo->column);
    *coo = (struct diffmm__coo){0};
}

static diffmm_status make_room(const diffmm_context *context, struct diffmm__coo *coo, size_t more)
{
    size_t needed = coo->count + more;
    diffmm_status status =
        diffmm__grow(context, &coo->row, &coo->row_capacity, coo->count, needed, sizeof *coo->row);
    if (status)
        return status;
    return diffmm__grow(context, &coo->column, &coo->column_capacity, coo->count, needed,
                        sizeof *coo->column);
}

diffmm_status diffmm__coo_add(const diffmm_context *context, struct diffmm__coo *coo, int32_t row,
                              int32_t column)
{
    diffmm_status status = make_room(context, coo, 1);
    if (status)
        return status;
    coo->row[coo->count] = row;
    coo->column[coo->count++] = column;
    return DIFFMM_OK;
}

diffmm_status diffmm__coo_take(const diffmm_context *context, struct diffmm__coo *coo,
                               struct diffmm__coo *from)
{
    if (coo->count == 0) {
        struct diffmm__coo empty = *coo;
        *coo = *from;
        *from = empty;
        return DIFFMM_OK;
    }
    diffmm_status status = make_room(context, coo, from->count);
    if (status)
        return status;
    memcpy(coo->row + coo->count, from->row, from->count * sizeof *coo->row);
    memcpy(coo->column + coo->count, from->column, from->count * sizeof *coo->column);
    coo->count += from->count;
    return DIFFMM_OK;
}
