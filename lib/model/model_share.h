/* SPDX-License-Identifier: BSD-2-Clause */
/* How the users of a model are cut among the peers of its training. */
#ifndef DIFFMM_MODEL_MODEL_SHARE_H
#define DIFFMM_MODEL_MODEL_SHARE_H

#include "losses/share.h"
#include "model/model.h"

struct diffmm__share diffmm__model_share_alone(const diffmm_model *model);

/* What decides how users are cut: nothing that an epoch changes, since a peer may keep its users' rows
 * alone. */
struct diffmm__users_work {
    const struct diffmm__csr *train;
    size_t observed, generated; /* graphs of the observed items; generated entries of a user */
};
struct diffmm__users_work diffmm__model_share_work(const struct diffmm__csr *train,
                                                   const struct diffmm__settings *settings,
                                                   size_t modalities);

/* The first user of peer `rank` of `size`; that of peer `size` is the number of users. */
size_t diffmm__model_share_first(const struct diffmm__users_work *work, size_t size, size_t rank);

/* Contiguous users for each peer, with about as many entries in all of the model's graphs. Alone with
 * peers of size 1. */
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
