/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_PROJECT_H
#define DIFFMM_MODEL_PROJECT_H

#include "losses/share.h"
#include "model/model.h"

/* X_m and Xn_m of every modality, into the workspace; DIFFMM_ERROR_NUMERIC where they are out of
 * range. And the gradients of the projections, from every grad_normalized. */
diffmm_status diffmm__project(diffmm_model *model, const struct diffmm__share *share);
diffmm_status diffmm__project_backward(diffmm_model *model, const struct diffmm__share *share);

#endif
