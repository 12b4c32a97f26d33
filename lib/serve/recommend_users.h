/* SPDX-License-Identifier: BSD-2-Clause */
/* Rankings of many users under one query plan. */
#ifndef DIFFMM_SERVE_RECOMMEND_USERS_H
#define DIFFMM_SERVE_RECOMMEND_USERS_H

#include "serve/query_plan.h"

/* Whether there are such users; NULL: 0 .. count - 1. */
diffmm_status diffmm__recommend_users_check(const diffmm_scorer *scorer, size_t count,
                                            const int32_t *users);

/* Rank for users[0 .. count-1] (NULL: first .. first + count - 1) into rows of hits `stride` apart:
 * on the context's threads, or on the calling one alone where the query has a filter. Allocates
 * nothing. After a failure, some rows have been written. */
diffmm_status diffmm__recommend_users_into(const struct diffmm__query_plan *plan, size_t count,
                                           size_t first, const int32_t *users, diffmm_hit *hits,
                                           size_t stride, size_t *found);

#endif
