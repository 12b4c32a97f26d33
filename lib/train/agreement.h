/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether peers have the same: before they train together all that the training depends on, and after
 * each epoch their parameters and final embeddings. */
#ifndef DIFFMM_TRAIN_AGREEMENT_H
#define DIFFMM_TRAIN_AGREEMENT_H

#include "train/trainer.h"

enum { DIFFMM__DIFFERENCE = 512 };

/* Peers tell each other what they have. `difference` becomes "", or the sentence that says what the
 * first peer has that differs from what peer 0 has, and is the same at every peer. */
diffmm_status diffmm__agreement_reach(const diffmm_trainer *trainer,
                                      const struct diffmm__peers *peers,
                                      char difference[DIFFMM__DIFFERENCE]);

/* After epoch trainer->epoch + 1: DIFFMM_ERROR_PEER where these differ. All peers find it alike, so
 * that nobody has to be told, and the trainer is without peers then. */
diffmm_status diffmm__agreement_check(diffmm_trainer *trainer);

#endif
