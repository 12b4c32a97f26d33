/* SPDX-License-Identifier: BSD-2-Clause */
#include "ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_COUNT = 20 };

diffmm_status ranking_find(const diffmm_scorer *scorer, diffmm_side side, const char *id,
                           int32_t *number)
{
    return side == DIFFMM_USERS ? diffmm_scorer_find_user(scorer, id, number)
                                : diffmm_scorer_find_item(scorer, id, number);
}

diffmm_similarity similarity_of(const json_t *parameters)
{
    const char *word = json_string_value(json_object_get(parameters, "similarity"));
    return word && strcmp(word, "dot") == 0 ? DIFFMM_DOT : DIFFMM_COSINE;
}

bool numbers_add(struct numbers *numbers, const int32_t *more, size_t count,
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

bool numbers_add_ids(struct numbers *numbers, const diffmm_scorer *scorer, diffmm_side side,
                     const json_t *ids, json_t *unknown, struct failure *failure)
{
    size_t count = json_array_size(ids), known = 0;
    int32_t *found = malloc((count + 1) * sizeof *found);
    if (!found)
        return refuse_memory(failure);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        json_t *id = json_array_get(ids, i);
        if (ranking_find(scorer, side, json_string_value(id), found + known) == DIFFMM_OK)
            known++;
        else
            good = json_array_append(unknown, id) == 0 || refuse_memory(failure);
    }
    good = good && numbers_add(numbers, found, known, failure);
    free(found);
    return good;
}

size_t ranking_default_count(size_t max_count)
{
    return DEFAULT_COUNT < max_count ? DEFAULT_COUNT : max_count;
}

static bool read_count(struct ranking *ranking, size_t max_count, const json_t *parameters,
                       struct failure *failure)
{
    const json_t *given = json_object_get(parameters, "count");
    json_int_t count =
        given ? json_integer_value(given) : (json_int_t)ranking_default_count(max_count);
    size_t there_are = ranking->side == DIFFMM_USERS ? diffmm_scorer_users(ranking->scorer)
                                                     : diffmm_scorer_items(ranking->scorer);
    if ((unsigned long long)count > max_count)
        return refuse(failure, 400, "'count' is %lld, but at most %zu are given", (long long)count,
                      max_count);
    ranking->wanted = (size_t)count < there_are ? (size_t)count : there_are;
    ranking->query.count = ranking->wanted;
    if (shaping_changes(&ranking->shaping))
        ranking->query.count =
            ranking->wanted < there_are / SHAPING_POOL ? ranking->wanted * SHAPING_POOL : there_are;
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

bool ranking_begin(struct ranking *ranking, const struct answering *answering,
                   const diffmm_scorer *scorer, diffmm_side side, const json_t *parameters,
                   struct failure *failure)
{
    *ranking = (struct ranking){.scorer = scorer, .side = side, .unknown = json_array()};
    ranking->query.struct_size = sizeof ranking->query;
    ranking->query.include_seen = json_is_true(json_object_get(parameters, "include_seen"));
    if (!ranking->unknown)
        return refuse_memory(failure);
    const json_t *candidates = json_object_get(parameters, "candidates"),
                 *exclude = json_object_get(parameters, "exclude");
    if (!shaping_read(&ranking->shaping, answering->store->groups, parameters, failure) ||
        !read_count(ranking, answering->max_count, parameters, failure) ||
        !read_min_score(ranking, parameters, failure) ||
        !numbers_add_ids(&ranking->exclude, scorer, side, exclude, ranking->unknown, failure) ||
        (candidates && !numbers_add_ids(&ranking->candidates, scorer, side, candidates,
                                        ranking->unknown, failure)))
        return false;
    ranking->hits = calloc(ranking->query.count, sizeof *ranking->hits);
    return ranking->hits || refuse_memory(failure);
}

void ranking_end(struct ranking *ranking)
{
    free(ranking->exclude.list);
    free(ranking->candidates.list);
    free(ranking->hits);
    json_decref(ranking->unknown);
}

const diffmm_query *ranking_query(struct ranking *ranking)
{
    ranking->query.exclude = ranking->exclude.list;
    ranking->query.exclude_count = ranking->exclude.count;
    ranking->query.candidates = ranking->candidates.list;
    ranking->query.candidate_count = ranking->candidates.count;
    return &ranking->query;
}

bool ranking_shape(struct ranking *ranking, int32_t user, struct failure *failure)
{
    return shaping_apply(&ranking->shaping, ranking->scorer, (uint32_t)user, ranking->wanted,
                         ranking->hits, &ranking->found, failure);
}

bool ranking_fall_back(struct ranking *ranking, struct failure *failure)
{
    diffmm_status status = diffmm_popular_items(ranking->scorer, ranking_query(ranking),
                                                ranking->hits, &ranking->found);
    if (status != DIFFMM_OK)
        return refuse_call(failure, status);
    if (ranking->found > ranking->wanted)
        ranking->found = ranking->wanted;
    return true;
}

void answer_unknown(struct answer *answer, const json_t *unknown)
{
    struct json_text *text = &answer->text;
    if (json_array_size(unknown) == 0)
        return;
    json_text_add(text, ",\"unknown\":[");
    for (size_t i = 0; i < json_array_size(unknown); i++) {
        json_text_add(text, i > 0 ? "," : "");
        json_text_add_string(text, json_string_value(json_array_get(unknown, i)));
    }
    json_text_add(text, "]");
}

static void write_hits(const struct ranking *ranking, const char *key, const char *id,
                       const char *fallback, struct answer *answer)
{
    struct json_text *text = &answer->text;
    json_text_add(text, "{");
    if (id) {
        json_text_add_string(text, key);
        json_text_add(text, ":");
        json_text_add_string(text, id);
        json_text_add(text, ",");
    }
    json_text_add(text, ranking->side == DIFFMM_USERS ? "\"users\":" : "\"items\":");
    hits_json_add(text, ranking->scorer, ranking->side, ranking->hits, ranking->found);
    json_text_add(text, fallback);
    answer_unknown(answer, ranking->unknown);
    json_text_add(text, "}");
    answer->hits = ranking->found;
}

bool ranking_answer(struct ranking *ranking, bool good, const char *key, const char *id,
                    struct answer *answer)
{
    if (good)
        write_hits(ranking, key, id, "", answer);
    ranking_end(ranking);
    return good;
}

bool ranking_answer_fallback(struct ranking *ranking, bool good, const char *id,
                             struct answer *answer)
{
    if (good)
        write_hits(ranking, "user", id, FALLBACK_MARK, answer);
    ranking_end(ranking);
    return good;
}
