/* SPDX-License-Identifier: BSD-2-Clause */
/* How the users of a model are cut among the peers of its training. */
#ifndef DIFFMM_MODEL_MODEL_SHARE_H
#define DIFFMM_MODEL_MODEL_SHARE_H

#include "losses/share.h"
#include "model/model.h"

struct diffmm__share diffmm__model_share_alone(const diffmm_model *model);

/* Contiguous users for each peer, with about as many entries in all of the model's graphs; to be taken
 * anew where these change. Alone with peers of size 1. */
struct diffmm__share diffmm__model_share_among(const diffmm_model *model,
                                               const struct diffmm__peers *peers);

/* The same where peers share batches (the option `peers.batches`); alone where they do not. */
struct diffmm__share diffmm__model_share_batches(const diffmm_model *model,
                                                 const struct diffmm__peers *peers);

/* The rows of a parameter that a peer changes: of the users' embeddings, its users'; of any other, all. */
struct diffmm__part diffmm__model_share_parameter(const diffmm_model *model,
                                                  const struct diffmm__share *share,
                                                  const struct diffmm__parameter *parameter);

#endif
