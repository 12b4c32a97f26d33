/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/check.h"

#include "base/numbers.h"
#include "base/status.h"

/* The first number that is negative or not below `limit`; `count` if there is none. */
static size_t first_outside(const int32_t *numbers, size_t count, size_t limit)
{
    size_t i = 0;
    while (i < count && numbers[i] >= 0 && (size_t)numbers[i] < limit)
        i++;
    return i;
}

diffmm_status diffmm__check_numbers(const char *name, const int32_t *numbers, size_t count,
                                    size_t limit)
{
    if (count > 0 && !numbers)
        return diffmm__null(name);
    size_t bad = first_outside(numbers, count, limit);
    return bad == count
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s[%zu] is %d, not below %zu", name,
                              bad, numbers[bad], limit);
}

diffmm_status diffmm__check_known(const char *name, const int32_t *numbers, size_t count,
                                  size_t total, const char *what)
{
    if (count > 0 && !numbers)
        return diffmm__null(name);
    size_t bad = first_outside(numbers, count, total);
    return bad == count
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s[%zu] is %d, but there are %zu %s",
                              name, bad, numbers[bad], total, what);
}

diffmm_status diffmm__check_finite(const char *name, size_t count, const float *values)
{
    if (count > 0 && !values)
        return diffmm__null(name);
    size_t bad = diffmm__first_not_finite(count, values);
    return bad == count
               ? DIFFMM_OK
               : diffmm__fail(DIFFMM_ERROR_NUMERIC, "%s: value %zu is not finite", name, bad);
}

diffmm_status diffmm__check_size(const char *name, size_t size, size_t least, size_t most)
{
    if (size < least || size > most)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s is %zu, not %zu to %zu", name, size,
                            least, most);
    return DIFFMM_OK;
}
