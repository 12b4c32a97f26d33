/* SPDX-License-Identifier: BSD-2-Clause */
/* The bases of a model's spectral denoisers, from the training matrix and each modality's
 * features. */
#ifndef DIFFMM_TRAIN_BASES_H
#define DIFFMM_TRAIN_BASES_H

#include "model/model.h"
#include "train/plan/epoch_plan.h"

/* Computes the basis of every modality's denoiser, where these are spectral. */
diffmm_status diffmm__bases_compute(diffmm_model *model);

/* What that takes beside the model. */
size_t diffmm__bases_bytes(const struct diffmm__plan *plan);

#endif
