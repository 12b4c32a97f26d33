/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_AGGREGATE_H
#define DIFFMM_MODEL_AGGREGATE_H

#include "losses/share.h"
#include "model/model.h"

/* The main view, from every Xn_m into model->final; and, from the workspace's grad_final, gradients
 * added to the embeddings' (of this peer's users and all items) and every grad_normalized, and written
 * to the logits'; grad_final is used up. */
diffmm_status diffmm__aggregate(diffmm_model *model, const struct diffmm__share *share);
diffmm_status diffmm__aggregate_backward(diffmm_model *model, const struct diffmm__share *share);

#endif
