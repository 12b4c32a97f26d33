/* SPDX-License-Identifier: BSD-2-Clause */
/* The best items for every user, through a callback: blocks of users whose hits fit in a few MB. */
#include "base/memory.h"
#include "base/status.h"
#include "serve/ranking.h"
#include "serve/recommend_users.h"

/* Users of a block: enough for several threads, as long as their hits are not too much memory. */
enum { most_users = 32 * DIFFMM__BLOCK, most_bytes = 8 << 20 };

struct room {
    size_t users, width; /* rows of hits, and hits of a row */
    diffmm_hit *hits;
    size_t *found;
};

static size_t block_of(size_t users, size_t width)
{
    size_t row = width > 0 ? width * sizeof(diffmm_hit) : 1, fit = most_bytes / row;
    size_t block = fit < most_users ? fit : most_users;
    block = block < users ? block : users;
    return block > 0 ? block : 1;
}

static diffmm_status tell(const struct room *room, size_t first, size_t count,
                          diffmm_hits_function function, void *user_data)
{
    for (size_t b = 0; b < count; b++) {
        int32_t user = (int32_t)(first + b);
        int result = function(user, room->hits + b * room->width, room->found[b], user_data);
        if (result)
            return diffmm__fail(DIFFMM_CANCELLED, "the callback returned %d at user %d", result,
                                user);
    }
    return DIFFMM_OK;
}

static diffmm_status every_user(const struct diffmm__query_plan *plan,
                                diffmm_hits_function function, void *user_data)
{
    size_t users = plan->scorer->catalog->users, width = plan->capacity;
    struct room room = {.users = block_of(users, width), .width = width};
    struct diffmm__arena arena = diffmm__arena_on(plan->scorer->context);
    room.hits = diffmm__arena_take(&arena, room.users, width * sizeof *room.hits);
    room.found = diffmm__arena_take(&arena, room.users, sizeof *room.found);
    diffmm_status status = arena.failed ? DIFFMM_ERROR_NO_MEMORY : DIFFMM_OK;
    for (size_t first = 0; first < users && !status; first += room.users) {
        size_t count = users - first < room.users ? users - first : room.users;
        status =
            diffmm__recommend_users_into(plan, count, first, NULL, room.hits, width, room.found);
        if (!status)
            status = tell(&room, first, count, function, user_data);
    }
    diffmm__arena_end(&arena);
    return status;
}

diffmm_status diffmm_recommend_all(const diffmm_scorer *scorer, const diffmm_query *query,
                                   diffmm_hits_function function, void *user_data)
{
    if (!scorer)
        return diffmm__null("scorer");
    if (!query)
        return diffmm__null("query");
    if (!function)
        return diffmm__null("function");
    struct diffmm__query_plan plan;
    diffmm_status status = diffmm__query_plan_begin_items(&plan, scorer, query);
    if (!status)
        status = every_user(&plan, function, user_data);
    diffmm__query_plan_end(&plan);
    return status;
}
