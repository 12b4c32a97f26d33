/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_MODALITY_WEIGHTS_H
#define DIFFMM_MODEL_MODALITY_WEIGHTS_H

#include "model/model.h"

/* weights = softmax(logits), at least one; they may be the same array. */
void diffmm__softmax(size_t count, const float *logits, float *weights);

/* The gradient of the logits from the weights and their gradient. */
void diffmm__softmax_backward(size_t count, const float *weights, const double *grad_weights,
                              float *grad_logits);

/* softmax(modality_logits). */
void diffmm__modality_weights(const diffmm_model *model, float *weights);

#endif
