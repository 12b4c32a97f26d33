/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether scores overflow. A score, and each partial sum of it, is at most the product of the norms
 * of its two rows (Cauchy and Schwarz), so that the largest norms decide for all scores. */
#ifndef DIFFMM_EVALUATION_SCORE_RANGE_H
#define DIFFMM_EVALUATION_SCORE_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/status.h>

/* The largest norms of users' and of items' rows. */
struct diffmm__norms {
    double user, item;
};

/* DIFFMM_ERROR_NUMERIC, in a message that begins with `name`, if a score of finite matrices users x
 * d and items x d could overflow. `norms` may be NULL. */
diffmm_status diffmm__score_range_check(const char *name, size_t users, size_t items, size_t d,
                                        const float *user_matrix, const float *item_matrix,
                                        struct diffmm__norms *norms);

/* Whether no score of an embedding overflows, given the largest norm of the rows. */
bool diffmm__score_range_holds(size_t d, const float *embedding, double row_norm);

#endif
