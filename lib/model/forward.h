/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_FORWARD_H
#define DIFFMM_MODEL_FORWARD_H

#include "model/model.h"

/* diffmm_model_forward() for a caller that has the model to itself. */
diffmm_status diffmm__model_forward(diffmm_model *model);

#endif
