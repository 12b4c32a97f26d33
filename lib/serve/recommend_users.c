/* SPDX-License-Identifier: BSD-2-Clause */
/* The best items for a block of users. */
#include "serve/recommend_users.h"

#include <string.h>

#include "base/check.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/status.h"
#include "serve/ranking.h"

struct batch {
    const struct diffmm__query_plan *plan;
    size_t count, first;
    const int32_t *users;
    diffmm_hit *hits;
    size_t stride;
    size_t *found;
};

static diffmm_status rank_block(const struct batch *batch, size_t index)
{
    struct diffmm__ranking rankings[DIFFMM__BLOCK];
    size_t begin = index * DIFFMM__BLOCK, left = batch->count - begin;
    size_t count = left < DIFFMM__BLOCK ? left : DIFFMM__BLOCK;
    for (size_t b = 0; b < count; b++) {
        size_t at = begin + b;
        int32_t user = batch->users ? batch->users[at] : (int32_t)(batch->first + at);
        rankings[b] = diffmm__ranking_of_user(batch->plan, user, batch->hits + at * batch->stride);
    }
    diffmm_status status = diffmm__ranking_run(batch->plan, count, rankings);
    for (size_t b = 0; b < count && !status; b++)
        batch->found[begin + b] = diffmm__topk_finish(&rankings[b].topk);
    return status;
}

/* Without a filter, ranking cannot fail. */
static void rank_block_task(void *argument, size_t index, size_t worker)
{
    (void)worker;
    rank_block(argument, index);
}

diffmm_status diffmm__recommend_users_into(const struct diffmm__query_plan *plan, size_t count,
                                           size_t first, const int32_t *users, diffmm_hit *hits,
                                           size_t stride, size_t *found)
{
    struct batch batch = {plan, count, first, users, hits, stride, found};
    size_t blocks = (count + DIFFMM__BLOCK - 1) / DIFFMM__BLOCK;
    if (!plan->query.filter) {
        diffmm__parallel(plan->scorer->context, blocks, rank_block_task, &batch);
        return DIFFMM_OK;
    }
    diffmm_status status = DIFFMM_OK;
    for (size_t index = 0; index < blocks && !status; index++)
        status = rank_block(&batch, index);
    return status;
}

/* A filter that fails must leave the caller's arrays as they were: rank into a copy. */
static diffmm_status rank_filtered(const struct diffmm__query_plan *plan, size_t count,
                                   const int32_t *users, diffmm_hit *hits, size_t *found)
{
    size_t width = plan->capacity;
    struct diffmm__arena arena = diffmm__arena_on(plan->scorer->context);
    diffmm_hit *own = diffmm__arena_take(&arena, count, width * sizeof *own);
    size_t *own_found = diffmm__arena_take(&arena, count, sizeof *own_found);
    diffmm_status status =
        arena.failed ? DIFFMM_ERROR_NO_MEMORY
                     : diffmm__recommend_users_into(plan, count, 0, users, own, width, own_found);
    for (size_t b = 0; b < count && !status; b++) {
        memcpy(hits + b * plan->query.count, own + b * width, own_found[b] * sizeof *hits);
        found[b] = own_found[b];
    }
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm__recommend_users_check(const diffmm_scorer *scorer, size_t count,
                                            const int32_t *users)
{
    size_t known = scorer->catalog->users;
    if (!users && count > known)
        return diffmm__fail(DIFFMM_ERROR_INVALID_ARGUMENT,
                            "user_count is %zu, but there are %zu users", count, known);
    return users ? diffmm__check_known("users", users, count, known, "users") : DIFFMM_OK;
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
    struct diffmm__query_plan plan;
    diffmm_status status = diffmm__query_plan_begin_items(&plan, scorer, query);
    if (!status && user_count > 1) /* one ranking is no longer than the number of items */
        status = diffmm__size_check_array("user_count", user_count, "query->count",
                                          plan.query.count, sizeof *hits);
    if (!status)
        status = diffmm__recommend_users_check(scorer, user_count, users);
    if (!status && plan.query.filter)
        status = rank_filtered(&plan, user_count, users, hits, found);
    else if (!status)
        status = diffmm__recommend_users_into(&plan, user_count, 0, users, hits, plan.query.count,
                                              found);
    diffmm__query_plan_end(&plan);
    return status;
}
