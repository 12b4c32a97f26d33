/* SPDX-License-Identifier: BSD-2-Clause */
/* Items by the number of their users. */
#include "serve/ranking_one.h"

static void user_counts(const void *source, size_t first, const int32_t *numbers, size_t count,
                        float *scores)
{
    const int32_t *popularity = source;
    for (size_t i = 0; i < count; i++)
        scores[i] = (float)popularity[numbers ? (size_t)numbers[i] : first + i];
}

diffmm_status diffmm_popular_items(const diffmm_scorer *scorer, const diffmm_query *query,
                                   diffmm_hit *hits, size_t *found)
{
    diffmm_status status = diffmm__ranking_check(scorer, query, hits, found);
    if (status)
        return status;
    struct diffmm__query_plan plan;
    status = diffmm__query_plan_begin(&plan, scorer, scorer->catalog->items, "items", query);
    if (!status) {
        struct diffmm__ranking ranking = diffmm__ranking_of(&plan, NULL, hits);
        ranking.score = user_counts;
        ranking.source = scorer->popularity;
        status = diffmm__ranking_run_one(&plan, &ranking, hits, found);
    }
    diffmm__query_plan_end(&plan);
    return status;
}
