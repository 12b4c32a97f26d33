/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_MODEL_STEP_H
#define DIFFMM_MODEL_MODEL_STEP_H

#include "model/model.h"
#include "model/share.h"

/* diffmm_model_step(), at a learning rate of the caller's, who has the model to itself. Each peer changes
 * the embeddings of its nodes, of which alone it then has the moments, and receives the others. An epoch that
 * ends early leaves the moments so. */
diffmm_status diffmm__model_step(diffmm_model *model, const struct diffmm__share *share,
                                 double learning_rate);

/* The gradient of the embeddings and their moments, of which each peer has those of its nodes, to all. */
diffmm_status diffmm__model_step_gather(diffmm_model *model, const struct diffmm__share *share);

#endif
