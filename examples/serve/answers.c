/* SPDX-License-Identifier: BSD-2-Clause */
#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "many.h"
#include "openapi.h"
#include "place.h"

static bool falls_back(const json_t *parameters)
{
    return json_object_get(parameters, "fallback") != NULL;
}

/* For one user. */
static bool recommend_one(struct ranking *ranking, bool good, const char *id,
                          const json_t *parameters, struct answer *answer, struct failure *failure)
{
    int32_t user;
    diffmm_status status = DIFFMM_OK;
    if (good)
        status = diffmm_scorer_find_user(ranking->scorer, id, &user);
    if (good && status == DIFFMM_ERROR_NOT_FOUND && falls_back(parameters))
        return ranking_answer_fallback(ranking, ranking_fall_back(ranking, failure), id, answer);
    if (good && status == DIFFMM_OK)
        status = diffmm_recommend(ranking->scorer, user, ranking_query(ranking), ranking->hits,
                                  &ranking->found);
    good = good && (status == DIFFMM_OK || refuse_call(failure, status)) &&
           ranking_shape(ranking, user, failure);
    return ranking_answer(ranking, good, "user", id, answer);
}

static bool recommend(const struct answering *answering, const struct served *model,
                      const json_t *parameters, struct answer *answer, struct failure *failure)
{
    struct ranking ranking;
    const json_t *user = json_object_get(parameters, "user"),
                 *users = json_object_get(parameters, "users");
    if (!user && !users)
        return refuse(failure, 400, "'user' is missing");
    if (user && users)
        return refuse(failure, 400, "'user' and 'users' exclude each other");
    bool good =
        ranking_begin(&ranking, answering, model->scorer, DIFFMM_ITEMS, parameters, failure);
    return user
               ? recommend_one(&ranking, good, json_string_value(user), parameters, answer, failure)
               : many_answer(&ranking, good, answering->max_count, users, falls_back(parameters),
                             answer, failure);
}

static bool popular(const struct answering *answering, const struct served *model,
                    const json_t *parameters, struct answer *answer, struct failure *failure)
{
    struct ranking ranking;
    bool good =
        ranking_begin(&ranking, answering, model->scorer, DIFFMM_ITEMS, parameters, failure) &&
        ranking_fall_back(&ranking, failure);
    return ranking_answer(&ranking, good, NULL, NULL, answer);
}

static bool similar(const struct answering *answering, const struct served *model,
                    const json_t *parameters, struct answer *answer, struct failure *failure)
{
    struct ranking ranking;
    const char *user = json_string_value(json_object_get(parameters, "user"));
    const char *id = user ? user : json_string_value(json_object_get(parameters, "item"));
    if (!id || (user && json_object_get(parameters, "item")))
        return refuse(failure, 400, "one of 'item' and 'user' must be given");
    diffmm_similarity similarity = similarity_of(parameters);
    diffmm_side side = user ? DIFFMM_USERS : DIFFMM_ITEMS;
    int32_t number;
    bool good = ranking_begin(&ranking, answering, model->scorer, side, parameters, failure);
    diffmm_status status = DIFFMM_OK;
    if (good)
        status = ranking_find(model->scorer, side, id, &number);
    if (good && status == DIFFMM_OK)
        status = user ? diffmm_similar_users(model->scorer, number, similarity,
                                             ranking_query(&ranking), ranking.hits, &ranking.found)
                      : diffmm_similar_items(model->scorer, number, similarity,
                                             ranking_query(&ranking), ranking.hits, &ranking.found);
    good = good && (status == DIFFMM_OK || refuse_call(failure, status));
    return ranking_answer(&ranking, good, user ? "user" : "item", id, answer);
}

/* Exclude the items that the user has touched, unless `include_seen` asks for them. */
static bool exclude_touched(struct ranking *ranking, int32_t user, const struct numbers *touched,
                            struct failure *failure)
{
    if (ranking->query.include_seen)
        return true;
    const int32_t *seen = NULL;
    size_t count = 0;
    if (user != DIFFMM_NEW_USER) {
        diffmm_status status = diffmm_scorer_seen(ranking->scorer, user, &seen, &count);
        if (status != DIFFMM_OK)
            return refuse_call(failure, status);
    }
    return numbers_add(&ranking->exclude, touched->list, touched->count, failure) &&
           numbers_add(&ranking->exclude, seen, count, failure);
}

static bool rank_folded_in(struct ranking *ranking, int32_t user, const struct numbers *touched,
                           struct failure *failure)
{
    if (touched->count == 0)
        return refuse(failure, 404, "the model knows none of 'items'");
    if (!exclude_touched(ranking, user, touched, failure))
        return false;
    float *embedding = calloc(diffmm_scorer_dimensions(ranking->scorer), sizeof *embedding);
    if (!embedding)
        return refuse_memory(failure);
    diffmm_status status =
        diffmm_fold_in(ranking->scorer, user, touched->count, touched->list, embedding);
    if (status == DIFFMM_OK)
        status = diffmm_recommend_embedding(ranking->scorer, embedding, ranking_query(ranking),
                                            ranking->hits, &ranking->found);
    free(embedding);
    return status == DIFFMM_OK || refuse_call(failure, status);
}

static bool fold_in(const struct answering *answering, const struct served *model,
                    const json_t *parameters, struct answer *answer, struct failure *failure)
{
    struct ranking ranking;
    struct numbers touched = {NULL, 0};
    const json_t *items = json_object_get(parameters, "items");
    const char *id = json_string_value(json_object_get(parameters, "user"));
    int32_t user = DIFFMM_NEW_USER;
    if (json_array_size(items) == 0)
        return refuse(failure, 400, "'items' is missing or empty");
    bool good =
        ranking_begin(&ranking, answering, model->scorer, DIFFMM_ITEMS, parameters, failure);
    diffmm_status status = DIFFMM_OK;
    if (good && id)
        status = diffmm_scorer_find_user(model->scorer, id, &user);
    good =
        good && (status == DIFFMM_OK || refuse_call(failure, status)) &&
        numbers_add_ids(&touched, model->scorer, DIFFMM_ITEMS, items, ranking.unknown, failure) &&
        rank_folded_in(&ranking, user, &touched, failure) && ranking_shape(&ranking, user, failure);
    free(touched.list);
    return ranking_answer(&ranking, good, "user", id, answer);
}

static void add_count(struct json_text *answer, const char *name, size_t value)
{
    json_text_add(answer, ",");
    json_text_add_string(answer, name);
    json_text_add(answer, ":");
    json_text_add_size(answer, value);
}

static void describe(const struct served *model, struct json_text *answer)
{
    json_text_add(answer, "{\"status\":\"ok\"");
    add_count(answer, "users", diffmm_scorer_users(model->scorer));
    add_count(answer, "items", diffmm_scorer_items(model->scorer));
    add_count(answer, "dimensions", diffmm_scorer_dimensions(model->scorer));
    add_count(answer, "generation", model->generation);
    json_text_add(answer, "}");
}

static bool openapi(const struct answering *answering, const struct served *model,
                    const json_t *parameters, struct answer *answer, struct failure *failure)
{
    (void)answering;
    (void)model;
    (void)parameters;
    (void)failure;
    json_text_add(&answer->text, openapi_text);
    return true;
}

static bool health(const struct answering *answering, const struct served *model,
                   const json_t *parameters, struct answer *answer, struct failure *failure)
{
    (void)answering;
    (void)parameters;
    (void)failure;
    describe(model, &answer->text);
    return true;
}

static bool reload(const struct answering *answering, const struct served *model,
                   const json_t *parameters, struct answer *answer, struct failure *failure)
{
    (void)model;
    (void)parameters;
    if (!store_reload(answering->store, failure))
        return false;
    struct served *fresh = store_retain(answering->store);
    describe(fresh, &answer->text);
    served_release(fresh);
    return true;
}

/* What all rankings take, and what rankings of a user's items take besides. */
#define RESTRICTIONS "count min_score exclude candidates"
#define SHAPING "include_seen diversity modality temperature seed per_group"

static const struct endpoint endpoints[] = {
    {"/recommend", "GET, HEAD, POST", "user users fallback " SHAPING " " RESTRICTIONS, false,
     recommend},
    {"/similar", "GET, HEAD, POST", "item user similarity " RESTRICTIONS, false, similar},
    {"/fold-in", "GET, HEAD, POST", "items user " SHAPING " " RESTRICTIONS, false, fold_in},
    {"/popular", "GET, HEAD, POST", RESTRICTIONS, false, popular},
    {"/explain", "GET, HEAD, POST", "user items item", false, explain},
    {"/place", "POST", "new_items user boost similarity " RESTRICTIONS, false, place},
    {"/openapi.json", "GET, HEAD", "", false, openapi},
    {"/health", "GET, HEAD", "", false, health},
    {"/reload", "POST", "", true, reload},
};

/* The paths, for a client that asks for another. */
static void refuse_path(const char *path, struct failure *failure)
{
    char known[256] = "";
    int length = 0;
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        length += snprintf(known + length, sizeof known - (size_t)length, "%s%s", i > 0 ? ", " : "",
                           endpoints[i].path);
    /* And those for operators: operations.c. */
    refuse(failure, 404, "there is no %.64s, only %s, /healthz, /readyz, /metrics", path, known);
}

const struct endpoint *find_endpoint(const char *path, struct failure *failure)
{
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        if (strcmp(endpoints[i].path, path) == 0)
            return &endpoints[i];
    refuse_path(path, failure);
    return NULL;
}
