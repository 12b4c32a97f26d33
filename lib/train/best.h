/* SPDX-License-Identifier: BSD-2-Clause */
/* The best epoch so far: its metrics and a copy of its recommender. */
#ifndef DIFFMM_TRAIN_BEST_H
#define DIFFMM_TRAIN_BEST_H

#include <diffmm/metrics.h>

#include "base/memory.h"
#include "model/model.h"

struct diffmm__best {
    struct diffmm__arena arena;
    size_t epoch; /* 0: none yet */
    double score;
    float *values; /* parameters, final embeddings, and what serving takes from a forward pass */
    diffmm_metrics *valid, *test; /* per cutoff */
};

diffmm_status diffmm__best_create(const diffmm_model *model, size_t cutoffs,
                                  struct diffmm__best *out);
void diffmm__best_end(struct diffmm__best *best);

/* Name an epoch the best, with its metrics; its values are the caller's to fill in. */
void diffmm__best_name(struct diffmm__best *best, const diffmm_model *model, size_t epoch,
                       size_t cutoffs, const diffmm_metrics *valid, const diffmm_metrics *test);

/* Take an epoch's results: kept if better, by Recall at the first cutoff on the validation split
 * (on the test split where the option `select` says so, or there is no validation). With nothing
 * held out to judge by, the last epoch is the best. */
void diffmm__best_offer(struct diffmm__best *best, const diffmm_model *model, size_t epoch,
                        size_t cutoffs, const diffmm_metrics *valid, const diffmm_metrics *test);

/* Whether validation has not improved for `patience` epochs. */
bool diffmm__best_is_stale(const struct diffmm__best *best, size_t epoch, size_t patience);

/* Put the copy back into the model. */
void diffmm__best_restore(const struct diffmm__best *best, diffmm_model *model);

#endif
