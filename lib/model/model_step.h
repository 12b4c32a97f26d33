/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DIFFMM_MODEL_MODEL_STEP_H
#define DIFFMM_MODEL_MODEL_STEP_H

#include "losses/share.h"
#include "model/model.h"

/* diffmm_model_step(), at a learning rate of the caller's, who has the model to itself. Each peer changes
 * the embeddings of its users, of which alone it then has embeddings, gradients and moments. An epoch
 * that ends early leaves it so. */
void diffmm__model_step(diffmm_model *model, const struct diffmm__share *share,
                        double learning_rate);

/* The users' embeddings and their moments, of which each peer has those of its users, to all. */
diffmm_status diffmm__model_step_gather(diffmm_model *model, const struct diffmm__share *share);

#endif
