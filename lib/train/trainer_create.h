/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_TRAINER_CREATE_H
#define DIFFMM_TRAIN_TRAINER_CREATE_H

#include "train/trainer.h"

/* diffmm_trainer_create() for a data set of which nothing is to be held out, so that this is no
 * reason for a warning. */
diffmm_status diffmm__trainer_create_whole(diffmm_dataset *dataset, const diffmm_options *options,
                                           diffmm_trainer **out);

/* A trainer that is to be filled from a checkpoint: its denoisers' bases are not computed. */
diffmm_status diffmm__trainer_create_empty(diffmm_dataset *dataset, const diffmm_options *options,
                                           diffmm_trainer **out);

#endif
