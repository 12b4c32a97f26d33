/* SPDX-License-Identifier: BSD-2-Clause */
/* Rankings under a plan: tiles of vectors x packed items (linalg/panels.h), or tiles of any score.
 * A score's bits depend on nothing but its two rows; a left-out score becomes NAN, which never
 * enters a ranking. */
#include <math.h>
#include <stdbool.h>

#include "linalg/panels.h"
#include "recommend/plan.h"

_Static_assert(DIFFMM__TILE % DIFFMM__PANEL == 0, "a tile is a number of whole panels");

/* The rest of an ascending list while numbers are passed in ascending order. */
struct rest {
    const int32_t *at, *end;
};

static struct rest rest_of(const struct diffmm__list *list)
{
    return list->count > 0 ? (struct rest){list->numbers, list->numbers + list->count}
                           : (struct rest){NULL, NULL};
}

/* Whether the list holds a number; those below it are passed over. */
static bool reach(struct rest *rest, int32_t number)
{
    while (rest->at < rest->end && *rest->at < number)
        rest->at++;
    return rest->at < rest->end && *rest->at == number;
}

/* Leave out what the list holds of [first, first + count), and pass over it. */
static void mask(struct rest *rest, size_t first, size_t count, float *scores)
{
    for (; rest->at < rest->end && (size_t)*rest->at < first + count; rest->at++)
        scores[(size_t)*rest->at - first] = NAN;
}

static size_t tile_size(size_t total, size_t first)
{
    return total - first < DIFFMM__TILE ? total - first : DIFFMM__TILE;
}

/* Offer a tile of consecutive numbers. */
static diffmm_status offer(const struct diffmm__plan *plan, struct diffmm__ranking *ranking,
                           struct rest *exclude, size_t first, size_t count, float *scores)
{
    struct rest seen = {ranking->seen, ranking->seen_end};
    mask(&seen, first, count, scores);
    ranking->seen = seen.at;
    mask(exclude, first, count, scores);
    diffmm_status status = diffmm__filter(plan, ranking, first, NULL, count, scores);
    if (!status)
        diffmm__topk_push(&ranking->topk, first, count, scores);
    return status;
}

/* Offer a tile of candidates; repeated ones count once. */
static diffmm_status offer_candidates(const struct diffmm__plan *plan,
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
    diffmm_status status = diffmm__filter(plan, ranking, 0, numbers + first, count, scores);
    if (!status)
        diffmm__topk_push_indices(&ranking->topk, numbers + first, count, scores);
    return status;
}

diffmm_status diffmm__rank_by(const struct diffmm__plan *plan, struct diffmm__ranking *ranking,
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
static diffmm_status rank_all(const struct diffmm__plan *plan, size_t count,
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
        plan->kernels->panels->score(count, vectors, scorer->d, diffmm__panel_count(items),
                                     scorer->panels + first * scorer->d, scores[0], DIFFMM__TILE);
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
        scores[i] = diffmm__panel_score(s->scorer->d, s->vector,
                                        diffmm__scorer_item(s->scorer, numbers[i]));
}

diffmm_status diffmm__rank(const struct diffmm__plan *plan, size_t count,
                           struct diffmm__ranking *rankings)
{
    if (!plan->query.candidates)
        return rank_all(plan, count, rankings);
    diffmm_status status = DIFFMM_OK;
    for (size_t b = 0; b < count && !status; b++) {
        struct vector_source source = {plan->scorer, rankings[b].vector};
        status = diffmm__rank_by(plan, &rankings[b], score_candidates, &source);
    }
    return status;
}
