/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the unit `recommend`, and for the trainer: evaluation that ranks once for both splits. */
#ifndef DIFFMM_RECOMMEND_EVALUATE_H
#define DIFFMM_RECOMMEND_EVALUATE_H

#include <stdbool.h>

#include <diffmm/metrics.h>

#include "linalg/topk.h"

struct diffmm__user_metrics {
    double recall, precision, ndcg;
};

/* Metrics of one user at one cutoff; `ranked` is of distinct items, `held` ascending, without
 * repetition, and not empty. */
void diffmm__user_metrics(size_t ranked_count, const struct diffmm__ranked *ranked,
                          size_t held_count, const int32_t *held, size_t cutoff,
                          struct diffmm__user_metrics *out);

/* An evaluation that may be run again and again: one ranking for whichever of the two splits are
 * wanted. Arguments as for diffmm_evaluate(), sound; borrowed until it ends. */
struct diffmm__evaluation;
diffmm_status diffmm__evaluation_create(const diffmm_context *context,
                                        const diffmm_dataset *dataset, size_t d,
                                        size_t cutoff_count, const size_t *cutoffs, bool valid,
                                        bool test, struct diffmm__evaluation **out);
void diffmm__evaluation_destroy(struct diffmm__evaluation *evaluation);

/* What diffmm__evaluation_create will allocate where `active` users have something held out. */
size_t diffmm__evaluation_bytes(size_t active, size_t items, size_t d, size_t cutoff_count,
                                const size_t *cutoffs, size_t threads);

/* The smallest cutoff at which a user with something held out has no more items left to rank than
 * fit, so that the user's Recall there is the same whatever the model; how many users it is so for,
 * and how many there are. 0 where no cutoff reaches so far. */
struct diffmm__saturation {
    size_t cutoff, users, of;
};
struct diffmm__saturation
diffmm__evaluation_saturation(const struct diffmm__evaluation *evaluation);

/* `valid` and `test` receive cutoff_count results each, the same bits as split by split; one that
 * is not wanted is left alone. The matrices are finite. */
void diffmm__evaluation_run(struct diffmm__evaluation *evaluation, const float *user_matrix,
                            const float *item_matrix, diffmm_metrics *valid, diffmm_metrics *test);

#endif
