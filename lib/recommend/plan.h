/* SPDX-License-Identifier: BSD-2-Clause */
/* A query, checked and prepared once, and the rankings made under it. What is ranked is items, or
 * users where users are compared with users; a ranked row is called by its number. */
#ifndef DIFFMM_RECOMMEND_PLAN_H
#define DIFFMM_RECOMMEND_PLAN_H

#include "base/handle.h"
#include "linalg/kernels.h"
#include "linalg/topk.h"
#include "recommend/list.h"
#include "recommend/scorer.h"

enum {
    DIFFMM__BLOCK = 30,    /* users that share a tile of items while it is in the cache */
    DIFFMM__TILE = 18 * 16 /* items of a tile: 18 panels */
};

struct diffmm__plan {
    struct diffmm__call call;
    const diffmm_scorer *scorer;
    const struct diffmm__vector_kernels *kernels;
    diffmm_query query;
    size_t total;    /* how many numbers there are */
    size_t capacity; /* of a ranking */
    struct diffmm__list exclude, candidates;
};

/* One ranking under way. */
struct diffmm__ranking {
    struct diffmm__topk topk;
    int32_t user;                   /* whom query->filter is told of */
    const float *vector;            /* d floats */
    const int32_t *seen, *seen_end; /* numbers left out besides the query's, ascending */
};

/* Check a caller's query over `total` numbers called `what` ("items", "users") and prepare it;
 * diffmm__plan_end() afterwards, on failure too: until then the scorer is held, where its host may
 * be called. (Elsewhere not, so that threads that serve write to no memory that they share.) */
diffmm_status diffmm__plan_begin(struct diffmm__plan *plan, const diffmm_scorer *scorer,
                                 size_t total, const char *what, const diffmm_query *query);
void diffmm__plan_end(struct diffmm__plan *plan);

/* Rank all items for up to DIFFMM__BLOCK vectors at once, or each for the query's candidates.
 * Fails only if query->filter does. */
diffmm_status diffmm__rank(const struct diffmm__plan *plan, size_t count,
                           struct diffmm__ranking *rankings);

/* Scores of `count` numbers: numbers[0] .., or first .. first + count - 1 where that is NULL. */
typedef void (*diffmm__score_function)(const void *source, size_t first, const int32_t *numbers,
                                       size_t count, float *scores);

/* Rank by any score. */
diffmm_status diffmm__rank_by(const struct diffmm__plan *plan, struct diffmm__ranking *ranking,
                              diffmm__score_function score, const void *source);

/* filter.c: make NAN of the scores that query->allowed or query->filter refuse, of those that may
 * still enter the ranking. Numbers as for diffmm__score_function, at most DIFFMM__TILE. */
diffmm_status diffmm__filter(const struct diffmm__plan *plan, const struct diffmm__ranking *ranking,
                             size_t first, const int32_t *numbers, size_t count, float *scores);

#endif
