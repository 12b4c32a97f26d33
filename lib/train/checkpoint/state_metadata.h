/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_CHECKPOINT_STATE_METADATA_H
#define DIFFMM_TRAIN_CHECKPOINT_STATE_METADATA_H

#include "files/description.h"
#include "files/safetensors.h"
#include "train/trainer.h"

/* What is not an array, as metadata: "training" (optimiser steps, the last report's figures),
 * "last" and "best" (epochs with their metrics); and back, into a new trainer: all but the best
 * epoch's arrays. */
diffmm_status diffmm__state_describe(const diffmm_trainer *trainer,
                                     struct diffmm__description *description);
diffmm_status diffmm__state_read(diffmm_trainer *trainer, const struct diffmm__safetensors *file);

#endif
