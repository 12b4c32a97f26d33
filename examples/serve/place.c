/* SPDX-License-Identifier: BSD-2-Clause */
#include "place.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NEW_ITEMS = 100 };

/* The new items of a request. */
struct newcomers {
    const diffmm_placer *placer;
    size_t count;
    float *values;          /* of all features */
    const float **features; /* as diffmm_place_items() takes them */
    float *rows;
    char (*names)[40];
    const char **ids;
    int32_t *numbers;        /* in the larger scorer */
    float *scores;           /* of the user */
    diffmm_scorer *extended; /* the model with the new items */
};

static size_t values_of_one(const diffmm_placer *placer)
{
    size_t values = 0;
    for (size_t m = 0; m < diffmm_placer_modalities(placer); m++)
        values += diffmm_placer_modality_dimensions(placer, m);
    return values;
}

static bool newcomers_begin(struct newcomers *newcomers, const diffmm_placer *placer, size_t count,
                            struct failure *failure)
{
    *newcomers = (struct newcomers){
        .placer = placer,
        .count = count,
        .values = calloc(count * values_of_one(placer) + 1, sizeof *newcomers->values),
        .features =
            calloc(count * diffmm_placer_modalities(placer) + 1, sizeof *newcomers->features),
        .rows = calloc(count * diffmm_placer_dimensions(placer) + 1, sizeof *newcomers->rows),
        .names = calloc(count, sizeof *newcomers->names),
        .ids = calloc(count, sizeof *newcomers->ids),
        .numbers = calloc(count, sizeof *newcomers->numbers),
        .scores = calloc(count, sizeof *newcomers->scores)};
    return (newcomers->values && newcomers->features && newcomers->rows && newcomers->names &&
            newcomers->ids && newcomers->numbers && newcomers->scores) ||
           refuse_memory(failure);
}

static void newcomers_end(struct newcomers *newcomers)
{
    diffmm_scorer_destroy(newcomers->extended);
    free(newcomers->values);
    free(newcomers->features);
    free(newcomers->rows);
    free(newcomers->names);
    free(newcomers->ids);
    free(newcomers->numbers);
    free(newcomers->scores);
}

static bool refuse_modality(const struct newcomers *newcomers, size_t item, const char *name,
                            struct failure *failure)
{
    char known[400] = "";
    size_t length = 0;
    for (size_t m = 0; m < diffmm_placer_modalities(newcomers->placer) && length < sizeof known;
         m++)
        length += (size_t)snprintf(known + length, sizeof known - length, "%s%s", m > 0 ? ", " : "",
                                   diffmm_placer_modality_name(newcomers->placer, m));
    return refuse(failure, 400, "new item %zu: there is no modality '%.64s', only: %s", item, name,
                  known);
}

/* Read the features of one modality. `value` has room for them. */
static bool read_modality(const struct newcomers *newcomers, size_t item, size_t modality,
                          const json_t *list, float *values, struct failure *failure)
{
    const char *name = diffmm_placer_modality_name(newcomers->placer, modality);
    size_t width = diffmm_placer_modality_dimensions(newcomers->placer, modality);
    if (!json_is_array(list))
        return refuse(failure, 400, "new item %zu: the features of '%.64s' are not a list", item,
                      name);
    if (json_array_size(list) != width)
        return refuse(failure, 400, "new item %zu: '%.64s' has %zu features, not %zu", item, name,
                      width, json_array_size(list));
    for (size_t f = 0; f < width; f++) {
        const json_t *value = json_array_get(list, f);
        values[f] = json_is_number(value) ? (float)json_number_value(value) : NAN;
        if (!isfinite(values[f]))
            return refuse(failure, 400,
                          "new item %zu: feature %zu of '%.64s' is not a number that a float holds",
                          item, f, name);
    }
    return true;
}

static bool find_modality(const diffmm_placer *placer, const char *name, size_t *modality,
                          size_t *first)
{
    *first = 0;
    for (*modality = 0; *modality < diffmm_placer_modalities(placer); ++*modality) {
        if (strcmp(diffmm_placer_modality_name(placer, *modality), name) == 0)
            return true;
        *first += diffmm_placer_modality_dimensions(placer, *modality);
    }
    return false;
}

/* Read one new item, {"features": {..}}. */
static bool read_item(struct newcomers *newcomers, size_t item, json_t *object,
                      struct failure *failure)
{
    json_t *features = json_object_get(object, "features");
    if (json_object_size(features) == 0 || json_object_size(object) != 1)
        return refuse(failure, 400,
                      "new item %zu must have 'features', an object of at least one modality, and "
                      "nothing else",
                      item);
    for (void *at = json_object_iter(features); at; at = json_object_iter_next(features, at)) {
        const char *name = json_object_iter_key(at);
        size_t modality, first;
        if (!find_modality(newcomers->placer, name, &modality, &first))
            return refuse_modality(newcomers, item, name, failure);
        float *values = newcomers->values + values_of_one(newcomers->placer) * item + first;
        if (!read_modality(newcomers, item, modality, json_object_iter_value(at), values, failure))
            return false;
        newcomers->features[item * diffmm_placer_modalities(newcomers->placer) + modality] = values;
    }
    return true;
}

/* Ids for the new items that no item has. */
static void name_items(struct newcomers *newcomers, const diffmm_scorer *scorer)
{
    int32_t known;
    size_t next = 0;
    for (size_t i = 0; i < newcomers->count; i++) {
        do
            snprintf(newcomers->names[i], sizeof newcomers->names[i], "new item %zu", next++);
        while (diffmm_scorer_find_item(scorer, newcomers->names[i], &known) == DIFFMM_OK);
        newcomers->ids[i] = newcomers->names[i];
        newcomers->numbers[i] = (int32_t)(diffmm_scorer_items(scorer) + i);
    }
}

/* Place them, and make a scorer that knows them. */
static bool extend(struct newcomers *newcomers, const diffmm_scorer *scorer,
                   const json_t *parameters, struct failure *failure)
{
    const json_t *boost = json_object_get(parameters, "boost");
    name_items(newcomers, scorer);
    diffmm_status status =
        diffmm_place_items(newcomers->placer, newcomers->count, newcomers->features,
                           boost ? json_number_value(boost) : 1.0, newcomers->rows);
    /* What is wrong with these numbers comes from the client's. */
    if (status == DIFFMM_ERROR_NUMERIC)
        return refuse(failure, 400, "%s", diffmm_error_message());
    if (status == DIFFMM_OK)
        status = diffmm_scorer_extend(scorer, newcomers->count, newcomers->ids, newcomers->rows,
                                      &newcomers->extended);
    if (status == DIFFMM_ERROR_NUMERIC)
        return refuse(failure, 400, "%s", diffmm_error_message());
    return status == DIFFMM_OK || refuse_call(failure, status);
}

static bool score(const struct newcomers *newcomers, const char *id, struct failure *failure)
{
    int32_t user;
    diffmm_status status = diffmm_scorer_find_user(newcomers->extended, id, &user);
    if (status == DIFFMM_OK)
        status = diffmm_score(newcomers->extended, user, newcomers->count, newcomers->numbers,
                              newcomers->scores);
    return status == DIFFMM_OK || refuse_call(failure, status);
}

static bool add_item(const struct newcomers *newcomers, size_t item, bool scored,
                     diffmm_similarity similarity, struct ranking *ranking, struct answer *answer,
                     struct failure *failure)
{
    struct json_text *text = &answer->text;
    diffmm_status status =
        diffmm_similar_items(newcomers->extended, newcomers->numbers[item], similarity,
                             ranking_query(ranking), ranking->hits, &ranking->found);
    if (status != DIFFMM_OK)
        return refuse_call(failure, status);
    json_text_add(text, item > 0 ? ",{" : "{");
    if (scored) {
        json_text_add(text, "\"score\":");
        json_text_add_float(text, newcomers->scores[item]);
        json_text_add(text, ",");
    }
    json_text_add(text, "\"items\":");
    hits_json_add(text, newcomers->extended, DIFFMM_ITEMS, ranking->hits, ranking->found);
    json_text_add(text, "}");
    answer->hits += ranking->found;
    return true;
}

/* Known items alone are answered with: the new ones are excluded. */
static bool add_items(const struct newcomers *newcomers, const char *user,
                      const struct answering *answering, const json_t *parameters,
                      struct answer *answer, struct failure *failure)
{
    struct ranking ranking;
    bool good = ranking_begin(&ranking, answering, newcomers->extended, DIFFMM_ITEMS, parameters,
                              failure) &&
                numbers_add(&ranking.exclude, newcomers->numbers, newcomers->count, failure);
    json_text_add(&answer->text, "{");
    if (user) {
        json_text_add(&answer->text, "\"user\":");
        json_text_add_string(&answer->text, user);
        json_text_add(&answer->text, ",");
    }
    json_text_add(&answer->text, "\"new_items\":[");
    for (size_t i = 0; i < newcomers->count && good; i++)
        good = add_item(newcomers, i, user != NULL, similarity_of(parameters), &ranking, answer,
                        failure);
    json_text_add(&answer->text, "]");
    answer_unknown(answer, ranking.unknown);
    json_text_add(&answer->text, "}");
    ranking_end(&ranking);
    return good;
}

bool place(const struct answering *answering, const struct served *model, const json_t *parameters,
           struct answer *answer, struct failure *failure)
{
    const json_t *items = json_object_get(parameters, "new_items");
    const char *user = json_string_value(json_object_get(parameters, "user"));
    size_t count = json_array_size(items);
    struct newcomers newcomers;
    if (!model->placer)
        return refuse(failure, 404, "the service has no mapping that places items (--placer)");
    if (count == 0)
        return refuse(failure, 400, "'new_items' is missing or empty");
    if (count > MOST_NEW_ITEMS)
        return refuse(failure, 400, "%zu new items are too many: at most %d are placed at once",
                      count, MOST_NEW_ITEMS);
    bool good = newcomers_begin(&newcomers, model->placer, count, failure);
    for (size_t i = 0; i < count && good; i++)
        good = read_item(&newcomers, i, json_array_get(items, i), failure);
    good = good && extend(&newcomers, model->scorer, parameters, failure) &&
           (!user || score(&newcomers, user, failure)) &&
           add_items(&newcomers, user, answering, parameters, answer, failure);
    newcomers_end(&newcomers);
    return good;
}
