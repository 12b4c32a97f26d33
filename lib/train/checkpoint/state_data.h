/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_TRAIN_CHECKPOINT_STATE_DATA_H
#define DIFFMM_TRAIN_CHECKPOINT_STATE_DATA_H

#include "files/description.h"
#include "files/safetensors.h"
#include "train/trainer.h"

/* The hash of a modality's features. */
uint64_t diffmm__state_features_hash(const diffmm_model *model, size_t m);

/* "data": the data set's fingerprint. */
diffmm_status diffmm__state_describe_data(const diffmm_trainer *trainer,
                                          struct diffmm__description *description);

/* Whether a sealed data set's counts and interactions are those of the file; the modalities that
 * the options use; and, once a trainer has them, their features. DIFFMM_ERROR_INVALID_ARGUMENT says
 * what differs. */
diffmm_status diffmm__state_check_data(const diffmm_dataset *dataset,
                                       const struct diffmm__safetensors *file);
diffmm_status diffmm__state_check_modalities(const diffmm_dataset *dataset,
                                             const diffmm_options *options,
                                             const struct diffmm__safetensors *file);
diffmm_status diffmm__state_check_features(const diffmm_trainer *trainer,
                                           const struct diffmm__safetensors *file);

#endif
