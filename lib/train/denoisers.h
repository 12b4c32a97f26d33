/* SPDX-License-Identifier: BSD-2-Clause */
/* Phase 1 of an epoch: every modality's denoiser is trained over all users, once or several times. */
#ifndef DIFFMM_TRAIN_DENOISERS_H
#define DIFFMM_TRAIN_DENOISERS_H

#include "base/memory.h"
#include "model/model.h"
#include "module/module_workspace.h"
#include "peers/peers.h"
#include "train/plan/epoch_plan.h"
#include "train/progress.h"

struct diffmm__denoisers {
    struct diffmm__module_workspace workspace; /* of every modality's module in turn */
    struct diffmm__arena arena;
    int32_t *user_order; /* users, shuffled */
};

/* Memory for the phase; all zero holds nothing. */
diffmm_status diffmm__denoisers_begin(const diffmm_model *model, const struct diffmm__plan *plan,
                                      struct diffmm__denoisers *out);
/* What diffmm__denoisers_begin() allocates. */
size_t diffmm__denoisers_bytes(const struct diffmm__plan *plan, size_t threads);
void diffmm__denoisers_end(struct diffmm__denoisers *denoisers);

/* Trains the denoisers in epoch `epoch`, in as many passes as it has: each peer trains those of some
 * modalities, and receives the others. `loss` receives each modality's mean over its batches. */
diffmm_status diffmm__denoisers_train(struct diffmm__denoisers *denoisers, diffmm_model *model,
                                      size_t epoch, const struct diffmm__peers *peers,
                                      struct diffmm__progress *progress, double *loss);

/* The peer of `size` that trains a modality's denoiser, and where the model is divided alone has its moments. */
size_t diffmm__denoisers_owner(size_t size, size_t m);

/* How many modalities peer `rank` of `size` trains. None has more than peer 0. */
size_t diffmm__denoisers_owned(size_t rank, size_t size, size_t modalities);

#endif
