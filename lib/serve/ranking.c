/* SPDX-License-Identifier: BSD-2-Clause */
/* Tiles of vectors x packed items (linalg/panels.h), or tiles of any score. A score's bits depend
 * on nothing but its two rows. What the query leaves out gets the score NAN, which never enters a
 * ranking; its bitmap and callback are asked only about what may still enter, with the same result:
 * what would be refused later would not have entered. */
#include "serve/ranking.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "linalg/panels.h"

_Static_assert(sizeof(diffmm_hit) == sizeof(struct diffmm__ranked) &&
                   offsetof(diffmm_hit, item) == offsetof(struct diffmm__ranked, index) &&
                   offsetof(diffmm_hit, score) == offsetof(struct diffmm__ranked, score),
               "rankings are made in the caller's hits");
_Static_assert(DIFFMM__TILE % DIFFMM__PANEL == 0, "a tile is a number of whole panels");

diffmm_status diffmm__ranking_check(const diffmm_scorer *scorer, const diffmm_query *query,
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

struct diffmm__ranking diffmm__ranking_of(const struct diffmm__query_plan *plan,
                                          const float *vector, diffmm_hit *hits)
{
    struct diffmm__ranking ranking = {
        .topk = diffmm__topk_begin((struct diffmm__ranked *)hits, plan->capacity),
        .user = DIFFMM_NEW_USER,
        .vector = vector};
    if (plan->query.has_min_score)
        ranking.topk.least = plan->query.min_score;
    return ranking;
}

struct diffmm__ranking diffmm__ranking_of_user(const struct diffmm__query_plan *plan, int32_t user,
                                               diffmm_hit *hits)
{
    const struct diffmm__csr *seen = diffmm__scorer_seen(plan->scorer);
    struct diffmm__ranking ranking =
        diffmm__ranking_of(plan, diffmm__scorer_user(plan->scorer, user), hits);
    ranking.user = user;
    if (!plan->query.include_seen) {
        ranking.seen = seen->indices + seen->pointers[user];
        ranking.seen_end = seen->indices + seen->pointers[user + 1];
    }
    return ranking;
}

/* The rest of an ascending list while numbers are passed in ascending order. */
struct rest {
    const int32_t *at, *end;
};

static struct rest rest_of(const struct diffmm__ascending *list)
{
    return list->count > 0 ? (struct rest){list->numbers, list->numbers + list->count}
                           : (struct rest){NULL, NULL};
}

/* Whether the list holds the number; those below it are skipped. */
static bool reach(struct rest *rest, int32_t number)
{
    while (rest->at < rest->end && *rest->at < number)
        rest->at++;
    return rest->at < rest->end && *rest->at == number;
}

/* Leave out the numbers of the list within [first, first + count), and skip them. */
static void mask(struct rest *rest, size_t first, size_t count, float *scores)
{
    for (; rest->at < rest->end && (size_t)*rest->at < first + count; rest->at++)
        scores[(size_t)*rest->at - first] = NAN;
}

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

/* Make NAN of the scores that query->allowed or query->filter refuse. Numbers as for
 * diffmm__score_function. */
static diffmm_status filter(const struct diffmm__query_plan *plan,
                            const struct diffmm__ranking *ranking, size_t first,
                            const int32_t *numbers, size_t count, float *scores)
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

static size_t tile_size(size_t total, size_t first)
{
    return total - first < DIFFMM__TILE ? total - first : DIFFMM__TILE;
}

/* Offer a tile of consecutive numbers. */
static diffmm_status offer(const struct diffmm__query_plan *plan, struct diffmm__ranking *ranking,
                           struct rest *exclude, size_t first, size_t count, float *scores)
{
    struct rest seen = {ranking->seen, ranking->seen_end};
    mask(&seen, first, count, scores);
    ranking->seen = seen.at;
    mask(exclude, first, count, scores);
    diffmm_status status = filter(plan, ranking, first, NULL, count, scores);
    if (!status)
        diffmm__topk_push(&ranking->topk, first, count, scores);
    return status;
}

/* Offer a tile of candidates; repeated ones count once. */
static diffmm_status offer_candidates(const struct diffmm__query_plan *plan,
                                      struct diffmm__ranking *ranking, struct rest *exclude,
                                      size_t first, size_t count, float *scores)
{
    struct rest seen = {ranking->seen, ranking->seen_end};
    const int32_t *numbers = plan->candidates.numbers;
    for (size_t i = 0; i < count; i++) {
        int32_t number = numbers[first + i];
        bool repeated = first + i > 0 && numbers[first + i - 1] == number;
        if (reach(&seen, number) || reach(exclude, number) || repeated)
            scores[i] = NAN;
    }
    ranking->seen = seen.at;
    diffmm_status status = filter(plan, ranking, 0, numbers + first, count, scores);
    if (!status)
        diffmm__topk_push_indices(&ranking->topk, numbers + first, count, scores);
    return status;
}

/* Rank by any score. */
static diffmm_status run_by(const struct diffmm__query_plan *plan, struct diffmm__ranking *ranking,
                            diffmm__score_function score, const void *source)
{
    float scores[DIFFMM__TILE];
    bool all = !plan->query.candidates;
    size_t total = all ? plan->total : plan->candidates.count;
    struct rest exclude = rest_of(&plan->exclude);
    diffmm_status status = DIFFMM_OK;
    for (size_t first = 0; first < total && !status; first += DIFFMM__TILE) {
        size_t count = tile_size(total, first);
        score(source, first, all ? NULL : plan->candidates.numbers + first, count, scores);
        status = all ? offer(plan, ranking, &exclude, first, count, scores)
                     : offer_candidates(plan, ranking, &exclude, first, count, scores);
    }
    return status;
}

/* All items, tile by tile for every vector while the tile is in the cache. */
static diffmm_status run_all(const struct diffmm__query_plan *plan, size_t count,
                             struct diffmm__ranking *rankings)
{
    float scores[DIFFMM__BLOCK][DIFFMM__TILE];
    const float *vectors[DIFFMM__BLOCK];
    const diffmm_scorer *scorer = plan->scorer;
    struct rest exclude = rest_of(&plan->exclude);
    diffmm_status status = DIFFMM_OK;
    for (size_t b = 0; b < count; b++)
        vectors[b] = rankings[b].vector;
    for (size_t first = 0; first < plan->total && !status; first += DIFFMM__TILE) {
        size_t items = tile_size(plan->total, first);
        struct rest after = exclude;
        plan->kernels->panels->score(count, vectors, scorer->width, diffmm__panel_count(items),
                                     scorer->panels + first * scorer->width, scores[0],
                                     DIFFMM__TILE);
        for (size_t b = 0; b < count && !status; b++) {
            after = exclude;
            status = offer(plan, &rankings[b], &after, first, items, scores[b]);
        }
        exclude = after;
    }
    return status;
}

struct vector_source {
    const diffmm_scorer *scorer;
    const float *vector;
};

static void score_candidates(const void *source, size_t first, const int32_t *numbers, size_t count,
                             float *scores)
{
    const struct vector_source *s = source;
    (void)first;
    for (size_t i = 0; i < count; i++)
        scores[i] = diffmm__panel_score(s->scorer->width, s->vector,
                                        diffmm__scorer_item(s->scorer, numbers[i]));
}

diffmm_status diffmm__ranking_run(const struct diffmm__query_plan *plan, size_t count,
                                  struct diffmm__ranking *rankings)
{
    if (!plan->query.candidates)
        return run_all(plan, count, rankings);
    diffmm_status status = DIFFMM_OK;
    for (size_t b = 0; b < count && !status; b++) {
        struct vector_source source = {plan->scorer, rankings[b].vector};
        status = run_by(plan, &rankings[b], score_candidates, &source);
    }
    return status;
}

diffmm_status diffmm__ranking_run_one(const struct diffmm__query_plan *plan,
                                      struct diffmm__ranking *ranking, diffmm__score_function score,
                                      const void *source, diffmm_hit *hits, size_t *found)
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
        score ? run_by(plan, ranking, score, source) : diffmm__ranking_run(plan, 1, ranking);
    if (!status) {
        *found = diffmm__topk_finish(&ranking->topk);
        if (own != hits)
            memcpy(hits, own, *found * sizeof *hits);
    }
    diffmm__release(plan->scorer->context, owned);
    return status;
}
