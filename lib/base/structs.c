/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/structs.h"

#include <stdbool.h>
#include <string.h>

#include "base/status.h"

enum { largest = 65536 }; /* no version of a struct exceeds this */

static size_t given_size(const void *callers)
{
    size_t given;
    memcpy(&given, callers, sizeof given);
    return given;
}

/* Bytes that the caller's struct has. */
static size_t callers_size(const struct diffmm__layout *layout, const void *callers)
{
    size_t given = given_size(callers);
    return given ? given : layout->first_size;
}

static bool is_possible(const struct diffmm__layout *layout, size_t size)
{
    if (size == 0 || size >= layout->size)
        return size <= largest;
    for (size_t i = 1; i < layout->members; i++)
        if (size == layout->begin[i])
            return true;
    return false;
}

diffmm_status diffmm__struct_check(const struct diffmm__layout *layout, const void *callers,
                                   const char *name)
{
    size_t given = given_size(callers);
    if (!is_possible(layout, given))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "%s: struct_size is %zu, which is the size of no version of the struct "
                            "(it has %zu bytes now)",
                            name, given, layout->size);
    return DIFFMM_OK;
}

diffmm_status diffmm__struct_read(void *ours, const struct diffmm__layout *layout,
                                  const void *callers, const char *name)
{
    diffmm_status status = diffmm__struct_check(layout, callers, name);
    if (status)
        return status;
    size_t size = layout->size, given = callers_size(layout, callers);
    for (size_t i = size; i < given; i++)
        if (((const unsigned char *)callers)[i])
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s: byte %zu is set, which this version of the library does not "
                                "know (it knows %zu bytes)",
                                name, i, size);
    memset(ours, 0, size);
    memcpy(ours, callers, given < size ? given : size);
    memcpy(ours, &size, sizeof size);
    return DIFFMM_OK;
}

diffmm_status diffmm__struct_reserved(int32_t reserved, const char *name)
{
    if (reserved)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s: reserved is %d, not 0", name,
                            (int)reserved);
    return DIFFMM_OK;
}

diffmm_status diffmm__struct_write(void *callers, const struct diffmm__layout *layout,
                                   const void *ours, const char *name)
{
    diffmm_status status = diffmm__struct_check(layout, callers, name);
    if (status)
        return status;
    size_t given = callers_size(layout, callers), kept = given_size(callers);
    memcpy(callers, ours, given < layout->size ? given : layout->size);
    memcpy(callers, &kept, sizeof kept);
    return DIFFMM_OK;
}
