/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_FORWARD_H
#define DIFFMM_MODEL_FORWARD_H

#include "losses/share.h"
#include "model/model.h"

/* diffmm_model_forward() for a caller that has the model to itself; and one that shares it with peers, of
 * which each receives all rows. */
diffmm_status diffmm__model_forward(diffmm_model *model);
diffmm_status diffmm__model_forward_shared(diffmm_model *model, const struct diffmm__share *share);

#endif
