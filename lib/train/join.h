/* SPDX-License-Identifier: BSD-2-Clause */
/* How a trainer comes to have peers, and leaves them. */
#ifndef DIFFMM_TRAIN_JOIN_H
#define DIFFMM_TRAIN_JOIN_H

#include "train/trainer.h"

/* A call ends early with `status`: tells the host of it, if the trainer has peers, and goes on without
 * them. The error text stays. */
void diffmm__join_leave(diffmm_trainer *trainer, diffmm_status status);

#endif
