/* SPDX-License-Identifier: BSD-2-Clause */
/** @file metrics.h
 *  Ranking metrics: Recall, Precision and NDCG at a cutoff K. */
#ifndef DIFFMM_METRICS_H
#define DIFFMM_METRICS_H

#include <diffmm/dataset.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Metrics at one cutoff, each the mean over `users` users. This struct never changes. */
typedef struct diffmm_metrics {
    size_t cutoff;    /**< K */
    size_t users;     /**< users with at least one held-out item */
    double recall;    /**< hits / held-out items */
    double precision; /**< hits / K */
    double ndcg;      /**< sum 1/log2(rank + 2) over hits / the same sum for min(held-out, K) perfect hits */
} diffmm_metrics;

/** The largest scores, ties by lower index.
 *  @param exclude  `exclude_count` indices that are left out, ascending; may be NULL
 *  @param indices,values  room for `count` each; values may be NULL
 *  @param found    how many were written, largest first: min(count, what is left). NaN never. */
DIFFMM_API diffmm_status diffmm_top_k(size_t score_count, const float *scores, size_t exclude_count,
                                      const int32_t *exclude, size_t count, int32_t *indices,
                                      float *values, size_t *found);

/** Metrics of one user.
 *  @param ranked  `ranked_count` items, best first
 *  @param held    `held_count` held-out items, ascending, at least 1
 *  @param out     with users = 1 */
DIFFMM_API diffmm_status diffmm_ranking_metrics(size_t ranked_count, const int32_t *ranked,
                                                size_t held_count, const int32_t *held,
                                                size_t cutoff, diffmm_metrics *out);

/** All-ranking evaluation of embeddings whose dot product is the score: every item not in the
 *  user's training row is ranked; users with at least one item in `split` count. Holds no users x
 *  items matrix.
 *  @param dataset  sealed
 *  @param split    DIFFMM_VALID or DIFFMM_TEST
 *  @param user_matrix,item_matrix  users x d, items x d
 *  @param cutoffs  `cutoff_count` values of K, each at least 1
 *  @param out      `cutoff_count` results
 *  Popularity, for example, is d = 1 with all users 1 and items their number of interactions. */
DIFFMM_API diffmm_status diffmm_evaluate(diffmm_context *context, const diffmm_dataset *dataset,
                                         diffmm_split split, size_t d, const float *user_matrix,
                                         const float *item_matrix, size_t cutoff_count,
                                         const size_t *cutoffs, diffmm_metrics *out);

#ifdef __cplusplus
}
#endif
#endif
