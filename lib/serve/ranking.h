/* SPDX-License-Identifier: BSD-2-Clause */
/* Rankings under a query plan. */
#ifndef DIFFMM_SERVE_RANKING_H
#define DIFFMM_SERVE_RANKING_H

#include "linalg/topk.h"
#include "serve/query_plan.h"

enum {
    DIFFMM__BLOCK = 30,    /* users that share a tile of items while it is in the cache */
    DIFFMM__TILE = 18 * 16 /* items of a tile: 18 panels */
};

/* Scores of `count` numbers: numbers[0] .., or first .. first + count - 1 where that is NULL. */
typedef void (*diffmm__score_function)(const void *source, size_t first, const int32_t *numbers,
                                       size_t count, float *scores);

/* One ranking under way: by `score` or, where that is NULL, of items by `vector`. */
struct diffmm__ranking {
    struct diffmm__topk topk;
    const float *vector;            /* d floats */
    const int32_t *seen, *seen_end; /* numbers left out besides the query's, ascending */
    diffmm__score_function score;
    const void *source;
    int32_t user; /* the user that query->filter is asked about */
    bool cosine;  /* score is the cosine of `vector` with a row, not their product */
};

/* What the caller of a single ranking gives; none may be NULL. */
diffmm_status diffmm__ranking_check(const diffmm_scorer *scorer, const diffmm_query *query,
                                    const diffmm_hit *hits, const size_t *found);

/* A ranking that leaves out nothing but what the query says, made in `hits`. */
struct diffmm__ranking diffmm__ranking_of(const struct diffmm__query_plan *plan,
                                          const float *vector, diffmm_hit *hits);

/* A user's own ranking, without what counts as seen unless the query wants it. */
struct diffmm__ranking diffmm__ranking_of_user(const struct diffmm__query_plan *plan, int32_t user,
                                               diffmm_hit *hits);

/* Up to DIFFMM__BLOCK rankings at once. Fails only if query->filter does. */
diffmm_status diffmm__ranking_run(const struct diffmm__query_plan *plan, size_t count,
                                  struct diffmm__ranking *rankings);

/* One ranking of the numbers from `begin`, a multiple of DIFFMM__TILE, to `end` alone. */
diffmm_status diffmm__ranking_run_stretch(const struct diffmm__query_plan *plan, size_t begin,
                                          size_t end, struct diffmm__ranking *ranking);

#endif
