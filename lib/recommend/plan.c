/* SPDX-License-Identifier: BSD-2-Clause */
#include "recommend/plan.h"

#include <math.h>

#include "base/status.h"
#include "base/structs.h"

static diffmm_status check_list(const char *name, const char *what, size_t total, size_t count,
                                const int32_t *numbers)
{
    if (!numbers && count > 0)
        return diffmm__null(name);
    for (size_t i = 0; i < count; i++)
        if (numbers[i] < 0 || (size_t)numbers[i] >= total)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "%s[%zu] is %d, but there are %zu %s", name, i, numbers[i], total,
                                what);
    return DIFFMM_OK;
}

static diffmm_status check_query(const diffmm_query *query, size_t total, const char *what)
{
    size_t bytes = (total + 7) / 8;
    diffmm_status status = diffmm__struct_reserved(query->reserved, "query");
    if (status)
        return status;
    if (query->count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "query->count is 0");
    if (!query->allowed && query->allowed_size > 0)
        return diffmm__null("query->allowed");
    if (query->allowed && query->allowed_size < bytes)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "query->allowed_size is %zu, but %zu %s take %zu bytes",
                            query->allowed_size, total, what, bytes);
    if (query->has_min_score && isnan(query->min_score))
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "query->min_score is NaN");
    status = check_list("query->exclude", what, total, query->exclude_count, query->exclude);
    return status ? status
                  : check_list("query->candidates", what, total, query->candidate_count,
                               query->candidates);
}

diffmm_status diffmm__plan_begin(struct diffmm__plan *plan, const diffmm_scorer *scorer,
                                 size_t total, const char *what, const diffmm_query *query)
{
    plan->scorer = scorer;
    plan->kernels = diffmm__kernels();
    plan->total = total;
    plan->exclude.owned = plan->candidates.owned = NULL;
    diffmm_status status =
        diffmm__struct_read(&plan->query, sizeof plan->query, sizeof plan->query, query, "query");
    if (!status)
        status = diffmm__struct_reserved(plan->query.reserved, "query");
    const diffmm_query *own = &plan->query;
    if (!status)
        status = check_query(own, total, what);
    if (!status)
        status =
            diffmm__list_begin(scorer->context, own->exclude_count, own->exclude, &plan->exclude);
    if (!status)
        status = diffmm__list_begin(scorer->context, own->candidate_count, own->candidates,
                                    &plan->candidates);
    if (status)
        return status;
    size_t most = own->candidates ? own->candidate_count : total;
    plan->capacity = own->count < most ? own->count : most;
    return DIFFMM_OK;
}

void diffmm__plan_end(struct diffmm__plan *plan)
{
    diffmm__list_end(plan->scorer->context, &plan->exclude);
    diffmm__list_end(plan->scorer->context, &plan->candidates);
}
