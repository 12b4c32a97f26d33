/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_TRAINER_H
#define DIFFMM_TRAIN_TRAINER_H

#include <diffmm/trainer.h>

#include "base/handle.h"
#include "evaluation/evaluation.h"
#include "model/model.h"
#include "peers/peers.h"
#include "train/best.h"
#include "train/denoisers.h"
#include "train/diffusion_measures.h"
#include "train/graphs.h"
#include "train/plan/epoch_plan.h"
#include "train/progress.h"
#include "train/recommender.h"
#include "train/report.h"

struct diffmm_trainer {
    struct diffmm__handle handle;
    diffmm_context *context;
    diffmm_model *model;
    diffmm_dataset *dataset;
    struct diffmm__plan plan;
    bool inherited; /* from another model, when it was created */
    size_t epoch;   /* epochs done */
    bool stopped;   /* early */
    bool within;    /* an epoch is running, so that parameters are of no epoch */
    struct diffmm__progress progress;
    struct diffmm__peers peers; /* who share the training */
    bool lends_peers;           /* to the trainer of its final fit, which is running */

    /* The phases, in their order. */
    struct diffmm__denoisers denoisers;
    struct diffmm__graphs graphs;
    struct diffmm__diffusion_measures measures;
    struct diffmm__recommender recommender;
    struct diffmm__evaluation *evaluation;

    struct diffmm__best best;
    struct diffmm__report report; /* of the running epoch */
    struct diffmm__report last;   /* of the last epoch that came to its end */
};

/* Whether there is no further epoch: all are done, or training has stopped early. */
bool diffmm__trainer_finished(const diffmm_trainer *trainer);

/* DIFFMM_ERROR_STATE where its model is divided, and the peers who have the other rows are gone. */
diffmm_status diffmm__trainer_check_peers(const diffmm_trainer *trainer);

/* Epoch trainer->epoch has come to its end, with what the phases wrote and the best so far:
 * completes the report and keeps it. */
void diffmm__trainer_completed(diffmm_trainer *trainer);

#endif
