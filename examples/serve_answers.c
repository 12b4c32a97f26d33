/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve_answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hits_json.h"

enum { DEFAULT_COUNT = 20 };

/* A growing list of users or items by number. */
struct numbers {
    int32_t *list;
    size_t count;
};

/* One ranking in the making: query, room for hits, ids that the model does not know. */
struct ranking {
    const diffmm_scorer *scorer;
    diffmm_side side; /* of the hits */
    diffmm_query query;
    struct numbers exclude, candidates;
    diffmm_hit *hits;
    size_t found;
    json_t *unknown;
};

static diffmm_status find_id(const diffmm_scorer *scorer, diffmm_side side, const char *id,
                             int32_t *number)
{
    return side == DIFFMM_USERS ? diffmm_scorer_find_user(scorer, id, number)
                                : diffmm_scorer_find_item(scorer, id, number);
}

static bool add_numbers(struct numbers *numbers, const int32_t *more, size_t count,
                        struct failure *failure)
{
    int32_t *grown = realloc(numbers->list, (numbers->count + count + 1) * sizeof *grown);
    if (!grown)
        return refuse_memory(failure);
    if (count)
        memcpy(grown + numbers->count, more, count * sizeof *grown);
    numbers->list = grown;
    numbers->count += count;
    return true;
}

/* Look up a list of ids. What the model does not know can neither be recommended nor be learnt
 * from: it is passed over, and named in the answer. */
static bool add_ids(struct ranking *ranking, diffmm_side side, const json_t *ids,
                    struct numbers *numbers, struct failure *failure)
{
    size_t count = json_array_size(ids), known = 0;
    int32_t *found = malloc((count + 1) * sizeof *found);
    if (!found)
        return refuse_memory(failure);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        json_t *id = json_array_get(ids, i);
        if (find_id(ranking->scorer, side, json_string_value(id), found + known) == DIFFMM_OK)
            known++;
        else
            good = json_array_append(ranking->unknown, id) == 0 || refuse_memory(failure);
    }
    good = good && add_numbers(numbers, found, known, failure);
    free(found);
    return good;
}

static bool read_count(struct ranking *ranking, const struct answering *answering,
                       const json_t *parameters, struct failure *failure)
{
    const json_t *given = json_object_get(parameters, "count");
    json_int_t count = given ? json_integer_value(given) : DEFAULT_COUNT;
    size_t there_are = ranking->side == DIFFMM_USERS ? diffmm_scorer_users(ranking->scorer)
                                                     : diffmm_scorer_items(ranking->scorer);
    if (given && (unsigned long long)count > answering->max_count)
        return refuse(failure, 400, "'count' is %lld, but at most %zu are given", (long long)count,
                      answering->max_count);
    ranking->query.count = (size_t)count < there_are ? (size_t)count : there_are;
    return true;
}

static bool read_min_score(struct ranking *ranking, const json_t *parameters,
                           struct failure *failure)
{
    const json_t *given = json_object_get(parameters, "min_score");
    if (!given)
        return true;
    ranking->query.min_score = (float)json_number_value(given);
    ranking->query.has_min_score = 1;
    return isfinite(ranking->query.min_score) ||
           refuse(failure, 400, "'min_score' is out of the range of a float");
}

/* Read what every ranking may be asked for; ends with ranking_end in any case. */
static bool ranking_begin(struct ranking *ranking, const struct answering *answering,
                          const diffmm_scorer *scorer, diffmm_side side, const json_t *parameters,
                          struct failure *failure)
{
    *ranking = (struct ranking){.scorer = scorer, .side = side, .unknown = json_array()};
    ranking->query.struct_size = sizeof ranking->query;
    ranking->query.include_seen = json_is_true(json_object_get(parameters, "include_seen"));
    if (!ranking->unknown)
        return refuse_memory(failure);
    const json_t *candidates = json_object_get(parameters, "candidates");
    if (!read_count(ranking, answering, parameters, failure) ||
        !read_min_score(ranking, parameters, failure) ||
        !add_ids(ranking, side, json_object_get(parameters, "exclude"), &ranking->exclude,
                 failure) ||
        (candidates && !add_ids(ranking, side, candidates, &ranking->candidates, failure)))
        return false;
    ranking->hits = calloc(ranking->query.count, sizeof *ranking->hits);
    return ranking->hits || refuse_memory(failure);
}

static void ranking_end(struct ranking *ranking)
{
    free(ranking->exclude.list);
    free(ranking->candidates.list);
    free(ranking->hits);
    json_decref(ranking->unknown);
}

/* The query, when all lists are complete. */
static const diffmm_query *ranking_query(struct ranking *ranking)
{
    ranking->query.exclude = ranking->exclude.list;
    ranking->query.exclude_count = ranking->exclude.count;
    ranking->query.candidates = ranking->candidates.list;
    ranking->query.candidate_count = ranking->candidates.count;
    return &ranking->query;
}

/* {"user": "7", "items": [{"item": "12", "score": 3.25}, ..]}, opening with `key` unless `id` is
 * NULL; with "unknown" where ids of the request are. Ends the ranking. */
static json_t *ranking_answer(struct ranking *ranking, bool good, const char *key, const char *id,
                              struct failure *failure)
{
    json_t *answer = NULL;
    if (good) {
        json_t *hits = hits_json(ranking->scorer, ranking->side, ranking->hits, ranking->found);
        const char *name = ranking->side == DIFFMM_USERS ? "users" : "items";
        answer = id ? json_pack("{s:s, s:o}", key, id, name, hits) : json_pack("{s:o}", name, hits);
        if (answer && json_array_size(ranking->unknown) > 0 &&
            json_object_set(answer, "unknown", ranking->unknown) != 0) {
            json_decref(answer);
            answer = NULL;
        }
        if (!answer)
            refuse(failure, 500, "an id is not UTF-8, or there is no memory");
    }
    ranking_end(ranking);
    return answer;
}

static json_t *recommend(const struct answering *answering, const struct served *model,
                         const json_t *parameters, struct failure *failure)
{
    struct ranking ranking;
    const char *id = json_string_value(json_object_get(parameters, "user"));
    int32_t user;
    if (!id) {
        refuse(failure, 400, "'user' is missing");
        return NULL;
    }
    bool good =
        ranking_begin(&ranking, answering, model->scorer, DIFFMM_ITEMS, parameters, failure);
    diffmm_status status = DIFFMM_OK;
    if (good)
        status = diffmm_scorer_find_user(model->scorer, id, &user);
    if (good && status == DIFFMM_OK)
        status = diffmm_recommend(model->scorer, user, ranking_query(&ranking), ranking.hits,
                                  &ranking.found);
    good = good && (status == DIFFMM_OK || refuse_call(failure, status));
    return ranking_answer(&ranking, good, "user", id, failure);
}

static json_t *similar(const struct answering *answering, const struct served *model,
                       const json_t *parameters, struct failure *failure)
{
    struct ranking ranking;
    const char *user = json_string_value(json_object_get(parameters, "user"));
    const char *id = user ? user : json_string_value(json_object_get(parameters, "item"));
    if (!id || (user && json_object_get(parameters, "item"))) {
        refuse(failure, 400, "one of 'item' and 'user' must be given");
        return NULL;
    }
    const char *word = json_string_value(json_object_get(parameters, "similarity"));
    diffmm_similarity similarity = word && strcmp(word, "dot") == 0 ? DIFFMM_DOT : DIFFMM_COSINE;
    diffmm_side side = user ? DIFFMM_USERS : DIFFMM_ITEMS;
    int32_t number;
    bool good = ranking_begin(&ranking, answering, model->scorer, side, parameters, failure);
    diffmm_status status = DIFFMM_OK;
    if (good)
        status = find_id(model->scorer, side, id, &number);
    if (good && status == DIFFMM_OK)
        status = user ? diffmm_similar_users(model->scorer, number, similarity,
                                             ranking_query(&ranking), ranking.hits, &ranking.found)
                      : diffmm_similar_items(model->scorer, number, similarity,
                                             ranking_query(&ranking), ranking.hits, &ranking.found);
    good = good && (status == DIFFMM_OK || refuse_call(failure, status));
    return ranking_answer(&ranking, good, user ? "user" : "item", id, failure);
}

/* Unless it is asked for, what the user has touched does not come back. */
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
    return add_numbers(&ranking->exclude, touched->list, touched->count, failure) &&
           add_numbers(&ranking->exclude, seen, count, failure);
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

static json_t *fold_in(const struct answering *answering, const struct served *model,
                       const json_t *parameters, struct failure *failure)
{
    struct ranking ranking;
    struct numbers touched = {NULL, 0};
    const json_t *items = json_object_get(parameters, "items");
    const char *id = json_string_value(json_object_get(parameters, "user"));
    int32_t user = DIFFMM_NEW_USER;
    if (json_array_size(items) == 0) {
        refuse(failure, 400, "'items' is missing or empty");
        return NULL;
    }
    bool good =
        ranking_begin(&ranking, answering, model->scorer, DIFFMM_ITEMS, parameters, failure);
    diffmm_status status = DIFFMM_OK;
    if (good && id)
        status = diffmm_scorer_find_user(model->scorer, id, &user);
    good = good && (status == DIFFMM_OK || refuse_call(failure, status)) &&
           add_ids(&ranking, DIFFMM_ITEMS, items, &touched, failure) &&
           rank_folded_in(&ranking, user, &touched, failure);
    free(touched.list);
    return ranking_answer(&ranking, good, "user", id, failure);
}

static json_t *describe(const struct served *model, struct failure *failure)
{
    json_t *answer = json_pack("{s:s, s:I, s:I, s:I, s:I}", "status", "ok", "users",
                               (json_int_t)diffmm_scorer_users(model->scorer), "items",
                               (json_int_t)diffmm_scorer_items(model->scorer), "dimensions",
                               (json_int_t)diffmm_scorer_dimensions(model->scorer), "generation",
                               (json_int_t)model->generation);
    if (!answer)
        refuse_memory(failure);
    return answer;
}

static json_t *health(const struct answering *answering, const struct served *model,
                      const json_t *parameters, struct failure *failure)
{
    (void)answering;
    (void)parameters;
    return describe(model, failure);
}

static json_t *reload(const struct answering *answering, const struct served *model,
                      const json_t *parameters, struct failure *failure)
{
    (void)model;
    (void)parameters;
    if (!store_reload(answering->store, failure))
        return NULL;
    struct served *fresh = store_hold(answering->store);
    json_t *answer = describe(fresh, failure);
    served_release(fresh);
    return answer;
}

static const struct endpoint endpoints[] = {
    {"/recommend", "GET, HEAD, POST", "user count include_seen min_score exclude candidates",
     recommend},
    {"/similar", "GET, HEAD, POST", "item user similarity count min_score exclude candidates",
     similar},
    {"/fold-in", "GET, HEAD, POST", "items user count include_seen min_score exclude candidates",
     fold_in},
    {"/health", "GET, HEAD", "", health},
    {"/reload", "POST", "", reload},
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
