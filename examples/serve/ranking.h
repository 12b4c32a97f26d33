/* SPDX-License-Identifier: BSD-2-Clause */
/* What all rankings of the service have in common: restrictions, and hits as JSON. */
#ifndef DIFFMM_EXAMPLES_SERVE_RANKING_H
#define DIFFMM_EXAMPLES_SERVE_RANKING_H

#include <diffmm/diffmm.h>
#include <jansson.h>

#include "answering.h"
#include "common/hits_json.h"
#include "failure.h"
#include "shaping.h"

/* Stands in the answer, and in one for many users, after hits that are not a user's own. */
#define FALLBACK_MARK ",\"fallback\":\"popular\""

/* What goes back to the client. */
struct answer {
    struct json_text text; /* a JSON object */
    size_t hits;           /* in it */
};

/* A growing list of users or items by number. */
struct numbers {
    int32_t *list;
    size_t count;
};

bool numbers_add(struct numbers *numbers, const int32_t *more, size_t count,
                 struct failure *failure);

/* Look up a list of ids and add their numbers. Ids that the model does not know are skipped, and
 * added to the array `unknown`. */
bool numbers_add_ids(struct numbers *numbers, const diffmm_scorer *scorer, diffmm_side side,
                     const json_t *ids, json_t *unknown, struct failure *failure);

/* Write ,"unknown":[..] if there are any. */
void answer_unknown(struct answer *answer, const json_t *unknown);

/* One ranking: the query, room for hits, and ids that the model does not know. */
struct ranking {
    const diffmm_scorer *scorer;
    diffmm_side side; /* of the hits */
    diffmm_query query;
    struct shaping shaping;
    size_t wanted; /* hits of the answer; query.count is more where they are chosen from more */
    struct numbers exclude, candidates;
    diffmm_hit *hits;
    size_t found;
    json_t *unknown;
};

/* Read the parameters that every ranking has. The caller ends the ranking with ranking_answer(),
 * also if this fails. */
bool ranking_begin(struct ranking *ranking, const struct answering *answering,
                   const diffmm_scorer *scorer, diffmm_side side, const json_t *parameters,
                   struct failure *failure);

/* What `similarity` asks for. */
diffmm_similarity similarity_of(const json_t *parameters);

/* How many hits a request gets that does not say how many. */
size_t ranking_default_count(size_t max_count);

/* Look up an id. */
diffmm_status ranking_find(const diffmm_scorer *scorer, diffmm_side side, const char *id,
                           int32_t *number);

/* The query, when all lists are complete. */
const diffmm_query *ranking_query(struct ranking *ranking);

/* Choose the hits of the answer, for a user's number or DIFFMM_NEW_USER. */
bool ranking_shape(struct ranking *ranking, int32_t user, struct failure *failure);

/* The most popular items, for a user whom the model does not know. */
bool ranking_fall_back(struct ranking *ranking, struct failure *failure);

void ranking_end(struct ranking *ranking);

/* End the ranking, and make the answer:
 *
 *     {"user": "7", "items": [{"item": "12", "score": 3.25}, ..], "unknown": ["13"]}
 *
 * It begins with `key` and `id` unless `id` is NULL, and has "unknown" only if the request named
 * unknown ids. Where `good` is false, nothing is written. Returns `good`. */
bool ranking_answer(struct ranking *ranking, bool good, const char *key, const char *id,
                    struct answer *answer);

/* The same with "fallback":"popular" in it. */
bool ranking_answer_fallback(struct ranking *ranking, bool good, const char *id,
                             struct answer *answer);

#endif
