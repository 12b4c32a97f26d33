/* SPDX-License-Identifier: BSD-2-Clause */
/* How a trainer comes to have peers, and leaves them. */
#ifndef DIFFMM_TRAIN_JOIN_H
#define DIFFMM_TRAIN_JOIN_H

#include "train/trainer.h"

/* A call ends early with `status`: tells the host of it, if the trainer has peers, and goes on without
 * them. The error text stays. */
void diffmm__join_leave(diffmm_trainer *trainer, diffmm_status status);

/* The parts of diffmm_trainer_join(): reads the host's struct; and gives the trainer these peers, with whom
 * it agrees, and its part of a model that is divided, unless it has that already. */
diffmm_status diffmm__join_read(const diffmm_peers *given, diffmm_peers *out);
diffmm_status diffmm__join_agree(diffmm_trainer *trainer, const diffmm_peers *host);

/* Tells a host whose peers no trainer has. The error text stays. */
void diffmm__join_abandon(const diffmm_peers *host, diffmm_status status);

#endif
