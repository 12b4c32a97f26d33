/* SPDX-License-Identifier: BSD-2-Clause */
#include "dataset/id.h"

#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

diffmm_status diffmm__id_check(const char *id, const char *array, size_t index)
{
    if (!id)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s[%zu] is NULL", array, index);
    if (!*id)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s[%zu] is empty", array, index);
    if (!diffmm__is_utf8(id, strlen(id)))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s[%zu] is not UTF-8", array, index);
    return DIFFMM_OK;
}

int32_t diffmm__id_number(const char *id, size_t length, size_t bound)
{
    if (length == 0 || length > 10 || (length > 1 && id[0] == '0'))
        return -1;
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (id[i] < '0' || id[i] > '9')
            return -1;
        number = number * 10 + (uint64_t)(id[i] - '0');
    }
    return number < bound && number <= INT32_MAX ? (int32_t)number : -1;
}
