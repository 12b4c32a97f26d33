/* SPDX-License-Identifier: BSD-2-Clause */
#include "rerank/hits.h"

#include <math.h>

#include "base/status.h"

diffmm_status diffmm__hits_check(const char *name, size_t count, const diffmm_hit *hits,
                                 size_t items, bool scores)
{
    if (count > INT32_MAX)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "%s: %zu hits are more than %d", name,
                            count, INT32_MAX);
    if (!hits && count > 0)
        return diffmm__null(name);
    for (size_t i = 0; i < count; i++) {
        if (hits[i].item < 0 || (size_t)hits[i].item >= items)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s[%zu].item is %d, but there are %zu items", name, i,
                                hits[i].item, items);
        if (scores && !isfinite(hits[i].score))
            return diffmm__fail(DIFFMM_ERROR_NUMERIC, "%s[%zu].score is not finite", name, i);
    }
    return DIFFMM_OK;
}

diffmm_status diffmm__hits_check_out(size_t count, const diffmm_hit *out, const size_t *found)
{
    if (!out && count > 0)
        return diffmm__null("out");
    return found ? DIFFMM_OK : diffmm__null("found");
}

bool diffmm__hits_have(size_t count, const diffmm_hit *hits, int32_t item)
{
    for (size_t i = 0; i < count; i++)
        if (hits[i].item == item)
            return true;
    return false;
}
