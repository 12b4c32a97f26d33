/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_VIEWS_H
#define DIFFMM_MODEL_VIEWS_H

#include "losses/share.h"
#include "model/model.h"

/* The contrastive view of each modality, from Xn_m into the workspace: all rows of it, or those of this
 * peer's nodes alone. And, from each grad_view, gradients added to the user embedding's and written to
 * every grad_normalized, of this peer's nodes. */
diffmm_status diffmm__views(diffmm_model *model, const struct diffmm__share *share);
diffmm_status diffmm__views_backward(diffmm_model *model, const struct diffmm__share *share);

#endif
