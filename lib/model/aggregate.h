/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_AGGREGATE_H
#define DIFFMM_MODEL_AGGREGATE_H

#include "model/model.h"

/* The main view, from every Xn_m into model->final; and, from the workspace's grad_final, gradients
 * added to the embeddings' and every grad_normalized, and written to the logits'; grad_final is used
 * up. */
void diffmm__aggregate(diffmm_model *model);
void diffmm__aggregate_backward(diffmm_model *model);

#endif
