/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 3 of an epoch: the recommender is trained on all training pairs. */
#ifndef DIFFMM_TRAIN_RECOMMENDER_H
#define DIFFMM_TRAIN_RECOMMENDER_H

#include "model/model.h"
#include "peers/peers.h"
#include "train/averaging.h"
#include "train/progress.h"
#include "train/report.h"
#include "train/sampler.h"

struct diffmm__recommender {
    struct diffmm__pairs pairs;
    struct diffmm__averaging averaging;
    double
        term_flops; /* FLOPs that the objective's terms counted in the last epoch; 0: not known */
};

/* One pass over all pairs, shuffled, with new negatives. The report receives the terms' means over
 * the batches, and their total's. With the setting `peers.batches` every batch is shared with the
 * peers (losses/share.h). */
diffmm_status diffmm__recommender_train(struct diffmm__recommender *recommender,
                                        diffmm_model *model, size_t epoch,
                                        const struct diffmm__peers *peers,
                                        struct diffmm__progress *progress,
                                        struct diffmm__report *report);

#endif
