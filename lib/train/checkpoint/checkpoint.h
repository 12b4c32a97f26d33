/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_CHECKPOINT_CHECKPOINT_H
#define DIFFMM_TRAIN_CHECKPOINT_CHECKPOINT_H

#include "files/safetensors_write.h"
#include "train/checkpoint/state.h"

/* DIFFMM_ERROR_STATE within an epoch. */
diffmm_status diffmm__checkpoint_check(const diffmm_trainer *trainer);

/* Writes a checkpoint of the state. `divided`, unless NULL, gives those arrays that peers have parts of,
 * in the state's order. */
diffmm_status diffmm__checkpoint_write(const diffmm_trainer *trainer,
                                       const struct diffmm__state *state,
                                       const struct diffmm__byte_source *divided,
                                       const struct diffmm__target *target);

#endif
