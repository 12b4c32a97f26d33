/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether scores can be computed at all. */
#ifndef DIFFMM_RECOMMEND_RANGE_H
#define DIFFMM_RECOMMEND_RANGE_H

#include <stddef.h>

#include <diffmm/status.h>

/* DIFFMM_ERROR_NUMERIC, in a message that begins with `name`, if a score of finite matrices users x
 * d and items x d could overflow. A score, and each part of its sum, is at most the product of the
 * norms of its two rows (Cauchy and Schwarz): the largest norms decide for all. */
diffmm_status diffmm__check_range(const char *name, size_t users, size_t items, size_t d,
                                  const float *user_matrix, const float *item_matrix);

#endif
