/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/query_plan.h"

#include <math.h>

#include "base/check.h"
#include "base/context.h"
#include "base/status.h"
#include "base/structs.h"

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
    status =
        diffmm__check_known("query->exclude", query->exclude, query->exclude_count, total, what);
    return status ? status
                  : diffmm__check_known("query->candidates", query->candidates,
                                        query->candidate_count, total, what);
}

diffmm_status diffmm__query_plan_begin(struct diffmm__query_plan *plan, const diffmm_scorer *scorer,
                                       size_t total, const char *what, const diffmm_query *query)
{
    plan->scorer = scorer;
    plan->kernels = diffmm__kernels();
    plan->total = total;
    plan->first_pass = NULL;
    plan->exclude.owned = plan->candidates.owned = NULL;
    diffmm_status status = diffmm__struct_read(&plan->query, &diffmm__layout_query, query, "query");
    const diffmm_query *own = &plan->query;
    bool called_back = !status && (own->filter || diffmm__context_calls_back(scorer->context));
    plan->call = diffmm__call_reads(called_back ? scorer : NULL);
    if (!status)
        status = check_query(own, total, what);
    if (!status)
        status = diffmm__ascending_begin(scorer->context, own->exclude_count, own->exclude,
                                         &plan->exclude);
    if (!status)
        status = diffmm__ascending_begin(scorer->context, own->candidate_count, own->candidates,
                                         &plan->candidates);
    if (status)
        return status;
    size_t most = own->candidates ? own->candidate_count : total;
    plan->capacity = own->count < most ? own->count : most;
    return DIFFMM_OK;
}

diffmm_status diffmm__query_plan_begin_items(struct diffmm__query_plan *plan,
                                             const diffmm_scorer *scorer, const diffmm_query *query)
{
    diffmm_status status =
        diffmm__query_plan_begin(plan, scorer, scorer->catalog->items, "items", query);
    plan->first_pass = scorer->search.items;
    return status;
}

void diffmm__query_plan_end(struct diffmm__query_plan *plan)
{
    diffmm__ascending_end(plan->scorer->context, &plan->exclude);
    diffmm__ascending_end(plan->scorer->context, &plan->candidates);
    diffmm__call_end(&plan->call);
}
