/* SPDX-License-Identifier: BSD-2-Clause */
/* The best items for one user or for an embedding. */
#include "serve/ranking_one.h"

/* For an embedding, or, where it is NULL, for a user. */
static diffmm_status recommend(const diffmm_scorer *scorer, int32_t user, const float *embedding,
                               const diffmm_query *query, diffmm_hit *hits, size_t *found)
{
    struct diffmm__query_plan plan;
    diffmm_status status = diffmm__query_plan_begin_items(&plan, scorer, query);
    if (!status) {
        struct diffmm__ranking ranking = embedding ? diffmm__ranking_of(&plan, embedding, hits)
                                                   : diffmm__ranking_of_user(&plan, user, hits);
        status = diffmm__ranking_run_one(&plan, &ranking, hits, found);
    }
    diffmm__query_plan_end(&plan);
    return status;
}

diffmm_status diffmm_recommend(const diffmm_scorer *scorer, int32_t user, const diffmm_query *query,
                               diffmm_hit *hits, size_t *found)
{
    diffmm_status status = diffmm__ranking_check(scorer, query, hits, found);
    if (!status)
        status = diffmm__scorer_check_user(scorer, user);
    return status ? status : recommend(scorer, user, NULL, query, hits, found);
}

diffmm_status diffmm_recommend_embedding(const diffmm_scorer *scorer, const float *embedding,
                                         const diffmm_query *query, diffmm_hit *hits, size_t *found)
{
    diffmm_status status = diffmm__ranking_check(scorer, query, hits, found);
    if (!status)
        status = diffmm__scorer_check_embedding(scorer, embedding);
    return status ? status : recommend(scorer, DIFFMM_NEW_USER, embedding, query, hits, found);
}
