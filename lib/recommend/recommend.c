/* SPDX-License-Identifier: BSD-2-Clause */
/* Top-K for one user or a block of users: tiles of users x packed items (linalg/panels.h). A
 * score's bits depend on nothing but its two rows, and a single user needs no memory but a little
 * on the stack. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/structs.h"
#include "linalg/kernels.h"
#include "linalg/panels.h"
#include "linalg/topk.h"
#include "recommend/scorer.h"

enum {
    block_users = 30, /* users that share a tile of items while it is in the cache */
    tile_items = 18 * DIFFMM__PANEL,
    few = 128 /* up to so many ids or ranks need no allocation */
};

/* A query, prepared once for all its users. */
struct plan {
    const diffmm_scorer *scorer;
    const struct diffmm__kernels *kernels;
    diffmm_query query;
    size_t capacity;           /* of a ranking */
    size_t item_count;         /* to score: candidates, or all items */
    const int32_t *candidates; /* ascending, without repetition or excluded ones; NULL: all */
    size_t exclude_count;
    const int32_t *exclude; /* ascending; none where there are candidates */
    int32_t few_exclude[few], few_candidates[few];
    int32_t *owned_exclude, *owned_candidates;
};

/* One user's ranking under way. */
struct ranking {
    struct diffmm__topk topk;
    const float *vector;
    const int32_t *seen, *seen_end; /* the rest of the training row; empty if it may be shown */
};

static int compare_items(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* A sorted copy without repetition, in `small` if it fits. */
static diffmm_status sorted_copy(const struct plan *plan, const int32_t *items, size_t *count,
                                 int32_t *small, int32_t **owned, const int32_t **out)
{
    int32_t *copy = small;
    if (*count > few) {
        *owned = diffmm__allocate(plan->scorer->context, *count, sizeof *copy);
        if (!*owned)
            return DIFFMM_ERROR_NO_MEMORY;
        copy = *owned;
    }
    if (*count > 0)
        memcpy(copy, items, *count * sizeof *copy);
    qsort(copy, *count, sizeof *copy, compare_items);
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++)
        if (kept == 0 || copy[i] != copy[kept - 1])
            copy[kept++] = copy[i];
    *count = kept;
    *out = copy;
    return DIFFMM_OK;
}

/* Take the excluded items out of the candidates; both ascend. */
static size_t subtract(int32_t *candidates, size_t count, const int32_t *exclude,
                       size_t exclude_count)
{
    size_t kept = 0, e = 0;
    for (size_t i = 0; i < count; i++) {
        while (e < exclude_count && exclude[e] < candidates[i])
            e++;
        if (e == exclude_count || exclude[e] != candidates[i])
            candidates[kept++] = candidates[i];
    }
    return kept;
}

static diffmm_status check_query(const diffmm_scorer *scorer, const diffmm_query *query)
{
    if (query->count == 0)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT, "query->count is 0");
    if (!query->exclude && query->exclude_count > 0)
        return diffmm__null("query->exclude");
    if (!query->candidates && query->candidate_count > 0)
        return diffmm__null("query->candidates");
    diffmm_status status =
        diffmm__scorer_check_items(scorer, "query->exclude", query->exclude_count, query->exclude);
    if (!status)
        status = diffmm__scorer_check_items(scorer, "query->candidates", query->candidate_count,
                                            query->candidates);
    return status;
}

static void end_plan(struct plan *plan)
{
    diffmm__release(plan->scorer->context, plan->owned_exclude);
    diffmm__release(plan->scorer->context, plan->owned_candidates);
}

static diffmm_status prepare_lists(struct plan *plan)
{
    const diffmm_query *query = &plan->query;
    plan->exclude_count = query->exclude_count;
    diffmm_status status = sorted_copy(plan, query->exclude, &plan->exclude_count,
                                       plan->few_exclude, &plan->owned_exclude, &plan->exclude);
    if (status || !query->candidates)
        return status;
    plan->item_count = query->candidate_count;
    status = sorted_copy(plan, query->candidates, &plan->item_count, plan->few_candidates,
                         &plan->owned_candidates, &plan->candidates);
    if (status)
        return status;
    int32_t *candidates = plan->owned_candidates ? plan->owned_candidates : plan->few_candidates;
    plan->item_count = subtract(candidates, plan->item_count, plan->exclude, plan->exclude_count);
    plan->exclude_count = 0;
    return DIFFMM_OK;
}

/* Check a caller's query and prepare it; end_plan() afterwards, on failure too. */
static diffmm_status begin_plan(struct plan *plan, const diffmm_scorer *scorer,
                                const diffmm_query *query)
{
    plan->scorer = scorer;
    plan->kernels = diffmm__kernels();
    plan->owned_exclude = plan->owned_candidates = NULL;
    plan->candidates = NULL;
    plan->item_count = scorer->catalog->items;
    diffmm_status status =
        diffmm__struct_read(&plan->query, sizeof plan->query, sizeof plan->query, query, "query");
    if (!status)
        status = diffmm__struct_reserved(plan->query.reserved, "query");
    if (!status)
        status = check_query(scorer, &plan->query);
    if (!status)
        status = prepare_lists(plan);
    if (status)
        return status;
    plan->capacity = plan->query.count < plan->item_count ? plan->query.count : plan->item_count;
    return DIFFMM_OK;
}

static struct ranking begin_ranking(const struct plan *plan, int32_t user,
                                    struct diffmm__ranked *entries)
{
    const struct diffmm__rows *seen = &plan->scorer->catalog->seen;
    struct ranking ranking = {.topk = diffmm__topk_begin(entries, plan->capacity),
                              .vector = diffmm__scorer_user(plan->scorer, user),
                              .seen = seen->items + seen->pointers[user + 1]};
    ranking.seen_end = ranking.seen;
    if (!plan->query.include_seen)
        ranking.seen = seen->items + seen->pointers[user];
    return ranking;
}

/* Scores of candidates [first, first + count) of the plan; seen ones are NAN. */
static void score_candidates(const struct plan *plan, struct ranking *ranking, size_t first,
                             size_t count, float *scores)
{
    const diffmm_scorer *scorer = plan->scorer;
    for (size_t i = 0; i < count; i++) {
        int32_t item = plan->candidates[first + i];
        while (ranking->seen < ranking->seen_end && *ranking->seen < item)
            ranking->seen++;
        bool seen = ranking->seen < ranking->seen_end && *ranking->seen == item;
        scores[i] = seen ? NAN
                         : diffmm__panel_score(scorer->d, ranking->vector,
                                               diffmm__scorer_item(scorer, item));
    }
}

/* Mask what a list holds of [first, first + count); returns the rest of the list. */
static const int32_t *mask(const int32_t *list, const int32_t *end, size_t first, size_t count,
                           float *scores)
{
    for (; list < end && (size_t)*list < first + count; list++)
        scores[(size_t)*list - first] = NAN;
    return list;
}

/* Scores of a tile of all items for each user; seen and excluded ones are NAN. */
static void score_tile(const struct plan *plan, size_t user_count, struct ranking *rankings,
                       size_t first, size_t count, const int32_t *exclude,
                       float scores[block_users][tile_items])
{
    const float *vectors[block_users];
    for (size_t b = 0; b < user_count; b++)
        vectors[b] = rankings[b].vector;
    plan->kernels->panels->score(user_count, vectors, plan->scorer->d, diffmm__panel_count(count),
                                plan->scorer->panels + first * plan->scorer->d, scores[0],
                                tile_items);
    for (size_t b = 0; b < user_count; b++) {
        rankings[b].seen = mask(rankings[b].seen, rankings[b].seen_end, first, count, scores[b]);
        mask(exclude, plan->exclude + plan->exclude_count, first, count, scores[b]);
    }
}

static void rank_all(const struct plan *plan, size_t user_count, struct ranking *rankings)
{
    float scores[block_users][tile_items];
    const int32_t *exclude = plan->exclude, *exclude_end = plan->exclude + plan->exclude_count;
    for (size_t first = 0; first < plan->item_count; first += tile_items) {
        size_t left = plan->item_count - first, count = left < tile_items ? left : tile_items;
        score_tile(plan, user_count, rankings, first, count, exclude, scores);
        for (size_t b = 0; b < user_count; b++)
            diffmm__topk_push(&rankings[b].topk, first, count, scores[b]);
        while (exclude < exclude_end && (size_t)*exclude < first + count)
            exclude++;
    }
}

static void rank_candidates(const struct plan *plan, struct ranking *ranking)
{
    float scores[tile_items];
    for (size_t first = 0; first < plan->item_count; first += tile_items) {
        size_t left = plan->item_count - first, count = left < tile_items ? left : tile_items;
        score_candidates(plan, ranking, first, count, scores);
        diffmm__topk_push_indices(&ranking->topk, plan->candidates + first, count, scores);
    }
}

/* Rank the plan's items for up to block_users users at once. */
static void rank(const struct plan *plan, size_t user_count, struct ranking *rankings)
{
    if (!plan->candidates) {
        rank_all(plan, user_count, rankings);
        return;
    }
    for (size_t b = 0; b < user_count; b++)
        rank_candidates(plan, &rankings[b]);
}

static size_t write_hits(struct ranking *ranking, diffmm_hit *hits)
{
    size_t found = diffmm__topk_finish(&ranking->topk);
    for (size_t i = 0; i < found; i++)
        hits[i] = (diffmm_hit){.item = ranking->topk.entries[i].index,
                               .score = ranking->topk.entries[i].score};
    return found;
}

static diffmm_status recommend_one(const struct plan *plan, int32_t user, diffmm_hit *hits,
                                   size_t *found)
{
    struct diffmm__ranked few_entries[few], *entries = few_entries, *owned = NULL;
    if (plan->capacity > few) {
        owned = diffmm__allocate(plan->scorer->context, plan->capacity, sizeof *owned);
        if (!owned)
            return DIFFMM_ERROR_NO_MEMORY;
        entries = owned;
    }
    struct ranking ranking = begin_ranking(plan, user, entries);
    rank(plan, 1, &ranking);
    *found = write_hits(&ranking, hits);
    diffmm__release(plan->scorer->context, owned);
    return DIFFMM_OK;
}

diffmm_status diffmm_recommend(const diffmm_scorer *scorer, int32_t user, const diffmm_query *query,
                               diffmm_hit *hits, size_t *found)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!query)
        return diffmm__null("query");
    if (!hits)
        return diffmm__null("hits");
    if (!found)
        return diffmm__null("found");
    diffmm_status status = diffmm__scorer_check_user(scorer, user);
    if (status)
        return status;
    struct plan plan;
    status = begin_plan(&plan, scorer, query);
    if (!status)
        status = recommend_one(&plan, user, hits, found);
    end_plan(&plan);
    return status;
}

/* Many users under one plan. */
struct batch {
    const struct plan *plan;
    size_t user_count;
    const int32_t *users;           /* NULL: 0 .. user_count-1 */
    struct diffmm__ranked *entries; /* per worker, block_users x capacity */
    diffmm_hit *hits;
    size_t *found;
};

static void recommend_block(void *argument, size_t index, size_t worker)
{
    const struct batch *batch = argument;
    const struct plan *plan = batch->plan;
    struct ranking rankings[block_users];
    size_t begin = index * block_users, left = batch->user_count - begin;
    size_t count = left < block_users ? left : block_users;
    for (size_t b = 0; b < count; b++) {
        int32_t user = batch->users ? batch->users[begin + b] : (int32_t)(begin + b);
        rankings[b] =
            begin_ranking(plan, user, batch->entries + (worker * block_users + b) * plan->capacity);
    }
    rank(plan, count, rankings);
    for (size_t b = 0; b < count; b++)
        batch->found[begin + b] =
            write_hits(&rankings[b], batch->hits + (begin + b) * plan->query.count);
}

static diffmm_status recommend_batch(struct batch *batch)
{
    const struct plan *plan = batch->plan;
    const diffmm_context *context = plan->scorer->context;
    batch->entries = diffmm__allocate(
        context, plan->capacity, diffmm__workers(context) * block_users * sizeof *batch->entries);
    if (!batch->entries)
        return DIFFMM_ERROR_NO_MEMORY;
    diffmm__parallel(context, (batch->user_count + block_users - 1) / block_users, recommend_block,
                     batch);
    diffmm__release(context, batch->entries);
    return DIFFMM_OK;
}

static diffmm_status check_users(const diffmm_scorer *scorer, size_t count, const int32_t *users)
{
    size_t known = scorer->catalog->users;
    if (!users && count > known)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "user_count is %zu, but there are %zu users", count, known);
    for (size_t i = 0; users && i < count; i++)
        if (users[i] < 0 || (size_t)users[i] >= known)
            return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                                "users[%zu] is %d, but there are %zu users", i, users[i], known);
    return DIFFMM_OK;
}

diffmm_status diffmm_recommend_users(const diffmm_scorer *scorer, size_t user_count,
                                     const int32_t *users, const diffmm_query *query,
                                     diffmm_hit *hits, size_t *found)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!query)
        return diffmm__null("query");
    if (!hits && user_count > 0)
        return diffmm__null("hits");
    if (!found && user_count > 0)
        return diffmm__null("found");
    diffmm_status status = check_users(scorer, user_count, users);
    if (status)
        return status;
    struct plan plan;
    status = begin_plan(&plan, scorer, query);
    if (!status) {
        struct batch batch = {
            .plan = &plan, .user_count = user_count, .users = users, .hits = hits, .found = found};
        status = recommend_batch(&batch);
    }
    end_plan(&plan);
    return status;
}
