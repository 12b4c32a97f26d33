/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve/ranking_share.h"

#include "base/memory.h"
#include "base/pool.h"

enum { least_numbers = 32768 };

struct sharing {
    const struct diffmm__query_plan *plan;
    size_t count;                  /* of shares */
    struct diffmm__ranking *share; /* of each */
};

static size_t share_count(const struct diffmm__query_plan *plan)
{
    size_t workers = diffmm__workers(plan->scorer->context);
    return plan->query.threads < workers ? plan->query.threads : workers;
}

bool diffmm__ranking_shared(const struct diffmm__query_plan *plan)
{
    return !plan->query.filter && !plan->query.candidates && plan->total >= least_numbers &&
           share_count(plan) > 1;
}

/* The first number of a share: whole tiles. */
static size_t begin_of(const struct sharing *sharing, size_t index)
{
    size_t total = sharing->plan->total, tiles = (total + DIFFMM__TILE - 1) / DIFFMM__TILE;
    size_t begin = tiles * index / sharing->count * DIFFMM__TILE;
    return begin < total ? begin : total;
}

static void run_share(void *argument, size_t index, size_t worker)
{
    const struct sharing *sharing = argument;
    (void)worker;
    /* Without a filter, ranking cannot fail. */
    diffmm__ranking_run_stretch(sharing->plan, begin_of(sharing, index),
                                begin_of(sharing, index + 1), &sharing->share[index]);
}

diffmm_status diffmm__ranking_share(const struct diffmm__query_plan *plan,
                                    struct diffmm__ranking *ranking)
{
    struct diffmm__arena arena = diffmm__arena_on(plan->scorer->context);
    struct sharing sharing = {.plan = plan, .count = share_count(plan)};
    size_t capacity = ranking->topk.capacity;
    sharing.share = diffmm__arena_take(&arena, sharing.count, sizeof *sharing.share);
    struct diffmm__ranked *entries =
        diffmm__arena_take(&arena, sharing.count, capacity * sizeof *entries);
    bool good = !arena.failed;
    for (size_t i = 0; good && i < sharing.count; i++) {
        sharing.share[i] = *ranking;
        sharing.share[i].topk.entries = entries + i * capacity;
    }
    if (good)
        diffmm__parallel(plan->scorer->context, sharing.count, run_share, &sharing);
    for (size_t i = 0; good && i < sharing.count; i++)
        for (size_t e = 0; e < sharing.share[i].topk.count; e++)
            diffmm__topk_push_indices(&ranking->topk, &entries[i * capacity + e].index, 1,
                                      &entries[i * capacity + e].score);
    diffmm__arena_end(&arena);
    return good ? DIFFMM_OK : DIFFMM_ERROR_NO_MEMORY;
}
