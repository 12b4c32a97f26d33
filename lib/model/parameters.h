/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_PARAMETERS_H
#define DIFFMM_MODEL_PARAMETERS_H

#include "model/model.h"

/* Which parameter stands where, and how large, from the modalities, whose names, dimensions and
 * projections must be set. Allocates values and, where `training`, gradients and moments. What a
 * failure leaves behind, diffmm__parameters_destroy releases. */
diffmm_status diffmm__parameters_create(diffmm_model *model, bool training);
void diffmm__parameters_initialize(diffmm_model *model);
void diffmm__parameters_destroy(diffmm_model *model);

/* Names of the denoisers' tensors, once every modality has its module. */
diffmm_status diffmm__denoiser_names_create(diffmm_model *model);
void diffmm__denoiser_names_destroy(diffmm_model *model);

#endif
