/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/structs.h"

#include <string.h>

#include "base/status.h"

static size_t callers_size(const void *callers, size_t first_size)
{
    size_t given;
    memcpy(&given, callers, sizeof given);
    return given ? given : first_size;
}

diffmm_status diffmm__struct_check(const void *callers, const char *name)
{
    size_t given;
    memcpy(&given, callers, sizeof given);
    if (given != 0 && (given < sizeof given || given > 65536))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s: struct_size is %zu", name, given);
    return DIFFMM_OK;
}

diffmm_status diffmm__struct_read(void *ours, size_t size, size_t first_size, const void *callers,
                                  const char *name)
{
    size_t given = callers_size(callers, first_size);
    diffmm_status status = diffmm__struct_check(callers, name);
    if (status)
        return status;
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

diffmm_status diffmm__struct_write(void *callers, const void *ours, size_t size, size_t first_size,
                                   const char *name)
{
    diffmm_status status = diffmm__struct_check(callers, name);
    if (status)
        return status;
    size_t given = callers_size(callers, first_size), kept;
    memcpy(&kept, callers, sizeof kept);
    memcpy(callers, ours, given < size ? given : size);
    memcpy(callers, &kept, sizeof kept);
    return DIFFMM_OK;
}
