/* SPDX-License-Identifier: BSD-2-Clause */
/* The query's bitmap and callback. Both are asked only of what may still enter the ranking: the
 * result is that of asking of everything, since what is refused later would not have entered. */
#include <math.h>

#include "base/status.h"
#include "recommend/plan.h"

static diffmm_status keeps(const diffmm_query *query, int32_t user, int32_t number, int32_t *keep)
{
    *keep = !query->allowed || query->allowed[number / 8] >> number % 8 & 1;
    if (!*keep || !query->filter)
        return DIFFMM_OK;
    int result = query->filter(user, number, keep, query->filter_data);
    return result ? diffmm__fail(DIFFMM_ERROR_CALLBACK, "query->filter returned %d at %d", result,
                                 number)
                  : DIFFMM_OK;
}

diffmm_status diffmm__filter(const struct diffmm__plan *plan, const struct diffmm__ranking *ranking,
                             size_t first, const int32_t *numbers, size_t count, float *scores)
{
    if (!plan->query.allowed && !plan->query.filter)
        return DIFFMM_OK;
    for (size_t i = 0; i < count; i++) {
        int32_t keep = 1, number = numbers ? numbers[i] : (int32_t)(first + i);
        if (!diffmm__topk_admits(&ranking->topk, scores[i]))
            continue;
        diffmm_status status = keeps(&plan->query, ranking->user, number, &keep);
        if (status)
            return status;
        if (!keep)
            scores[i] = NAN;
    }
    return DIFFMM_OK;
}
