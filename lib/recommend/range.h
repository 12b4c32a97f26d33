/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether scores can be computed at all. */
#ifndef DIFFMM_RECOMMEND_RANGE_H
#define DIFFMM_RECOMMEND_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/status.h>

/* The largest norms of users' and of items' rows. */
struct diffmm__norms {
    double user, item;
};

/* DIFFMM_ERROR_NUMERIC, in a message that begins with `name`, if a score of finite matrices users x
 * d and items x d could overflow. A score, and each part of its sum, is at most the product of the
 * norms of its two rows (Cauchy and Schwarz): the largest norms decide for all. */
diffmm_status diffmm__check_range(const char *name, size_t users, size_t items, size_t d,
                                  const float *user_matrix, const float *item_matrix,
                                  struct diffmm__norms *norms);

/* Whether no product of an embedding and a row overflows, given the largest norm of the rows. */
bool diffmm__in_range(size_t d, const float *embedding, double row_norm);

#endif
