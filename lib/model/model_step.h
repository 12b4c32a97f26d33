/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_MODEL_STEP_H
#define DIFFMM_MODEL_MODEL_STEP_H

#include "model/model.h"

/* diffmm_model_step(), at a learning rate of the caller's, who has the model to itself. */
diffmm_status diffmm__model_step(diffmm_model *model, double learning_rate);

#endif
