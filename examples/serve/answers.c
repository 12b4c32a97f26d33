/* SPDX-License-Identifier: BSD-2-Clause */
#include "answers.h"

#include <stdlib.h>
#include <string.h>

static bool recommend(const struct answering *answering, const struct served *model,
                      const json_t *parameters, struct answer *answer, struct failure *failure)
{
    struct ranking ranking;
    const char *id = json_string_value(json_object_get(parameters, "user"));
    int32_t user;
    if (!id)
        return refuse(failure, 400, "'user' is missing");
    bool good = ranking_begin(&ranking, answering->max_count, model->scorer, DIFFMM_ITEMS,
                              parameters, failure);
    diffmm_status status = DIFFMM_OK;
    if (good)
        status = diffmm_scorer_find_user(model->scorer, id, &user);
    if (good && status == DIFFMM_OK)
        status = diffmm_recommend(model->scorer, user, ranking_query(&ranking), ranking.hits,
                                  &ranking.found);
    good = good && (status == DIFFMM_OK || refuse_call(failure, status));
    return ranking_answer(&ranking, good, "user", id, answer);
}

static bool similar(const struct answering *answering, const struct served *model,
                    const json_t *parameters, struct answer *answer, struct failure *failure)
{
    struct ranking ranking;
    const char *user = json_string_value(json_object_get(parameters, "user"));
    const char *id = user ? user : json_string_value(json_object_get(parameters, "item"));
    if (!id || (user && json_object_get(parameters, "item")))
        return refuse(failure, 400, "one of 'item' and 'user' must be given");
    const char *word = json_string_value(json_object_get(parameters, "similarity"));
    diffmm_similarity similarity = word && strcmp(word, "dot") == 0 ? DIFFMM_DOT : DIFFMM_COSINE;
    diffmm_side side = user ? DIFFMM_USERS : DIFFMM_ITEMS;
    int32_t number;
    bool good =
        ranking_begin(&ranking, answering->max_count, model->scorer, side, parameters, failure);
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
    bool good = ranking_begin(&ranking, answering->max_count, model->scorer, DIFFMM_ITEMS,
                              parameters, failure);
    diffmm_status status = DIFFMM_OK;
    if (good && id)
        status = diffmm_scorer_find_user(model->scorer, id, &user);
    good = good && (status == DIFFMM_OK || refuse_call(failure, status)) &&
           ranking_add_ids(&ranking, DIFFMM_ITEMS, items, &touched, failure) &&
           rank_folded_in(&ranking, user, &touched, failure);
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

static const struct endpoint endpoints[] = {
    {"/recommend", "GET, HEAD, POST", "user count include_seen min_score exclude candidates", false,
     recommend},
    {"/similar", "GET, HEAD, POST", "item user similarity count min_score exclude candidates",
     false, similar},
    {"/fold-in", "GET, HEAD, POST", "items user count include_seen min_score exclude candidates",
     false, fold_in},
    {"/health", "GET, HEAD", "", false, health},
    {"/reload", "POST", "", true, reload},
};

const struct endpoint *find_endpoint(const char *path, struct failure *failure)
{
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        if (strcmp(endpoints[i].path, path) == 0)
            return &endpoints[i];
    refuse(failure, 404, "there is no %.64s, only /recommend, /similar, /fold-in, /health, /reload",
           path);
    return NULL;
}
