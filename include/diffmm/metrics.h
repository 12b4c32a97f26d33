/* SPDX-License-Identifier: BSD-2-Clause */
/** @file metrics.h
 *  Ranking metrics: Recall, Precision and NDCG at a cutoff K.
 *
 *  DIFFMM_ERROR_STATE for a data set that is not sealed; DIFFMM_ERROR_NUMERIC for embeddings that
 *  are not finite.
 *
 *  Context and threads: the context may be NULL; any thread at any time, on arrays that no other
 *  thread writes. */
#ifndef DIFFMM_METRICS_H
#define DIFFMM_METRICS_H

#include <diffmm/dataset.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Metrics at one cutoff, each the mean over `users` users. This struct never changes. */
typedef struct diffmm_metrics {
    size_t cutoff;    /**< K */
    size_t users;     /**< users with at least one held-out item; a trainer counts those who have a
                       *   training interaction */
    double recall;    /**< hits / held-out items */
    double precision; /**< hits / K */
    /** DCG / ideal DCG: DCG is the sum of 1 / log2(rank + 2) over hits, rank from 0; ideal DCG is
     *  that of min(held-out, K) hits at the first ranks. */
    double ndcg;
} diffmm_metrics;

/** The largest scores, ties by lower index, never NaN.
 *  @param score_count    size of scores
 *  @param scores         in any order
 *  @param exclude_count  size of exclude
 *  @param exclude        indices that are left out, ascending, perhaps repeated; NULL if none
 *  @param count          how many are wanted; 0 finds none
 *  @param indices        room for `count`
 *  @param values         room for `count`, or NULL
 *  @param found          how many were written, largest first: min(count, what is left) */
DIFFMM_API diffmm_status diffmm_top_k(size_t score_count, const float *scores, size_t exclude_count,
                                      const int32_t *exclude, size_t count, int32_t *indices,
                                      float *values, size_t *found);

/** Metrics of one user.
 *  @param ranked_count  size of ranked, which may be more or fewer than K
 *  @param ranked        items, best first: numbers from 0. An item that comes twice is
 *                       DIFFMM_ERROR_INVALID_ARGUMENT, also beyond the first K
 *  @param held_count    size of held, at least 1
 *  @param held          held-out items: numbers from 0, ascending; repeated ones count once
 *  @param cutoff        K, at least 1
 *  @param out           with users = 1 */
DIFFMM_API diffmm_status diffmm_ranking_metrics(size_t ranked_count, const int32_t *ranked,
                                                size_t held_count, const int32_t *held,
                                                size_t cutoff, diffmm_metrics *out);

/** What diffmm_evaluate_with() reads and writes. */
typedef struct diffmm_evaluate_arguments {
    size_t struct_size;       /**< as for diffmm_context_settings */
    diffmm_split split;       /**< DIFFMM_VALID or DIFFMM_TEST */
    size_t d;                 /**< columns of both matrices, at least 1 */
    const float *user_matrix; /**< users x d, finite */
    const float *item_matrix; /**< items x d, finite */
    size_t cutoff_count;      /**< size of cutoffs and out, at least 1 */
    const size_t *cutoffs;    /**< values of K, each at least 1, in any order, perhaps repeated */
    diffmm_metrics *out;      /**< receives one result for each cutoff */
    int32_t known_users;      /**< non-zero: leave cold users out, who have no training interaction,
                               *   as a trainer's metrics do */
    int32_t reserved;         /**< 0 */
    size_t users;             /**< how many of the users who count are evaluated, drawn by the seed:
                               *   for many users and items a sample will do; 0: all */
    uint64_t seed;            /**< of that draw: the same seed takes the same users */
} diffmm_evaluate_arguments;

/** All-ranking evaluation of embeddings whose dot product is the score: every item that is not in
 *  the user's training row is ranked, and users with at least one item in `split` count; cold ones
 *  too, of whose taste nothing is known, unless `known_users` is set. No matrix of users x items is made. Popularity, for example, is d = 1 with all users 1 and each item its
 *  number of interactions.
 *  @param context    or NULL
 *  @param dataset    sealed
 *  @param arguments  borrowed, with every array in it */
DIFFMM_API diffmm_status diffmm_evaluate_with(diffmm_context *context,
                                              const diffmm_dataset *dataset,
                                              const diffmm_evaluate_arguments *arguments);

/** diffmm_evaluate_with(), one argument after the other. */
DIFFMM_API diffmm_status diffmm_evaluate(diffmm_context *context, const diffmm_dataset *dataset,
                                         diffmm_split split, size_t d, const float *user_matrix,
                                         const float *item_matrix, size_t cutoff_count,
                                         const size_t *cutoffs, diffmm_metrics *out);

#ifdef __cplusplus
}
#endif
#endif
