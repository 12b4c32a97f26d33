/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether scores can be computed at all. */
#ifndef DIFFMM_RECOMMEND_RANGE_H
#define DIFFMM_RECOMMEND_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include <diffmm/status.h>

/* DIFFMM_ERROR_NUMERIC, in a message that begins with `name`, if a score of finite matrices users x
 * d and items x d could overflow. A score, and each part of its sum, is at most the product of the
 * norms of its two rows (Cauchy and Schwarz): the largest norms decide for all. `item_norm`, the
 * items' largest, may be NULL. */
diffmm_status diffmm__check_range(const char *name, size_t users, size_t items, size_t d,
                                  const float *user_matrix, const float *item_matrix,
                                  double *item_norm);

/* The same of one embedding, with the items' largest norm. */
bool diffmm__in_range(size_t d, const float *embedding, double item_norm);

#endif
