/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the unit `recommend`, and for the trainer: evaluation that ranks once for both splits. */
#ifndef DIFFMM_RECOMMEND_EVALUATE_H
#define DIFFMM_RECOMMEND_EVALUATE_H

#include <diffmm/metrics.h>

#include "linalg/topk.h"

struct diffmm__user_metrics {
    double recall, precision, ndcg;
};

/* Metrics of one user at one cutoff; `held` is ascending and not empty. */
void diffmm__user_metrics(size_t ranked_count, const struct diffmm__ranked *ranked,
                          size_t held_count, const int32_t *held, size_t cutoff,
                          struct diffmm__user_metrics *out);

/* As diffmm_evaluate(), for both splits at once. `valid` and `test` have cutoff_count results each;
 * either may be NULL. The same bits as split by split. */
diffmm_status diffmm__evaluate(const diffmm_context *context, const diffmm_dataset *dataset,
                               size_t d, const float *user_matrix, const float *item_matrix,
                               size_t cutoff_count, const size_t *cutoffs, diffmm_metrics *valid,
                               diffmm_metrics *test);

#endif
