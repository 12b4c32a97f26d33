/* SPDX-License-Identifier: BSD-2-Clause */
/* The best items for one user or for an embedding. */
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "recommend/single.h"

_Static_assert(sizeof(diffmm_hit) == sizeof(struct diffmm__ranked) &&
                   offsetof(diffmm_hit, item) == offsetof(struct diffmm__ranked, index) &&
                   offsetof(diffmm_hit, score) == offsetof(struct diffmm__ranked, score),
               "rankings are made in the caller's hits");

struct diffmm__ranking diffmm__ranking_of(const struct diffmm__plan *plan, const float *vector,
                                          diffmm_hit *hits)
{
    struct diffmm__ranking ranking = {
        .topk = diffmm__topk_begin((struct diffmm__ranked *)hits, plan->capacity),
        .user = DIFFMM_NEW_USER,
        .vector = vector};
    if (plan->query.has_min_score)
        ranking.topk.least = plan->query.min_score;
    return ranking;
}

struct diffmm__ranking diffmm__ranking_of_user(const struct diffmm__plan *plan, int32_t user,
                                               diffmm_hit *hits)
{
    const struct diffmm__rows *seen = &plan->scorer->catalog->seen;
    struct diffmm__ranking ranking =
        diffmm__ranking_of(plan, diffmm__scorer_user(plan->scorer, user), hits);
    ranking.user = user;
    if (!plan->query.include_seen) {
        ranking.seen = seen->items + seen->pointers[user];
        ranking.seen_end = seen->items + seen->pointers[user + 1];
    }
    return ranking;
}

diffmm_status diffmm__single(const struct diffmm__plan *plan, struct diffmm__ranking *ranking,
                             diffmm__score_function score, const void *source, diffmm_hit *hits,
                             size_t *found)
{
    enum { few = 128 };
    diffmm_hit few_hits[few], *own = hits, *owned = NULL;
    /* A filter that fails must leave the caller's hits as they were. */
    if (plan->query.filter && plan->capacity > few) {
        own = owned = diffmm__allocate(plan->scorer->context, plan->capacity, sizeof *owned);
        if (!owned)
            return DIFFMM_ERROR_NO_MEMORY;
    } else if (plan->query.filter) {
        own = few_hits;
    }
    ranking->topk.entries = (struct diffmm__ranked *)own;
    diffmm_status status =
        score ? diffmm__rank_by(plan, ranking, score, source) : diffmm__rank(plan, 1, ranking);
    if (!status) {
        *found = diffmm__topk_finish(&ranking->topk);
        if (own != hits)
            memcpy(hits, own, *found * sizeof *hits);
    }
    diffmm__release(plan->scorer->context, owned);
    return status;
}

/* For a user, or, where there is an embedding, for that. */
static diffmm_status recommend(const diffmm_scorer *scorer, int32_t user, const float *embedding,
                               const diffmm_query *query, diffmm_hit *hits, size_t *found)
{
    struct diffmm__plan plan;
    diffmm_status status =
        diffmm__plan_begin(&plan, scorer, scorer->catalog->items, "items", query);
    if (!status) {
        struct diffmm__ranking ranking = embedding ? diffmm__ranking_of(&plan, embedding, hits)
                                                   : diffmm__ranking_of_user(&plan, user, hits);
        status = diffmm__single(&plan, &ranking, NULL, NULL, hits, found);
    }
    diffmm__plan_end(&plan);
    return status;
}

diffmm_status diffmm_recommend(const diffmm_scorer *scorer, int32_t user, const diffmm_query *query,
                               diffmm_hit *hits, size_t *found)
{
    diffmm_status status = diffmm__single_check(scorer, query, hits, found);
    if (!status)
        status = diffmm__scorer_check_user(scorer, user);
    return status ? status : recommend(scorer, user, NULL, query, hits, found);
}

diffmm_status diffmm_recommend_embedding(const diffmm_scorer *scorer, const float *embedding,
                                         const diffmm_query *query, diffmm_hit *hits, size_t *found)
{
    diffmm_status status = diffmm__single_check(scorer, query, hits, found);
    if (!status)
        status = diffmm__scorer_check_embedding(scorer, embedding);
    return status ? status : recommend(scorer, DIFFMM_NEW_USER, embedding, query, hits, found);
}

diffmm_status diffmm__single_check(const diffmm_scorer *scorer, const diffmm_query *query,
                                   const diffmm_hit *hits, const size_t *found)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!query)
        return diffmm__null("query");
    if (!hits)
        return diffmm__null("hits");
    return found ? DIFFMM_OK : diffmm__null("found");
}
