/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_OBJECTIVE_H
#define DIFFMM_MODEL_OBJECTIVE_H

#include "losses/share.h"
#include "model/model.h"

/* diffmm_model_objective() for a caller that has the model to itself, and may share the work. */
diffmm_status diffmm__model_objective(diffmm_model *model, const struct diffmm__share *share,
                                      size_t count, const int32_t *user, const int32_t *positive,
                                      const int32_t *negative, diffmm_losses *losses);

#endif
