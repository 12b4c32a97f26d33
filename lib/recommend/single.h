/* SPDX-License-Identifier: BSD-2-Clause */
/* One ranking, from the caller's arguments to the caller's hits. */
#ifndef DIFFMM_RECOMMEND_SINGLE_H
#define DIFFMM_RECOMMEND_SINGLE_H

#include "recommend/plan.h"

/* None is NULL. */
diffmm_status diffmm__single_check(const diffmm_scorer *scorer, const diffmm_query *query,
                                   const diffmm_hit *hits, const size_t *found);

/* A ranking that leaves out nothing but what the query says, made in `hits`. */
struct diffmm__ranking diffmm__ranking_of(const struct diffmm__plan *plan, const float *vector,
                                          diffmm_hit *hits);

/* A user's own ranking, without the training row unless the query wants it. */
struct diffmm__ranking diffmm__ranking_of_user(const struct diffmm__plan *plan, int32_t user,
                                               diffmm_hit *hits);

/* Rank, by `score` or, where that is NULL, items by ranking->vector. */
diffmm_status diffmm__single(const struct diffmm__plan *plan, struct diffmm__ranking *ranking,
                             diffmm__score_function score, const void *source, diffmm_hit *hits,
                             size_t *found);

#endif
