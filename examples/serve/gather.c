/* SPDX-License-Identifier: BSD-2-Clause */
#include "gather.h"

#include <stdlib.h>
#include <string.h>

#include "common/hits_json.h"
#include "common/numbers.h"
#include "ranking.h"

enum {
    MOST = 24, /* requests of a block, a number for which the library's kernels are at their best */
    MOST_COUNT = 100 /* hits of one of them: with more, scoring is the smaller part of the work */
};

/* A request that waits, and what it asks for. */
struct waiting {
    struct request *request;
    const char *user; /* id, in the memory of the connection */
    size_t count;
};

struct gather {
    const struct answering *answering;
    struct waiting waiting[MOST];
    size_t size;
    diffmm_hit hits[MOST * MOST_COUNT];
};

struct gather *gather_create(const struct answering *answering)
{
    struct gather *gather = calloc(1, sizeof *gather);
    if (gather)
        gather->answering = answering;
    return gather;
}

void gather_destroy(struct gather *gather)
{
    free(gather);
}

/* What a query string asks for, as far as it is plain. */
struct plain_query {
    const char *user, *count; /* NULL: not given */
    bool plain;
};

static enum MHD_Result on_argument(void *user_data, enum MHD_ValueKind kind, const char *name,
                                   size_t name_size, const char *value, size_t value_size)
{
    struct plain_query *query = user_data;
    const char **place = strcmp(name, "user") == 0    ? &query->user
                         : strcmp(name, "count") == 0 ? &query->count
                                                      : NULL;
    (void)kind;
    query->plain =
        place && !*place && value && strlen(name) == name_size && strlen(value) == value_size;
    if (query->plain)
        *place = value;
    return query->plain ? MHD_YES : MHD_NO;
}

bool gather_take(struct gather *gather, struct MHD_Connection *connection, struct request *request)
{
    struct plain_query query = {.plain = true};
    size_t count = ranking_default_count(gather->answering->max_count);
    if (strcmp(request->endpoint, "/recommend") != 0 || strcmp(request->method, "GET") != 0 ||
        request->received > 0)
        return false;
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, on_argument, &query);
    if (!query.plain || !query.user ||
        (query.count && !read_number(query.count, 1, gather->answering->max_count, &count)) ||
        count > MOST_COUNT)
        return false;
    if (gather->size == MOST)
        gather_rank(gather);
    request->waits = true;
    gather->waiting[gather->size++] = (struct waiting){request, query.user, count};
    return true;
}

void gather_forget(struct gather *gather, const struct request *request)
{
    size_t kept = 0;
    if (!request->waits)
        return;
    for (size_t i = 0; i < gather->size; i++)
        if (gather->waiting[i].request != request)
            gather->waiting[kept++] = gather->waiting[i];
    gather->size = kept;
}

static void write_answer(const struct waiting *waiting, const diffmm_scorer *scorer,
                         const diffmm_hit *hits, size_t found)
{
    struct json_text text = {.size = 0};
    json_text_add(&text, "{");
    hits_json_add_of_user(&text, scorer, waiting->user, hits, found);
    json_text_add(&text, "}");
    waiting->request->gathered = json_text_take(&text);
    waiting->request->hits = waiting->request->gathered ? found : 0;
    waiting->request->together = waiting->request->gathered != NULL;
}

/* Rank for all that want so many hits. One alone is left to be answered as any other. */
static void rank_alike(struct gather *gather, size_t count, const diffmm_scorer *scorer)
{
    const struct waiting *ranked[MOST];
    int32_t users[MOST];
    size_t found[MOST], size = 0;
    const diffmm_query query = {.struct_size = sizeof query, .count = count};
    for (size_t i = 0; i < gather->size; i++) {
        const struct waiting *waiting = &gather->waiting[i];
        if (!waiting->request->waits || waiting->count != count)
            continue;
        waiting->request->waits = false;
        ranked[size] = waiting;
        size += diffmm_scorer_find_user(scorer, waiting->user, &users[size]) == DIFFMM_OK;
    }
    if (size > 1 &&
        diffmm_recommend_users(scorer, size, users, &query, gather->hits, found) == DIFFMM_OK)
        for (size_t i = 0; i < size; i++)
            write_answer(ranked[i], scorer, gather->hits + i * count, found[i]);
}

void gather_rank(struct gather *gather)
{
    if (gather->size > 1) {
        struct served *model = store_retain(gather->answering->store);
        for (size_t i = 0; i < gather->size; i++)
            if (gather->waiting[i].request->waits)
                rank_alike(gather, gather->waiting[i].count, model->scorer);
        served_release(model);
    } else if (gather->size == 1) {
        gather->waiting[0].request->waits = false;
    }
    gather->size = 0;
}
