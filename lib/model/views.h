/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_VIEWS_H
#define DIFFMM_MODEL_VIEWS_H

#include "losses/share.h"
#include "model/model.h"

/* The contrastive view of each modality, from Xn_m into the workspace: the rows that this peer has. And,
 * from each grad_view, gradients added to its users' embeddings' and written to every grad_normalized. */
diffmm_status diffmm__views(diffmm_model *model, const struct diffmm__share *share);
diffmm_status diffmm__views_backward(diffmm_model *model, const struct diffmm__share *share);

#endif
