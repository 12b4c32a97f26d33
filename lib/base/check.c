/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"

#include "base/status.h"

diffmm_status diffmm__check_numbers(const char *name, const int32_t *numbers, size_t count,
                                    size_t limit)
{
    if (count > 0 && !numbers)
        return diffmm__null(name);
    for (size_t b = 0; b < count; b++)
        if (numbers[b] < 0 || (size_t)numbers[b] >= limit)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s[%zu] is %d, not below %zu", name,
                                b, numbers[b], limit);
    return DIFFMM_OK;
}

diffmm_status diffmm__check_size(const char *name, size_t size, size_t least, size_t most)
{
    if (size < least || size > most)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s is %zu, not %zu to %zu", name, size,
                            least, most);
    return DIFFMM_OK;
}
