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

#include "base/status.h"
#include "linalg/panels.h"
#include "serve/first_pass.h"

_Static_assert(sizeof(diffmm_hit) == sizeof(struct diffmm__ranked) &&
                   offsetof(diffmm_hit, item) == offsetof(struct diffmm__ranked, index) &&
                   offsetof(diffmm_hit, score) == offsetof(struct diffmm__ranked, score),
               "rankings are made in the caller's hits");
_Static_assert(DIFFMM__TILE % DIFFMM__PANEL == 0, "a tile is a number of whole panels");
_Static_assert((int)DIFFMM__TILE == (int)DIFFMM__FIRST_PASS_TILE, "a first pass looks at tiles");

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

/* Offer ascending numbers. */
static diffmm_status offer_numbers(const struct diffmm__query_plan *plan,
                                   struct diffmm__ranking *ranking, struct rest *exclude,
                                   const int32_t *numbers, size_t count, float *scores)
{
    struct rest seen = {ranking->seen, ranking->seen_end};
    for (size_t i = 0; i < count; i++)
        if (reach(&seen, numbers[i]) || reach(exclude, numbers[i]))
            scores[i] = NAN;
    ranking->seen = seen.at;
    diffmm_status status = filter(plan, ranking, 0, numbers, count, scores);
    if (!status)
        diffmm__topk_push_indices(&ranking->topk, numbers, count, scores);
    return status;
}

/* The scores of numbers, up to a tile of them. */
static void score_numbers(const struct diffmm__query_plan *plan,
                          const struct diffmm__ranking *ranking, const int32_t *numbers,
                          size_t count, float *scores)
{
    const float *rows[DIFFMM__TILE];
    if (ranking->score) {
        ranking->score(ranking->source, 0, numbers, count, scores);
        return;
    }
    for (size_t i = 0; i < count; i++)
        rows[i] = diffmm__scorer_item(plan->scorer, numbers[i]);
    plan->kernels->panels->score_rows(count, rows, plan->scorer->width, ranking->vector, scores);
}

/* Rank the query's candidates; repeated ones count once. */
static diffmm_status run_candidates(const struct diffmm__query_plan *plan,
                                    struct diffmm__ranking *ranking)
{
    float scores[DIFFMM__TILE];
    int32_t numbers[DIFFMM__TILE];
    struct rest exclude = rest_of(&plan->exclude), candidates = rest_of(&plan->candidates);
    diffmm_status status = DIFFMM_OK;
    while (candidates.at < candidates.end && !status) {
        size_t count = 0;
        for (; candidates.at < candidates.end && count < DIFFMM__TILE; candidates.at++)
            if (candidates.at == plan->candidates.numbers || candidates.at[-1] != *candidates.at)
                numbers[count++] = *candidates.at;
        score_numbers(plan, ranking, numbers, count, scores);
        status = offer_numbers(plan, ranking, &exclude, numbers, count, scores);
    }
    return status;
}

/* What is ranked tile by tile: numbers from `begin`, a multiple of a tile, to `end`. */
struct stretch {
    size_t begin, end;
};

static size_t tile_size(struct stretch stretch, size_t first)
{
    return stretch.end - first < DIFFMM__TILE ? stretch.end - first : DIFFMM__TILE;
}

/* Rank by any score. */
static diffmm_status run_by(const struct diffmm__query_plan *plan, struct stretch stretch,
                            struct diffmm__ranking *ranking)
{
    float scores[DIFFMM__TILE];
    struct rest exclude = rest_of(&plan->exclude);
    diffmm_status status = DIFFMM_OK;
    reach(&exclude, (int32_t)stretch.begin);
    for (size_t first = stretch.begin; first < stretch.end && !status; first += DIFFMM__TILE) {
        size_t count = tile_size(stretch, first);
        ranking->score(ranking->source, first, NULL, count, scores);
        status = offer(plan, ranking, &exclude, first, count, scores);
    }
    return status;
}

/* All items, tile by tile for every vector while the tile is in the cache. */
static diffmm_status run_vectors(const struct diffmm__query_plan *plan, struct stretch stretch,
                                 size_t count, struct diffmm__ranking *rankings)
{
    float scores[DIFFMM__BLOCK][DIFFMM__TILE];
    const float *vectors[DIFFMM__BLOCK];
    const diffmm_scorer *scorer = plan->scorer;
    struct rest exclude = rest_of(&plan->exclude);
    diffmm_status status = DIFFMM_OK;
    reach(&exclude, (int32_t)stretch.begin);
    for (size_t b = 0; b < count; b++)
        vectors[b] = rankings[b].vector;
    for (size_t first = stretch.begin; first < stretch.end && !status; first += DIFFMM__TILE) {
        size_t items = tile_size(stretch, first);
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

/* A tile in which nothing can be left out, since no ranking is full yet. */
static diffmm_status run_whole_tile(const struct diffmm__query_plan *plan,
                                    struct diffmm__ranking *ranking, struct rest *exclude,
                                    size_t first, size_t count)
{
    float scores[DIFFMM__TILE];
    int32_t numbers[DIFFMM__TILE];
    for (size_t i = 0; i < count; i++)
        numbers[i] = (int32_t)(first + i);
    score_numbers(plan, ranking, numbers, count, scores);
    return offer(plan, ranking, exclude, first, count, scores);
}

/* The numbers of a list that are also in another. */
static size_t keep_common(struct rest *rest, size_t count, int32_t *numbers)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (reach(rest, numbers[i]))
            numbers[kept++] = numbers[i];
    return kept;
}

/* A tile of which only what the first pass lets through is scored. */
static diffmm_status run_tile(const struct diffmm__query_plan *plan,
                              const struct diffmm__first_pass_aim *aim,
                              struct diffmm__ranking *ranking, struct rest *exclude,
                              struct rest *candidates, size_t first, size_t count)
{
    float scores[DIFFMM__TILE], bound = diffmm__topk_bound(&ranking->topk);
    int32_t numbers[DIFFMM__TILE];
    size_t passed = 0;
    if (!isinf(bound)) {
        passed = diffmm__first_pass_run(aim, first, count, bound, numbers);
    } else if (plan->query.candidates) {
        for (; passed < count; passed++)
            numbers[passed] = (int32_t)(first + passed);
    } else {
        return run_whole_tile(plan, ranking, exclude, first, count);
    }
    if (plan->query.candidates)
        passed = keep_common(candidates, passed, numbers);
    score_numbers(plan, ranking, numbers, passed, scores);
    return offer_numbers(plan, ranking, exclude, numbers, passed, scores);
}

/* By a first pass. False, with nothing done, where a vector is not fit for it. */
static bool run_first_pass(const struct diffmm__query_plan *plan, struct stretch stretch,
                           size_t count, struct diffmm__ranking *rankings, diffmm_status *status)
{
    struct diffmm__first_pass_aim aims[DIFFMM__BLOCK];
    struct rest exclude = rest_of(&plan->exclude), candidates = rest_of(&plan->candidates);
    for (size_t b = 0; b < count; b++)
        if (!diffmm__first_pass_begin(plan->first_pass, rankings[b].vector, rankings[b].cosine,
                                      &aims[b]))
            return false;
    *status = DIFFMM_OK;
    for (size_t first = stretch.begin; first < stretch.end && !*status; first += DIFFMM__TILE) {
        size_t items = tile_size(stretch, first);
        reach(&exclude, (int32_t)first);
        reach(&candidates, (int32_t)first);
        for (size_t b = 0; b < count && !*status; b++) {
            struct rest excluded = exclude, wanted = candidates,
                        seen = {rankings[b].seen, rankings[b].seen_end};
            reach(&seen, (int32_t)first);
            rankings[b].seen = seen.at;
            *status = run_tile(plan, &aims[b], &rankings[b], &excluded, &wanted, first, items);
        }
    }
    return true;
}

/* A first pass goes over all items: for a few candidates it is not worth while. Nor is it for a
 * block of vectors, for which items are read but once, unless it saves products as well. */
static bool wants_first_pass(const struct diffmm__query_plan *plan, size_t count)
{
    const struct diffmm__first_pass *pass = plan->first_pass;
    if (!pass || (count > 1 && 4 * pass->head.count > pass->d))
        return false;
    return !plan->query.candidates || plan->candidates.count >= plan->total / 8;
}

static diffmm_status run(const struct diffmm__query_plan *plan, struct stretch stretch,
                         size_t count, struct diffmm__ranking *rankings)
{
    diffmm_status status = DIFFMM_OK;
    if (wants_first_pass(plan, count) && run_first_pass(plan, stretch, count, rankings, &status))
        return status;
    if (!plan->query.candidates && !rankings->score)
        return run_vectors(plan, stretch, count, rankings);
    for (size_t b = 0; b < count && !status; b++)
        status = plan->query.candidates ? run_candidates(plan, &rankings[b])
                                        : run_by(plan, stretch, &rankings[b]);
    return status;
}

diffmm_status diffmm__ranking_run(const struct diffmm__query_plan *plan, size_t count,
                                  struct diffmm__ranking *rankings)
{
    return run(plan, (struct stretch){0, plan->total}, count, rankings);
}

diffmm_status diffmm__ranking_run_stretch(const struct diffmm__query_plan *plan, size_t begin,
                                          size_t end, struct diffmm__ranking *ranking)
{
    struct rest seen = {ranking->seen, ranking->seen_end};
    reach(&seen, (int32_t)begin);
    ranking->seen = seen.at;
    return run(plan, (struct stretch){begin, end}, 1, ranking);
}
