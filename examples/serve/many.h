/* SPDX-License-Identifier: BSD-2-Clause */
/* One request for many users. */
#ifndef DIFFMM_EXAMPLES_SERVE_MANY_H
#define DIFFMM_EXAMPLES_SERVE_MANY_H

#include "ranking.h"

/* So many times the hits that an answer for one user may have. */
enum { MANY_USERS = 100 };

/* Rank for all of `users`, ids, and answer in their order:
 *
 *     {"users":[{"user":"7","items":[..]},{"user":"x","error":"there is no such user"}, ..]}
 *
 * With `fallback`, users whom the model does not know get the most popular items, marked. Ends the
 * ranking, which has been begun if `good`. */
bool many_answer(struct ranking *ranking, bool good, size_t max_count, const json_t *users,
                 bool fallback, struct answer *answer, struct failure *failure);

#endif
