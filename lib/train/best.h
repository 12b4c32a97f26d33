/* SPDX-License-Identifier: BSD-2-Clause */
/* The best epoch so far: its metrics and a copy of its recommender. */
#ifndef DIFFMM_TRAIN_BEST_H
#define DIFFMM_TRAIN_BEST_H

#include <diffmm/metrics.h>

#include "base/memory.h"
#include "model/model.h"

struct diffmm__best {
    struct diffmm__arena arena;
    size_t epoch;                 /* 0: none yet */
    double loss;                  /* its training loss; -infinity where that is not known */
    float *values;                /* of all arrays that are kept, one after the other */
    diffmm_metrics *valid, *test; /* per cutoff */
};

/* An array that is kept of the best epoch, as it lies in the model: every recommender parameter,
 * the final embeddings, with a blend the users' rows that are served, and what the forward pass left for serving (model/fold_in_state.h), each
 * modality's Xn_m (content) and V (aggregated). Names are those of a training checkpoint. */
struct diffmm__kept {
    char name[128];
    size_t rows, columns;
    size_t user_rows; /* of users, before the others: a divided model has some of them */
    float *values;
};
size_t diffmm__kept_count(const diffmm_model *model);
struct diffmm__kept diffmm__kept_at(const diffmm_model *model, size_t index);

diffmm_status diffmm__best_create(const diffmm_model *model, size_t cutoffs,
                                  struct diffmm__best *out);
/* What diffmm__best_create will allocate for `count` floats that are kept. */
size_t diffmm__best_bytes(size_t count, size_t cutoffs);
void diffmm__best_end(struct diffmm__best *best);

/* What an epoch is chosen by: metrics per cutoff, and the training loss. */
struct diffmm__results {
    size_t cutoffs;
    const diffmm_metrics *valid, *test;
    double loss;
};

/* Records an epoch as the best, with its results. The caller fills in its values. */
void diffmm__best_name(struct diffmm__best *best, size_t epoch,
                       const struct diffmm__results *results);

/* Offers an epoch's results. It is kept if it is better, by Recall at the first cutoff on the
 * validation split (on the test split where the option `select` says so; on the other one where
 * that has no users);
 * where that is equal, by NDCG there, then by Recall and NDCG at each further cutoff in turn, then
 * by the training loss, the lower the better; the first of equal epochs stays. NaN is worse than
 * any number. With nothing held out to judge by, the last epoch is the best. */
void diffmm__best_offer(struct diffmm__best *best, const diffmm_model *model, size_t epoch,
                        const struct diffmm__results *results);

/* Whether no epoch has been better for `patience` epochs. */
bool diffmm__best_is_stale(const struct diffmm__best *best, size_t epoch, size_t patience);

/* Put the copy back into the model. */
void diffmm__best_restore(const struct diffmm__best *best, diffmm_model *model);

#endif
