/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranking metrics of one user. */
#ifndef DIFFMM_EVALUATION_METRICS_H
#define DIFFMM_EVALUATION_METRICS_H

#include <diffmm/metrics.h>

#include "linalg/topk.h"

struct diffmm__user_metrics {
    double recall, precision, ndcg;
};

/* With the hits of the first K of the ranking, each at a rank from 0,
 *
 *     Recall    = hits / held-out items
 *     Precision = hits / K
 *     NDCG      = DCG / (the DCG of min(held-out items, K) hits at the first ranks)
 *     DCG       = sum over hits of 1 / log2(rank + 2)
 *
 * `ranked` has distinct items; `held` is ascending, without repetition, and not empty. */
void diffmm__metrics_of_user(size_t ranked_count, const struct diffmm__ranked *ranked,
                             size_t held_count, const int32_t *held, size_t cutoff,
                             struct diffmm__user_metrics *out);

#endif
