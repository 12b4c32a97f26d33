/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_EPOCH_H
#define DIFFMM_TRAIN_EPOCH_H

#include "train/trainer.h"

/* One phase of the present epoch (trainer->epoch + 1) each, in this order. They write their parts
 * of trainer->report and tell the host of every step. */
diffmm_status diffmm__epoch_denoise(diffmm_trainer *trainer);
diffmm_status diffmm__epoch_generate(diffmm_trainer *trainer);
diffmm_status diffmm__epoch_recommend(diffmm_trainer *trainer);
diffmm_status diffmm__epoch_evaluate(diffmm_trainer *trainer);

#endif
